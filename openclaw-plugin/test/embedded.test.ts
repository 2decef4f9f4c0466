// Embedded mode against a real home: what the plugin does is seen and stopped by janee, and the
// other way round.
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import type { Tool } from "../src/openclaw.ts";
import { call, key, say, World } from "./harness.ts";

const world = new World();
let tools: Map<string, Tool>;
const get = (path: string, more: object = {}, signal?: AbortSignal): ReturnType<typeof call> =>
  call(tools, "janee_execute", { capability: "bank", method: "GET", path, ...more }, signal);

const logText = (): string =>
  readdirSync(join(world.home, "logs"))
    .map((name) => readFileSync(join(world.home, "logs", name), "utf8"))
    .join("");

before(async () => {
  await world.start(`  bank:
    service: bank
    rules: { allow: [GET *, PUT /v1/*], deny: [GET /v1/secret*] }
  other:
    service: bank
  asks:
    service: bank
    autoApprove: false
`);
  tools = await world.tools("main");
});
afterEach(() => world.halt());
after(() => world.stop());

test("the tools are those of the manifest, with the schemas of the core", () => {
  const manifest = JSON.parse(
    readFileSync(new URL("../openclaw.plugin.json", import.meta.url), "utf8"),
  ) as { contracts: { tools: string[] } };
  assert.deepEqual([...tools.keys()], manifest.contracts.tools);
  for (const t of tools.values())
    assert.ok(t.description && "type" in t.parameters && t.catalogMode === "direct-only", t.name);
});

test("list_services and whoami", async () => {
  const list = await say(tools, "janee_list_services");
  assert.match(list, /"name":"bank"/);
  assert.doesNotMatch(list, new RegExp(key));
  assert.equal(
    (JSON.parse(await say(tools, "janee_whoami")) as { agentId: string }).agentId,
    "main",
  );
});

test("allowed: the API gets the key, the agent does not", async () => {
  world.handler = (req, res) => {
    res.setHeader("X-Request-Id", "r1");
    res.end(JSON.stringify({ echoed: req.headers.authorization }));
  };
  const answer = await get("/v1/balance?expand[]=a", { reason: "User asked" });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers?.["x-request-id"], "r1");
  assert.match(answer.body ?? "", /^{"echoed":"Bearer \[REDACTED:[0-9a-z]{6}\]"}$/);
  assert.equal(answer.redactions, 1);
  assert.equal(world.seen.at(-1), "GET /v1/balance?expand[]=a");
});

for (const [what, params, code] of [
  ["no rule allows it", { capability: "bank", method: "DELETE", path: "/v1/x" }, "RULE_DENY"],
  ["a rule denies it", { capability: "bank", method: "GET", path: "/v1/secrets" }, "RULE_DENY"],
  [
    "a path with dot segments",
    { capability: "bank", method: "GET", path: "/v1/a/../secret" },
    "REQUEST_REJECTED",
  ],
  ["no such capability", { capability: "nope", method: "GET", path: "/" }, "CAPABILITY_NOT_FOUND"],
  [
    "an unknown argument",
    { capability: "bank", method: "GET", path: "/", agent: "root" },
    "BAD_ARGUMENTS",
  ],
] as const) {
  test(`refused: ${what}`, async () => {
    const before = world.seen.length;
    const { denial } = await call(tools, "janee_execute", params);
    assert.equal(denial?.reasonCode, code);
    assert.equal(denial?.agentId, "main");
    assert.equal(world.seen.length, before);
  });
}

test("a session of the plugin is listed by janee; revoked, the next call is refused", async () => {
  const first = await call(tools, "janee_execute", {
    capability: "other",
    method: "GET",
    path: "/",
  });
  assert.equal(first.status, 200);
  assert.match(world.run("sessions"), /main +openclaw +other/);
  world.run("revoke", "--capability", "other");
  const before = world.seen.length;
  const { denial } = await call(tools, "janee_execute", {
    capability: "other",
    method: "GET",
    path: "/",
  });
  assert.equal(denial?.reasonCode, "SESSION_REVOKED");
  assert.equal(world.seen.length, before);
});

test("janee lock cuts a call in flight within 200 ms; unlock lets the next through", async () => {
  const started = Promise.withResolvers<void>();
  world.handler = () => started.resolve(); // never answers
  const answer = get("/v1/slow");
  await started.promise;
  world.run("lock");
  const from = performance.now();
  assert.equal((await answer).denial?.reasonCode, "LOCKED");
  assert.ok(performance.now() - from < 200);
  world.run("unlock", "--yes");
  world.handler = (_req, res) => { res.end("ok"); };
  assert.equal((await get("/v1/x")).body, "ok");
});

test("a cancelled call ends", async () => {
  const started = Promise.withResolvers<void>(), stop = new AbortController();
  world.handler = () => started.resolve();
  const answer = get("/v1/slow", {}, stop.signal);
  await started.promise;
  stop.abort();
  assert.equal((await answer).denial?.reasonCode, "CANCELLED");
});

test("an edited rule holds from the next call on; a broken file changes nothing", async () => {
  world.handler = (_req, res) => { res.end("ok"); };
  const path = join(world.home, "config.yaml"), text = readFileSync(path, "utf8");
  assert.equal((await get("/v1/x")).status, 200); // the file is in force as it is
  appendFileSync(path, "  later:\n    service: bank\n");
  assert.equal(
    (await call(tools, "janee_execute", { capability: "later", method: "GET", path: "/" })).status,
    200,
  );
  const report = JSON.parse(await say(tools, "janee_reload_config")) as {
    success: boolean;
    message: string;
  };
  assert.ok(report.success);
  assert.match(report.message, /\+later/);
  appendFileSync(path, "  broken: [\n");
  assert.equal((await get("/v1/x")).status, 200);
  assert.match(await say(tools, "janee_reload_config"), /not reloaded/);
  writeFileSync(path, text + "  later:\n    service: bank\n");
});

test("a person is asked, and janee approve lets the call through", async () => {
  const answer = call(tools, "janee_execute", {
    capability: "asks",
    method: "POST",
    path: "/v1/charges",
    body: { amount: 1 },
    reason: "Pay",
  });
  let id = "";
  for (let i = 0; i < 100 && !id; i++) {
    await new Promise((done) => setTimeout(done, 50));
    id =
      (JSON.parse(world.run("approvals", "--json")) as { approvals: { id: string }[] }).approvals[0]
        ?.id ?? "";
  }
  world.run("approve", id);
  assert.equal((await answer).status, 200);
  assert.equal(world.seen.at(-1), "POST /v1/charges");
});

test("200 calls at once leave one whole log", async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => get(`/v1/n/${i}`)));
  assert.ok(answers.every((a) => a.status === 200));
  await new Promise((done) => setTimeout(done, 100));
  assert.match(world.run("logs"), /bank \| GET \/v1\/n\/199 \| 200/);
  assert.equal(world.try("logs", "verify").status, 0, world.try("logs", "verify").text);
});

test("calls that need the same token fetch it once; its trade stands in the log", async (t) => {
  const asked: string[] = [];
  const server = createServer((req, res) => {
    asked.push(`${req.method} ${req.url} ${req.headers.authorization ?? ""}`);
    if (req.url === "/token")
      setTimeout(
        () =>
          res.end(
            '{"access_token":"token_of_the_test_0001","token_type":"Bearer","expires_in":3600}',
          ),
        100,
      );
    else res.end(`you said ${req.headers.authorization}`);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => { server.closeAllConnections(); server.close(); });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const path = join(world.home, "config.yaml");
  writeFileSync(
    path,
    readFileSync(path, "utf8").replace(
      /^services:\n/m,
      `services:\n  idp:\n    baseUrl: ${url}\n` +
        `    auth: {type: oauth2-client-credentials, tokenUrl: '${url}/token', ` +
        "clientId: me, clientSecret: client_secret_of_the_test}\n",
    ) + "  idp:\n    service: idp\n",
  );
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      call(tools, "janee_execute", { capability: "idp", method: "GET", path: "/v1/x" }),
    ),
  );
  const said = [...new Set(answers.map((a) => a.body ?? a.error))];
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /^you said Bearer \[REDACTED:[0-9a-z]{6}\]$/);
  assert.equal(asked.filter((a) => a.startsWith("POST /token Basic ")).length, 1);
  assert.equal(asked.filter((a) => a === "GET /v1/x Bearer token_of_the_test_0001").length, 10);
  assert.match(logText(), /"event":"mint"/);
  assert.equal(world.try("logs", "verify").status, 0, world.try("logs", "verify").text);
});

test("a log that cannot be written refuses, and goes on in a new chain", async () => {
  const other = await world.tools("main", undefined, "log"), logs = join(world.home, "logs");
  await say(other, "janee_list_services"); // the core is loaded, no line is written yet
  renameSync(logs, `${logs}.aside`);
  symlinkSync(`${logs}.aside`, logs);
  const before = world.seen.length,
    params = { capability: "bank", method: "GET", path: "/v1/unlogged" };
  assert.equal(
    (await call(other, "janee_execute", params)).denial?.reasonCode,
    "AUDIT_UNAVAILABLE",
  );
  assert.equal(world.seen.length, before);
  unlinkSync(logs);
  renameSync(`${logs}.aside`, logs);
  assert.equal((await call(other, "janee_execute", params)).status, 200);
  assert.match(logText(), /"event":"recover".*symbolic link/);
  assert.equal(world.try("logs", "verify").status, 0, world.try("logs", "verify").text);
});

test("an agent whose calls hang, or stop in large replies, keeps no other out", async () => {
  const mallory = await world.tools("mallory"), alice = await world.tools("alice");
  const stop = new AbortController();
  const small = (of: Map<string, Tool>, more: object = {}): ReturnType<typeof call> =>
    call(of, "janee_execute", { capability: "bank", method: "GET", path: "/v1/x", ...more });
  const large = Buffer.alloc(9 << 20, "a");
  let held = 0;
  world.handler = (req, res) => {
    if (!req.url?.startsWith("/v1/hold")) return void res.end('{"ok":true}');
    held++;
    if (req.url.endsWith("0")) res.writeHead(200, { "Content-Length": 10 << 20 }).write(large);
  };
  const hold = Array.from({ length: 40 }, (_, i) =>
    call(
      mallory,
      "janee_execute",
      { capability: "bank", method: "GET", path: `/v1/hold${i % 2}`, maxBytes: 10 << 20 },
      stop.signal,
    ),
  );
  while (held < 40) await new Promise((done) => setTimeout(done, 20));
  await new Promise((done) => setTimeout(done, 500));
  for (let i = 0; i < 10; i++) {
    const answer = await small(alice, { maxBytes: 10 << 20 });
    assert.deepEqual([answer.status, answer.truncated], [200, false]);
  }
  assert.equal((await small(mallory)).denial?.reasonCode, "BUSY");
  stop.abort();
  await Promise.all(hold);
  assert.equal((await small(mallory)).status, 200, "room comes back");
});

test("more large replies than an agent's share are whole, one after another", async () => {
  world.handler = (_req, res) => { res.end(Buffer.alloc(9 << 20, "a")); };
  const all = Array.from({ length: 8 }, () => get("/v1/x", { maxBytes: 10 << 20 }));
  for (const a of await Promise.all(all)) {
    assert.deepEqual([a.status, a.truncated, a.body?.length], [200, false, 9 << 20]);
  }
  world.handler = (_req, res) => { res.end('{"ok":true}'); };
});

test("a plugin that was stopped has a whole log, and starts anew at the next call", async () => {
  await world.halt();
  assert.equal(world.try("logs", "verify").status, 0);
  assert.equal((await get("/v1/x")).status, 200);
});

test("nothing of the key is on the disk in plaintext", () => {
  for (const name of readdirSync(world.home, { recursive: true, withFileTypes: true })) {
    if (name.isFile())
      assert.ok(!readFileSync(join(name.parentPath, name.name)).includes(key), name.name);
  }
});

test("a home that others can read, or a lost root key, is refused with its fix", async () => {
  chmodSync(world.home, 0o755);
  const open = await world.tools("main", undefined, "open");
  const refused = await call(open, "janee_list_services");
  assert.equal(refused.denial?.reasonCode, "NOT_READY");
  assert.match(refused.denial?.nextStep ?? "", /chmod 700.*Do not do it yourself/);
  chmodSync(world.home, 0o700);
  const root = world.env["JANEE_KEY_FILE"] ?? "";
  renameSync(root, root + ".away");
  const locked = await call(open, "janee_list_services");
  assert.equal(locked.denial?.reasonCode, "VAULT_LOCKED");
  assert.match(locked.error ?? "", /root\.key/);
  renameSync(root + ".away", root);
  assert.match(await say(open, "janee_list_services"), /"name":"bank"/);
});

test("a root key that the plugin cannot ask for is refused, until it is given", async () => {
  const root = world.env["JANEE_KEY_FILE"] ?? "";
  const id =
    /^ {2}id: (\S+)$/m.exec(readFileSync(join(world.home, "config.yaml"), "utf8"))?.[1] ?? "";
  const masterKey = readFileSync(root, "utf8").trim();
  world.run("key", "move", "--to", "command", "--", "cat", root);
  const nothing = await world.tools("main", { home: world.home }, "command");
  const command = await call(nothing, "janee_list_services");
  assert.equal(command.denial?.reasonCode, "VAULT_LOCKED");
  assert.match(command.error ?? "", /source "command"/);
  assert.match(command.denial?.nextStep ?? "", /masterKey/);
  assert.match(
    await say(
      await world.tools("main", { home: world.home, masterKey }, "given"),
      "janee_list_services",
    ),
    /"name":"bank"/,
  );

  // The key that the harness pipes in is passphrase enough.
  world.run("key", "move", "--to", "passphrase", "--stdin");
  const wrapped = await call(
    await world.tools(
      "main",
      { home: world.home, keyFile: join(world.dir, ".config", "janee", `${id}.key`) },
      "wrapped",
    ),
    "janee_list_services",
  );
  assert.equal(wrapped.denial?.reasonCode, "VAULT_LOCKED");
  assert.match(wrapped.error ?? "", /a passphrase opens the root key/);
  assert.match(
    await say(await world.tools("main", undefined, "file"), "janee_list_services"),
    /"name":"bank"/,
    "a key file that is named wins, as on the Go side",
  );
});
