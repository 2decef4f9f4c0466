// The bundles for Claude Desktop, by the tool of their format: it accepts the manifests, and what
// it unpacks is the program that they describe.
import assert from 'node:assert/strict';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dist, version, World } from './world.mjs';

const world = new World();
const mcpb = fileURLToPath(new URL('node_modules/.bin/mcpb', import.meta.url));
const limit = { timeout: 60_000 };
const has = (...platforms) =>
  platforms.every((name) => existsSync(join(dist, `janee_${version}_${name}`)));
const wanted = [
  has('darwin_amd64', 'darwin_arm64') && { name: 'darwin_universal', system: 'darwin' },
  has('linux_amd64') && { name: 'linux_amd64', system: 'linux', runs: 'linux-x64' },
  has('windows_amd64') && { name: 'windows_amd64', system: 'win32', runs: 'win32-x64' },
].filter(Boolean);

before(() => world.start(), limit);
after(() => world.stop(), limit);

test('each system whose programs are built has a bundle', () => {
  const bundles = readdirSync(dist).filter((name) => name.endsWith('.mcpb'));
  assert.deepEqual(bundles, wanted.map(({ name }) => `janee_${version}_${name}.mcpb`));
});

for (const { name, system, runs } of wanted)
  test(`mcpb accepts ${name}`, limit, async () => {
    const dir = world.path(name), file = join(dir, 'manifest.json');
    await world.must(mcpb, ['unpack', join(dist, `janee_${version}_${name}.mcpb`), dir]);
    await world.must(mcpb, ['validate', file]);
    const manifest = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(manifest.version, version);
    assert.deepEqual(manifest.compatibility.platforms, [system]);
    const { command, args } = manifest.server.mcp_config;
    const program = command.replace('${__dirname}', dir);
    assert.equal(program, join(dir, manifest.server.entry_point));
    accessSync(program, constants.X_OK);
    for (const licence of ['LICENSE', 'THIRD_PARTY_NOTICES']) accessSync(join(dir, licence));
    if (runs !== `${process.platform}-${process.arch}`) return;
    const listed = await toolsOf(program, args);
    assert.deepEqual(manifest.tools.map((tool) => tool.name).sort(), listed.sort());
  });

/** The names of the tools that the server offers. */
async function toolsOf(program, args) {
  const server = world.spawn(program, args);
  server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })}\n`);
  await server.says(/"id":1/);
  server.stdin.end();
  const { stdout } = await server.ended;
  return JSON.parse(stdout.trim()).result.tools.map((tool) => tool.name);
}
