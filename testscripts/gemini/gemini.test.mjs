// What reaches the model of the real Gemini CLI (`make test-gemini`): refusals above all, which it
// lost where their first text was JSON. The API, the model and the home are of this test. JANEE
// names the binary.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Model } from './model.mjs';

const janee = process.env.JANEE ?? new URL('../../bin/janee', import.meta.url).pathname;
const gemini = new URL('node_modules/@google/gemini-cli/bundle/gemini.js', import.meta.url)
  .pathname;
const key = 'gemini_test_key_2b7e151628aed2a6';
const dir = mkdtempSync(join(tmpdir(), 'janee-gemini-'));
const paths = { JANEE_HOME: join(dir, 'home'), JANEE_KEY_FILE: join(dir, 'root.key') };
const model = new Model();
let api, base;

const run = (args, input = '') =>
  execFileSync(janee, args, {
    env: { PATH: process.env.PATH, HOME: dir, ...paths },
    input,
    stdio: 'pipe',
  });

// turn has the model make the calls, and returns what it was given for each, as text.
async function turn(calls, home = paths.JANEE_HOME) {
  const server = { command: janee, args: ['serve'], env: { ...paths, JANEE_HOME: home } };
  mkdirSync(join(dir, '.gemini'), { recursive: true });
  writeFileSync(join(dir, '.gemini', 'settings.json'), JSON.stringify({
    security: { auth: { selectedType: 'gemini-api-key' } },
    general: { enableAutoUpdate: false },
    privacy: { usageStatisticsEnabled: false },
    mcpServers: { janee: server },
  }));
  model.calls = calls.map(([name, args]) => ({ name: `mcp_janee_${name}`, args }));
  model.answers = [];
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
    GOOGLE_GEMINI_BASE_URL: base,
    GEMINI_API_KEY: 'none',
  };
  const child = spawn(
    process.execPath,
    [gemini, '--yolo', '--model', 'gemini-2.5-pro', '--prompt', 'go'],
    { env, cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const out of [child.stdout, child.stderr]) out.on('data', (part) => { said += part; });
  const code = await new Promise((done) => child.once('exit', done));
  assert.equal(code, 0, said);
  assert.equal(model.answers.length, calls.length, said);
  return model.answers.map((a) => JSON.stringify(a));
}

before(async () => {
  base = await model.start();
  api = createServer((req, res) => { res.end(`you said ${req.headers.authorization}`); });
  await new Promise((done) => api.listen(0, '127.0.0.1', done));
  run(['init']);
  run(
    [
      'add',
      'bank',
      '-u',
      `http://127.0.0.1:${api.address().port}`,
      '--auth-type',
      'bearer',
      '-k',
      '-',
      '--no-capability',
    ],
    key,
  );
  run(['cap', 'add', 'bank', '-s', 'bank', '--allow', 'GET *']);
  run(['cap', 'add', 'asked', '-s', 'bank', '--allow', 'GET *', '--no-auto-approve']);
  run(['config', 'set', 'approvals.wait', '100ms']);
});

beforeEach(() => { model.transcript = ''; });

after(() => {
  model.stop();
  api.closeAllConnections();
  api.close();
  rmSync(dir, { recursive: true, force: true });
});

const get = (path, capability = 'bank') => [
  'execute',
  { capability, method: 'GET', path, reason: 'User asked' },
];

test(
  'all tools are offered; answers and refusals reach the model',
  { timeout: 120_000 },
  async () => {
    const [list, allowed, denied, body, pending, unknown] = await turn([
      ['list_services', {}],
      get('/v1/x'),
      ['execute', { capability: 'bank', method: 'POST', path: '/v1/x' }],
      ['execute', { capability: 'bank', method: 'GET', path: '/v1/x', body: '{"a":1}' }],
      get('/v1/asked', 'asked'),
      get('/v1/x', 'nosuch'),
    ]);
    for (const name of [
      'execute',
      'list_services',
      'whoami',
      'explain_access',
      'test_service',
      'manage_credential',
      'reload_config',
    ]) {
      assert.ok(model.offered.includes(`mcp_janee_${name}`), `${name} is not offered`);
    }
    assert.match(list, /bank/);
    for (const reply of [allowed, body]) assert.match(reply, /Bearer \[REDACTED/);
    assert.match(denied, /RULE_DENY: .*Next: /);
    assert.match(unknown, /CAPABILITY_NOT_FOUND: .*nosuch/);
    const [{ id }] = JSON.parse(run(['approvals', '--json'])).approvals;
    assert.match(pending, new RegExp(`APPROVAL_PENDING: .*Approval id: ${id}`));
    assert.ok(!model.transcript.includes(key));
  },
);

test('a person says yes, and the call goes through', { timeout: 120_000 }, async () => {
  const [{ id }] = JSON.parse(run(['approvals', '--json'])).approvals;
  run(['approve', id]);
  const [, args] = get('/v1/asked', 'asked');
  const [answer] = await turn([['execute', { ...args, approvalId: id }]]);
  assert.match(answer, /Bearer \[REDACTED/);
});

test(
  'without a home the model is told what its person has to do',
  { timeout: 120_000 },
  async () => {
    const [answer] = await turn([['list_services', {}]], join(dir, 'nowhere'));
    assert.match(answer, /NOT_READY: .*janee init.*Do not do it yourself/);
  },
);
