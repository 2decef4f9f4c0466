// Drives the real binary as an agent's client does, with the official MCP TypeScript SDK over
// stdio. JANEE names the binary; the API is a loopback server of this test that demands the key.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Parsing, refusal } from './parsing.mjs';

const janee = process.env.JANEE ?? new URL('../../bin/janee', import.meta.url).pathname;
const key = 'sdk_test_key_2b7e151628aed2a6';
const seen = []; // what the API was asked: "METHOD path"
let dir, api, client, transport;
const faults = [];

before(async () => {
  api = createServer((req, res) => {
    seen.push(`${req.method} ${req.url}`);
    if (req.headers.authorization !== `Bearer ${key}`) return res.writeHead(401).end();
    if (req.url === '/slow') return; // never answers
    res
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ ok: true, echoed: req.headers.authorization }));
  });
  await new Promise((done) => api.listen(0, '127.0.0.1', done));
  dir = mkdtempSync(join(tmpdir(), 'janee-sdk-'));
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    JANEE_HOME: join(dir, 'home'),
    JANEE_KEY_FILE: join(dir, 'root.key'),
  };
  const run = (args, input = '') =>
    execFileSync(janee, args, { env, input, stdio: ['pipe', 'pipe', 'pipe'] });
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
  run(['cap', 'add', 'bank_readonly', '-s', 'bank', '--allow', 'GET *']);
  transport = new StdioClientTransport({ command: janee, args: ['serve'], env, stderr: 'ignore' });
  client = new Client({ name: 'sdk-test', version: '1' });
  client.onerror = (err) => faults.push(err);
  await client.connect(new Parsing(transport));
});

after(async () => {
  await client.close();
  api.closeAllConnections?.();
  api.close();
  rmSync(dir, { recursive: true, force: true });
});

const execute = (args, options) =>
  client.callTool(
    { name: 'execute', arguments: { capability: 'bank_readonly', ...args } },
    undefined,
    options,
  );

test('initialize tells how to use the server', () => {
  assert.equal(client.getServerVersion().name, 'janee');
  assert.match(client.getInstructions(), /list_services/);
});

test('tools/list describes and annotates every tool', async () => {
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((t) => t.name).sort(), [
    'execute',
    'explain_access',
    'list_services',
    'manage_credential',
    'reload_config',
    'test_service',
    'whoami',
  ]);
  for (const t of tools) {
    assert.ok(t.description && t.inputSchema && t.outputSchema, t.name);
    for (const hint of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'])
      assert.equal(typeof t.annotations[hint], 'boolean', `${t.name} ${hint}`);
  }
});

test('list_services and whoami answer with structured content', async () => {
  const list = await client.callTool({ name: 'list_services', arguments: {} });
  assert.equal(list.structuredContent.capabilities[0].name, 'bank_readonly');
  assert.deepEqual(JSON.parse(list.content[0].text), list.structuredContent.capabilities);
  const me = await client.callTool({ name: 'whoami', arguments: {} });
  assert.equal(me.structuredContent.agentId, 'sdk-test');
});

test('execute allowed: the API gets the key, the agent does not', async () => {
  const r = await execute({ method: 'GET', path: '/v1/balance' });
  assert.ok(!r.isError);
  assert.equal(r.structuredContent.status, 200);
  assert.match(JSON.parse(r.structuredContent.body).echoed, /^Bearer \[REDACTED:[0-9a-z]{6}\]$/);
  assert.ok(!JSON.stringify(r).includes(key));
});

test('execute refused: an error result, no exception in the client, nothing sent', async () => {
  const before = seen.length;
  const r = await execute({ method: 'POST', path: '/v1/charges' });
  assert.equal(refusal(r).reasonCode, 'RULE_DENY');
  assert.equal(seen.length, before);
});

test('a refusal of every tool reaches a client that parses first texts', async () => {
  const { tools } = await client.listTools();
  for (const { name } of tools) {
    const r = await client.callTool({ name, arguments: { nonsense: 1 } });
    assert.equal(refusal(r).reasonCode, 'BAD_ARGUMENTS', name);
  }
});

test('cancel ends the call and the connection stays usable', async () => {
  const stop = new AbortController();
  const call = execute({ method: 'GET', path: '/slow' }, { signal: stop.signal });
  while (!seen.includes('GET /slow')) await new Promise((done) => setTimeout(done, 5));
  stop.abort('enough');
  await assert.rejects(call);
  const r = await execute({ method: 'GET', path: '/v1/balance' });
  assert.equal(r.structuredContent.status, 200);
  assert.deepEqual(faults, []); // a reply to a cancelled call would show here
});
