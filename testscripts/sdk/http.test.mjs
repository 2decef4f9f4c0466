// The official MCP TypeScript SDK over streamable HTTP. JANEE names the binary; the API is a
// loopback server of this test.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { Parsing, refusal } from './parsing.mjs';

const janee = process.env.JANEE ?? new URL('../../bin/janee', import.meta.url).pathname;
const key = 'sdk_test_key_of_http_2b7e151628aed2a6';
const seen = []; // what the API was asked: "METHOD path"
const faults = [];
let dir, api, server, url, token, client, transport;

// start resolves with the URL and the token that the server prints.
function start(env) {
  server = spawn(janee, ['serve', '--transport', 'http', '--port', '0'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let said = '';
    server.stderr.on('data', (part) => {
      said += part;
      if (!said.includes('\nLogs: ')) return;
      resolve([said.match(/running on (\S+)/)[1], said.match(/^ +(janee_\S+)$/m)[1]]);
    });
    server.once('exit', () => reject(new Error(said)));
  });
}

async function connect(bearer) {
  const t = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { Authorization: `Bearer ${bearer}` } },
  });
  const c = new Client({ name: 'sdk-test', version: '1' });
  c.onerror = (err) => faults.push(err);
  await c.connect(new Parsing(t));
  return [c, t];
}

before(async () => {
  api = createServer((req, res) => {
    seen.push(`${req.method} ${req.url}`);
    if (req.url === '/slow') return; // never answers
    res
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ ok: true, echoed: req.headers.authorization }));
  });
  await new Promise((done) => api.listen(0, '127.0.0.1', done));
  dir = mkdtempSync(join(tmpdir(), 'janee-sdk-http-'));
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
  [url, token] = await start(env);
  [client, transport] = await connect(token);
});

after(async () => {
  await transport?.terminateSession();
  await client?.close();
  const exit =
    server.exitCode === null ? new Promise((done) => server.once('exit', done)) : server.exitCode;
  server.kill('SIGTERM');
  const code = await exit;
  api.closeAllConnections?.();
  api.close();
  rmSync(dir, { recursive: true, force: true });
  assert.equal(code, 0);
});

const execute = (args, options) =>
  client.callTool(
    { name: 'execute', arguments: { capability: 'bank_readonly', ...args } },
    undefined,
    options,
  );

test('tools/list and whoami: the token says who it is', async () => {
  const { tools } = await client.listTools();
  assert.ok(tools.some((t) => t.name === 'execute'));
  const me = await client.callTool({ name: 'whoami', arguments: {} });
  assert.equal(me.structuredContent.agentId, 'default');
});

test('execute allowed: the API gets the key, the agent does not', async () => {
  const r = await execute({ method: 'GET', path: '/v1/balance' });
  assert.equal(r.structuredContent.status, 200);
  assert.match(JSON.parse(r.structuredContent.body).echoed, /^Bearer \[REDACTED:[0-9a-z]{6}\]$/);
});

test('execute refused: an error result, nothing sent', async () => {
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

test('cancel ends the call and the session stays usable', async () => {
  const stop = new AbortController();
  const call = execute({ method: 'GET', path: '/slow' }, { signal: stop.signal });
  while (!seen.includes('GET /slow')) await new Promise((done) => setTimeout(done, 5));
  stop.abort('enough');
  await assert.rejects(call);
  const r = await execute({ method: 'GET', path: '/v1/balance' });
  assert.equal(r.structuredContent.status, 200);
  assert.deepEqual(faults, []);
});

test('a changed config.yaml reaches the client as tools/list_changed', async () => {
  const told = new Promise((done) =>
    client.setNotificationHandler(ToolListChangedNotificationSchema, done),
  );
  const path = join(dir, 'home', 'config.yaml');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^( +)- GET \*$/m, '$&\n$1- PUT *'));
  await told;
  const r = await execute({ method: 'PUT', path: '/v1/thing' });
  assert.equal(r.structuredContent.status, 200);
});

test('a wrong token is refused', async () => {
  await assert.rejects(connect('janee_wrong'));
});
