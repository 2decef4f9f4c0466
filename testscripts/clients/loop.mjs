// What every client passes: `janee setup` in an empty HOME, its own list of servers, and a loop
// with a scripted model.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { House } from './house.mjs';

const tools = [
  'execute',
  'list_services',
  'whoami',
  'explain_access',
  'test_service',
  'manage_credential',
  'reload_config',
];
const options = { timeout: 240_000 };
const get = { method: 'GET', path: '/v1/balance', reason: 'User asked' };

/**
 * Declares the tests of a client:
 *   name       as `janee setup` knows it
 *   commands   what it puts on the PATH: { name: [argument, …] }
 *   own        whether setup uses such a command; then it is tried without it too
 *   configure  writes the settings of its own, before setup: (house)
 *   env        its environment: (house) => { name: value }
 *   list       its list of servers, and what that says of Janee: { argv, says }
 *   turn       the command that gives its model a turn, and allows Janee's tools
 *   tool       the client's name of a tool of Janee: (tool) => name
 *   search     a call by which its model finds these tools, if they are not offered at once
 *   call       a call as its model makes it: (name, arguments) => [tool, arguments]
 *   stop       a command that ends what a turn leaves running
 */
export function loop(client) {
  const ways = client.own ? { 'by its own command': false, 'without it': true } : { '': true };
  for (const [way, alone] of Object.entries(ways))
    describe(`${client.name} ${way}`.trim(), () => tests(client, alone));
}

function tests(client, alone) {
  const { tool, call = (name, args) => [name, args] } = client;
  const house = new House();
  const make = (name, args) => call(tool(name), args);
  const execute = (args) => make('execute', { capability: 'bank', ...get, ...args });
  const search = client.search ? [client.search] : [];
  const env = () => client.env?.(house) ?? {};
  let agent;

  const turn = async (calls) =>
    (await house.turn(client.turn, env(), [...search, ...calls])).slice(search.length);
  const asked = async (path) =>
    JSON.parse(await house.janee(['approvals', '--json'])).approvals.find((a) => a.path === path);

  // A person approves the request for path as soon as it waits.
  async function person(path, { signal }) {
    while (!signal.aborted) {
      const question = await asked(path);
      if (question) return house.janee(['approve', question.id]);
      await sleep(100);
    }
  }

  before(async () => {
    await house.start(client.commands);
    client.configure?.(house);
  }, options);

  after(async () => {
    if (client.stop) await house.run(client.stop, { env: env() });
    await house.stop();
  }, options);

  test('janee setup adds Janee, and says which agent it will be', options, async () => {
    const said = JSON.parse(await house.janee(['setup', client.name, '--json'], { alone }));
    const [{ action, done, agentId }] = said.clients;
    assert.deepEqual([action, done], ['add', true], JSON.stringify(said));
    assert.match(agentId, /^[\w.@-]+$/);
    agent = agentId;
  });

  if (client.list)
    test('its own list has Janee', options, async () => {
      const { code, said } = await house.run(client.list.argv, { env: env() });
      assert.equal(code, 0, said);
      assert.match(said, client.list.says);
    });

  test('its model gets the tools, answers, refusals and approvals', options, async () => {
    const over = new AbortController();
    const approved = person('/v1/waited', over);
    let id;
    const later = async () => {
      ({ id } = await asked('/v1/later'));
      await house.janee(['approve', id]);
      return execute({ capability: 'asked', path: '/v1/later', approvalId: id });
    };
    const [list, allowed, body, denied, unknown, waited, pending, retried] = await turn([
      make('list_services', {}),
      execute({}),
      execute({ path: '/v1/body', body: '{"a":1}' }),
      execute({ method: 'POST' }),
      execute({ capability: 'nosuch' }),
      execute({ capability: 'asked', path: '/v1/waited' }),
      execute({ capability: 'asked', path: '/v1/later' }),
      later,
    ]).finally(() => over.abort());
    await approved;

    const shown = [...house.model.offered, ...house.model.answers.slice(0, search.length)];
    for (const name of tools)
      assert.ok(shown.some((s) => s.includes(tool(name))), `${name} is not offered`);
    assert.match(list, /bank.*asked/);
    for (const reply of [allowed, body, waited, retried])
      assert.match(reply, /The balance is 42, and you said (Bearer \[REDACTED|\*{6})/);
    assert.match(denied, /RULE_DENY: .*Next: /);
    assert.match(unknown, /CAPABILITY_NOT_FOUND: .*nosuch/);
    assert.match(pending, new RegExp(`APPROVAL_PENDING: .*Approval id: ${id}`));
    const paths = ['balance', 'body', 'waited', 'later'].map((p) => `GET /v1/${p}`);
    assert.deepEqual(house.seen, paths);
  });

  test('the audit log knows it by the name that setup said', options, async () => {
    const { logs } = JSON.parse(await house.janee(['logs', '--json', '-n', '0']));
    assert.ok(logs.length >= 7);
    assert.deepEqual([...new Set(logs.map((l) => l.agent))], [agent]);
  });

  test('without a home its model is told what its person has to do', options, async () => {
    const [here, away] = ['.janee', '.away'].map((name) => join(house.home, name));
    renameSync(here, away);
    const [answer] = await turn([make('list_services', {})]).finally(() => renameSync(away, here));
    assert.match(answer, /NOT_READY: .*janee init.*Do not do it yourself/);
  });

  test('the key is nowhere', () => assert.deepEqual(house.leaks(), []));
}
