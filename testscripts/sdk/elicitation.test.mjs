// A person asked in the agent's own client: the official MCP TypeScript SDK over stdio and over
// HTTP, against the real binary. JANEE names the binary; the API is a loopback server of this test.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { refusal } from './parsing.mjs';

const janee = process.env.JANEE ?? new URL('../../bin/janee', import.meta.url).pathname;

for (const kind of ['stdio', 'http'])
  describe(`elicitation over ${kind}`, () => {
    const seen = []; // what the API was asked: "METHOD path"
    const open = [];
    let dir, env, api, server, url, token;
    const run = (args, input = '') =>
      execFileSync(janee, args, { env, input, stdio: ['pipe', 'pipe', 'pipe'] }).toString();

    before(async () => {
      api = createServer((req, res) => {
        seen.push(`${req.method} ${req.url}`);
        res.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
      });
      await new Promise((done) => api.listen(0, '127.0.0.1', done));
      dir = mkdtempSync(join(tmpdir(), 'janee-elicit-'));
      env = {
        PATH: process.env.PATH,
        HOME: dir,
        JANEE_HOME: join(dir, 'home'),
        JANEE_KEY_FILE: join(dir, 'root.key'),
      };
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
        'elicitation_test_key_2b7e1516',
      );
      run(['cap', 'add', 'bank_asked', '-s', 'bank', '--allow', 'GET *', '--no-auto-approve']);
      setApprovals('wait: 2s', 'notify: false', 'elicitation: true');
      if (kind === 'http') await serve();
    });

    after(async () => {
      for (const c of open) await c.close();
      if (server) {
        const ended = new Promise((done) => server.once('exit', done));
        server.kill('SIGTERM');
        await ended;
      }
      api.closeAllConnections?.();
      api.close();
      rmSync(dir, { recursive: true, force: true });
    });

    function setApprovals(...lines) {
      const path = join(dir, 'home', 'config.yaml');
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replace(/\napprovals:\n(  .*\n)*/, '') +
          `\napprovals:\n${lines.map((l) => `  ${l}\n`).join('')}`,
      );
    }

    function serve() {
      server = spawn(janee, ['serve', '--transport', 'http', '--port', '0'], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      return new Promise((done, fail) => {
        let said = '';
        server.stderr.on('data', (part) => {
          said += part;
          if (!said.includes('\nLogs: ')) return;
          [url, token] = [said.match(/running on (\S+)/)[1], said.match(/^ +(janee_\S+)$/m)[1]];
          done();
        });
        server.once('exit', () => fail(new Error(said)));
      });
    }

    // connect makes a client that fills in forms as answer says; without one it has not the
    // capability.
    async function connect(answer) {
      const c = new Client(
        { name: 'sdk-test', version: '1' },
        { capabilities: answer ? { elicitation: { form: {} } } : {} },
      );
      if (answer) c.setRequestHandler(ElicitRequestSchema, answer);
      await c.connect(
        kind === 'stdio'
          ? new StdioClientTransport({ command: janee, args: ['serve'], env, stderr: 'ignore' })
          : new StreamableHTTPClientTransport(new URL(url), {
              requestInit: { headers: { Authorization: `Bearer ${token}` } },
            }),
      );
      open.push(c);
      return c;
    }

    const get = (client, path) =>
      client.callTool({
        name: 'execute',
        arguments: { capability: 'bank_asked', method: 'GET', path, reason: 'User asked' },
      });
    const reason = (r) => refusal(r).reasonCode;
    const question = (path) =>
      JSON.parse(run(['approvals', '--json'])).approvals.find((q) => q.path === path);

    test('the code that janee approvals shows lets the request through, once', async () => {
      const forms = [];
      let code;
      const client = await connect(({ params }) => {
        forms.push(params);
        return {
          action: 'accept',
          content: { code: (code ??= question('/once').code), decision: 'once' },
        };
      });
      assert.equal((await get(client, '/once')).structuredContent.status, 200);
      assert.deepEqual(forms[0].requestedSchema.required, ['code', 'decision']);
      assert.match(
        forms[0].message,
        new RegExp(
          '\\nGET http://127\\.0\\.0\\.1:\\d+/once\\nCapability bank_asked of service bank, ' +
            'agent .*\\n.*\\nThe agent says: "User asked"\\n[^]*janee approvals',
        ),
      );
      assert.ok(!JSON.stringify(forms[0]).includes(code));
      // the code of another question
      assert.equal(reason(await get(client, '/once?more')), 'APPROVAL_PENDING');
      assert.deepEqual(seen, ['GET /once']);
    });

    test('for a session, and no', async () => {
      const decisions = { '/session': 'session', '/denied': 'deny' };
      const client = await connect(({ params }) => {
        const path = params.message.match(/GET http:\/\/[^/]+(\/\S*)/)[1];
        return {
          action: 'accept',
          content: { code: question(path).code, decision: decisions[path] },
        };
      });
      assert.equal(reason(await get(client, '/denied')), 'APPROVAL_DENIED');
      assert.equal((await get(client, '/session')).structuredContent.status, 200);
      assert.equal((await get(client, '/unasked')).structuredContent.status, 200);
      run(['revoke', '--all']);
      run(['reopen', '--all', '--yes']);
    });

    test('three wrong codes, and the right one comes too late', async () => {
      let forms = 0;
      const client = await connect(() => {
        const { id, code } = question('/wrong');
        return {
          action: 'accept',
          content: { code: ++forms <= 3 ? id.slice(0, 6) : code, decision: 'session' },
        };
      });
      assert.equal(reason(await get(client, '/wrong')), 'APPROVAL_PENDING');
      assert.equal(reason(await get(client, '/wrong')), 'APPROVAL_PENDING');
      assert.equal(forms, 3);
      run(['approve', question('/wrong').id]);
      assert.equal((await get(client, '/wrong')).structuredContent.status, 200);
    });

    test('what is no form that was filled in is never a yes', () =>
      Promise.all(
        Object.entries({
          decline: () => ({ action: 'decline' }),
          cancel: () => ({ action: 'cancel' }),
          'accept without content': () => ({ action: 'accept' }),
          'an error': () => {
            throw new Error('no');
          },
          'no capability': undefined,
        }).map(async ([name, answer]) => {
          const path = `/${name.replaceAll(' ', '-')}`;
          const r = await get(await connect(answer), path);
          assert.equal(reason(r), 'APPROVAL_PENDING', name);
          assert.ok(!JSON.stringify(r).includes(question(path).code));
          assert.ok(!seen.includes(`GET ${path}`));
        }),
      ));

    test('a form that nobody fills in is taken back', async () => {
      let taken;
      const back = new Promise((done) => {
        taken = done;
      });
      const client = await connect(
        (_, { signal }) =>
          new Promise((done) =>
            signal.addEventListener('abort', () => {
              taken();
              done({ action: 'cancel' });
            }),
          ),
      );
      assert.equal(reason(await get(client, '/nobody')), 'APPROVAL_PENDING');
      await back;
    });

    test('switched off, there is no form', async () => {
      let forms = 0;
      const answer = () => {
        forms++;
        return { action: 'decline' };
      };
      setApprovals('wait: 200ms', 'notify: false');
      const client = await connect(answer);
      for (let pending = false; !pending;) {
        // the server reads the file within moments
        const shown = forms;
        assert.equal(reason(await get(client, `/off${Math.random()}`)), 'APPROVAL_PENDING');
        pending = forms === shown;
      }
    });
  });
