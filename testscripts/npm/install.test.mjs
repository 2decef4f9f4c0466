// Every way to install: npx, npm globally, without scripts, pnpm. Each starts the program.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { shim, version, World } from './world.mjs';

const world = new World();
const pnpm = fileURLToPath(new URL('node_modules/.bin/pnpm', import.meta.url));
const limit = { timeout: 60_000 };
const requests = [
  {
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'npx', version: '1' },
    },
  },
  { method: 'notifications/initialized' },
  { id: 2, method: 'tools/list' },
];

before(() => world.start(), limit);
after(() => world.stop(), limit);

test('the machine has neither Go nor Janee', async () => {
  for (const name of ['go', 'janee']) await assert.rejects(world.run(name, []), /ENOENT/);
});

test('npx -y: serve answers a client, and ends when the client closes', limit, async () => {
  await world.must('npx', ['-y', `${shim}@${version}`, 'init']);
  const input = requests.map((r) => `${JSON.stringify({ jsonrpc: '2.0', ...r })}\n`).join('');
  const client = world.spawn('npx', ['-y', `${shim}@${version}`, 'serve']);
  client.stdin.write(input);
  await client.says(/"id":2/);
  client.stdin.end();
  const { code, stdout } = await client.ended;
  const [initialized, listed] = stdout.trim().split('\n').map(JSON.parse);
  assert.equal(initialized.result.serverInfo.version, version);
  assert.ok(listed.result.tools.some((tool) => tool.name === 'execute'));
  assert.equal(code, 0);
});

test('npm install -g: the program says its version, and the demo works', limit, async () => {
  const prefix = world.path('global');
  await world.must('npm', ['install', '-g', '--prefix', prefix, shim]);
  const janee = world.path('global', 'bin', 'janee');
  const asked = world.registry.asked.length;
  assert.match(await world.must(janee, ['--version']), new RegExp(version.replaceAll('.', '\\.')));
  await world.must(janee, ['demo']);
  assert.equal(world.registry.asked.length, asked, 'what is installed asks for nothing more');
  await world.must('npm', ['uninstall', '-g', '--prefix', prefix, shim]);
  assert.ok(!existsSync(janee));
});

test('npm install --ignore-scripts', limit, async () => {
  const cwd = world.project('no_scripts');
  await world.must('npm', ['install', '--ignore-scripts', shim], { cwd });
  const said = await world.must('npm', ['exec', 'janee', '--', '--version'], { cwd });
  assert.ok(said.includes(version));
});

test('pnpm add', limit, async () => {
  const cwd = world.project('pnpm');
  await world.must(pnpm, ['add', `${shim}@${version}`], { cwd });
  assert.ok((await world.must(pnpm, ['exec', 'janee', '--version'], { cwd })).includes(version));
});
