// The script that starts the program: nothing of the program is lost by it. What the program does
// when it is started directly is the measure.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { platform, shim, version, World } from './world.mjs';

const world = new World();
const limit = { timeout: 60_000 };
const janee = world.path('with', 'node_modules', '.bin', 'janee');
const program = world.path('with', 'node_modules', platform, 'bin', 'janee');
const serve = ['serve', '--transport', 'http', '--port', '0'];
const missing = new RegExp(`^janee: ${platform}@${version} is missing.*\nhint: npm install .*\n$`);
const ping = (id) => `${JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })}\n`;

before(async () => {
  await world.start();
  await world.must('npm', ['install', shim], { cwd: world.project('with') });
  await world.must('npm', ['install', '--omit=optional', shim], { cwd: world.project('without') });
  await world.must(janee, ['init']);
  const add = ['add', 'bank', '-u', 'http://127.0.0.1:9', '--auth-type', 'bearer', '-k', '-'];
  await world.must(janee, add, { input: 'token_of_the_test' });
  await world.must(janee, ['cap', 'edit', 'bank', '--allow', 'GET *']);
}, limit);
after(() => world.stop(), limit);

/** The process of the program that the shim started. */
async function programOf(pid) {
  for (; ; await sleep(20)) {
    const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
    const pairs = list.trim().split('\n').map((line) => line.trim().split(/ +/).map(Number));
    const found = pairs.find(([, parent]) => parent === pid);
    if (found) return found[0];
  }
}

test('exit codes are those of the program', limit, async () => {
  for (const [code, ...args] of [
    [0, 'policy', 'check', 'bank', 'GET', '/'],
    [1, 'cap', 'edit', 'nowhere', '--allow', 'GET *'],
    [2, 'no-such-command'],
    [3, 'policy', 'check', 'bank', 'POST', '/'],
  ]) {
    const direct = await world.run(program, args);
    assert.equal(direct.code, code, args.join(' '));
    assert.deepEqual(await world.run(janee, args), direct, args.join(' '));
  }
});

test('arguments and bytes pass as they are', limit, async () => {
  const odd = ['policy', 'check', 'a b', '', '*', "'\"$HOME`\\\n", 'ü\u{1f511}'];
  assert.deepEqual(await world.run(janee, odd), await world.run(program, odd));
  const long = 'x'.repeat(300_000); // more than a pipe holds
  const input = Buffer.concat([
    Buffer.from([0, 255, 254, 13, 10, 26, 4, 10]),
    ...['\r', '\u{1f511}', '\0', '\u2028', long].map((id) => Buffer.from(ping(id))),
  ]);
  // replies come in the order in which they are ready
  const replies = async (file) => {
    const { stdout } = await world.run(file, ['serve'], { input });
    return stdout.split('\n').sort();
  };
  const direct = await replies(program);
  assert.ok(direct.some((line) => line.includes(long)));
  assert.ok(direct.join('\n') === (await replies(janee)).join('\n'));
});

/** How a server over HTTP ends when it is told to. */
async function ending(file, tell) {
  const server = world.spawn(file, serve);
  await server.says(/127\.0\.0\.1:\d+/);
  tell(server.pid);
  const { code, signal } = await server.ended;
  return { code, signal };
}

test('SIGTERM and SIGINT reach the program, and its exit code comes back', limit, async () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const tell = (pid) => process.kill(pid, signal);
    const direct = await ending(program, tell);
    assert.equal(direct.signal, null);
    assert.deepEqual(await ending(janee, tell), direct, signal);
  }
});

test('Ctrl-C, which a terminal sends to both, ends it once and cleanly', limit, async () => {
  const tell = (pid) => process.kill(-pid, 'SIGINT');
  const direct = await ending(program, tell);
  for (let i = 0; i < 20; i++) assert.deepEqual(await ending(janee, tell), direct);
});

test('SIGHUP is left to the program: a server goes on, another command ends', limit, async () => {
  const server = world.spawn(janee, serve);
  await server.says(/127\.0\.0\.1:\d+/);
  server.kill('SIGHUP');
  await sleep(200);
  server.kill('SIGTERM');
  assert.equal((await server.ended).signal, null);
  const logs = world.spawn(janee, ['logs', '--follow']);
  await programOf(logs.pid);
  logs.kill('SIGHUP');
  assert.equal((await logs.ended).signal, 'SIGHUP');
});

test('a program that is killed by a signal: the shim ends by the same', limit, async () => {
  for (const signal of ['SIGKILL', 'SIGQUIT']) {
    const server = world.spawn(janee, serve);
    await server.says(/127\.0\.0\.1:\d+/);
    process.kill(await programOf(server.pid), signal);
    const ended = await server.ended;
    const direct = await ending(program, (pid) => process.kill(pid, signal));
    assert.deepEqual({ code: ended.code, signal: ended.signal }, direct, signal);
  }
});

test('a reader that closes early: the exit code of SIGPIPE, as in a shell', limit, async () => {
  const child = world.spawn(janee, ['completion', 'bash']);
  child.stdout.destroy();
  const { code, stderr } = await child.ended;
  assert.deepEqual([code, stderr], [128 + 13, '']);
});

test('a shim that is killed leaves no server behind when the client closes', limit, async () => {
  const client = world.spawn(janee, ['serve']);
  client.stdin.write(ping(1));
  await client.says(/"id":1/);
  const pid = await programOf(client.pid);
  client.kill('SIGKILL');
  await sleep(200);
  process.kill(pid, 0); // it is there as long as the client is
  client.stdin.end();
  assert.equal((await client.ended).signal, 'SIGKILL'); // and nobody holds its output any more
});

test('optional dependencies were left out: what is missing, and how to get it', limit, async () => {
  const args = [world.path('without', 'node_modules', '.bin', 'janee'), ['--version']];
  const { code, stdout, stderr } = await world.run(...args);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, missing);
  const cwd = world.path('without');
  const again = /hint: npm (.*@\S+),/.exec(stderr)[1];
  await world.must('npm', again.split(' '), { cwd });
  assert.equal((await world.run(...args)).code, 0);
});

test('a program of another version is not started', limit, async () => {
  const cwd = world.project('old');
  await world.must('npm', ['install', '--omit=optional', shim], { cwd });
  const old = world.path('old', 'node_modules', platform);
  mkdirSync(old);
  cpSync(world.path('with', 'node_modules', platform, 'bin'), `${old}/bin`, { recursive: true });
  const start = (named) => {
    writeFileSync(`${old}/package.json`, JSON.stringify({ name: platform, version: named }));
    return world.run(world.path('old', 'node_modules', '.bin', 'janee'), ['--version']);
  };
  assert.equal((await start(version)).code, 0);
  const { code, stdout, stderr } = await start('0.0.1');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, missing);
});

test('an unknown platform: what there is, and how to build', limit, async () => {
  const fake = world.path('fake.cjs');
  writeFileSync(fake, 'Object.defineProperty(process, "arch", { value: "mips" })');
  const env = { ...world.env, NODE_OPTIONS: `--require=${fake}` };
  const { code, stdout, stderr } = await world.run(janee, ['--version'], { env });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^janee: .* has no program for \w+-mips, only for .*linux-x64/);
  assert.match(stderr, /\nhint: .*go install/);
});

test('a program that cannot be started: which, and why', limit, async () => {
  const cwd = world.project('broken');
  await world.must('npm', ['install', shim], { cwd });
  chmodSync(world.path('broken', 'node_modules', platform, 'bin', 'janee'), 0o644);
  const { code, stderr } = await world.run('npm', ['exec', 'janee'], { cwd });
  assert.equal(code, 1);
  assert.match(stderr, /^janee: cannot start .*\/bin\/janee: .*\n/);
});
