// What the packages consist of, and that npm would pack the same.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { entries, manifest } from './tarball.mjs';
import { shim, tarballs, version } from './world.mjs';

const platforms = ['darwin', 'linux', 'win32'].flatMap((os) => [`${os}-arm64`, `${os}-x64`]);
const packages = tarballs.map((file) => ({ file, ...manifest(file), entries: entries(file) }));
const named = (name) => packages.find((p) => p.name === name);
const inside = (e) => e.name.slice('package/'.length);
const modes = (p) => p.entries.map((e) => `${e.mode.toString(8)} ${inside(e)}`);

test('each package is of this version, free, and public', () => {
  assert.ok(packages.length >= 3);
  for (const p of packages) {
    assert.equal(p.version, version, p.file);
    assert.equal(p.license, 'MIT');
    assert.equal(p.repository.url, 'git+https://github.com/true-and-useful/janee.git');
    assert.deepEqual(p.publishConfig, { access: 'public' });
    assert.ok(p.entries.every((e) => e.type === '0' && e.name.startsWith('package/')));
  }
});

test('the shim: four files, no script, one dependency for each platform', () => {
  const p = named(shim);
  assert.deepEqual(modes(p), ['644 package.json', '644 README.md', '755 janee.js', '644 LICENSE']);
  assert.equal(p.scripts, undefined);
  assert.equal(p.dependencies, undefined);
  assert.equal(p.mcpName, 'io.github.true-and-useful/janee');
  const wanted = platforms.map((name) => [`${shim}-${name}`, version]);
  assert.deepEqual(Object.entries(p.optionalDependencies), wanted);
  const readme = p.entries.find((e) => e.name.endsWith('README.md')).data.toString();
  assert.ok(readme.includes(`npx -y ${shim}@${version} serve`));
});

test('a platform: the program, for one system and processor', () => {
  const built = packages.filter((p) => platforms.includes(p.name.slice(shim.length + 1)));
  assert.ok(built.length > 0);
  for (const p of built) {
    const [os, cpu] = p.name.slice(shim.length + 1).split('-');
    assert.deepEqual([p.os, p.cpu, p.scripts], [[os], [cpu], undefined]);
    const program = os === 'win32' ? 'janee.exe' : 'janee';
    const files = ['644 package.json', '644 THIRD_PARTY_NOTICES', `755 bin/${program}`];
    assert.deepEqual(modes(p), [...files, '644 LICENSE']);
  }
});

test('the OpenClaw plugin: what its manifest names, and no dependency', () => {
  const p = named(`${shim}-openclaw`);
  assert.equal(p.dependencies, undefined);
  const files = modes(p).map((line) => line.replace('644 ', ''));
  const own = /^(dist\/\w+\.js|dist\/janee\.wasm|skills\/janee\/SKILL\.md|package\.json)$/;
  assert.deepEqual(
    files.filter((name) => !own.test(name)).sort(),
    ['LICENSE', 'README.md', 'THIRD_PARTY_NOTICES', 'openclaw.plugin.json'],
  );
  assert.ok(files.includes(p.openclaw.extensions[0].replace('./', '')));
  const text = (name) => p.entries.find((e) => e.name === `package/${name}`).data.toString();
  assert.equal(JSON.parse(text('openclaw.plugin.json')).version, version);
  assert.ok(text('dist/generated.js').includes(`version = "${version}"`));
});

test('npm pack takes the same files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'janee-pack-'));
  try {
    for (const p of packages) {
      const root = join(dir, p.name);
      for (const e of p.entries) {
        const name = join(root, inside(e));
        mkdirSync(dirname(name), { recursive: true });
        writeFileSync(name, e.data, { mode: e.mode });
      }
      const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
      const list = execFileSync('npm', args, { cwd: root, stdio: 'pipe' });
      const [{ files }] = [JSON.parse(list)].flat();
      const packed = files.map((f) => `${(f.mode & 0o777).toString(8)} ${f.path}`);
      assert.deepEqual(packed.sort(), modes(p).sort(), p.name);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});
