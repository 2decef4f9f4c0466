// The packed plugin in the real OpenClaw: installed into a state directory of its own, driven by
// agent turns of a scripted model and by POST /tools/invoke. The API and the model are on loopback;
// nothing else is reached.
import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ToolResult } from "../src/openclaw.ts";
import { key, said, World } from "../test/harness.ts";
import { Gateway, tarball } from "./gateway.ts";
import { Model } from "./model.ts";

const world = new World(), model = new Model(), gateway = new Gateway(world.dir);

interface Finding { checkId: string; title: string; detail: string }
interface Invoked { ok: boolean; result?: ToolResult }

async function invoke(tool: string, args: object = {}): Promise<string> {
  const text = await gateway.invoke(tool, args), answer = JSON.parse(text) as Invoked;
  assert.ok(answer.ok, text);
  assert.deepEqual(answer.result?.details, {});
  return said(answer.result);
}
const execute = (args: object): Promise<string> =>
  invoke("janee_execute", { capability: "bank", method: "GET", path: "/v1/balance", ...args });

before(async () => {
  await world.start(`  bank:
    service: bank
    rules: { allow: [GET *] }
  other:
    service: bank
  asks:
    service: bank
    autoApprove: false
`);
    world.handler = (req, res) => {
      res.end(JSON.stringify({ echoed: req.headers.authorization }));
    };
    await new Promise<void>((done) => model.server.listen(0, "127.0.0.1", done));
    await gateway.cli("plugins", "install", tarball, "--force", "--accept-capabilities");
    gateway.configure({
      tools: { allow: ["janee"] },
      plugins: { allow: ["janee"], entries: { janee: { enabled: true, config: world.config } } },
    });
  },
  { timeout: 300_000 },
);

after(async () => {
  await gateway.stop();
  model.server.closeAllConnections();
  model.server.close();
  await world.stop();
}, { timeout: 60_000 });

test(
  "the plugin is loaded with its tools, and the doctor finds nothing",
  { timeout: 300_000 },
  async () => {
    const inspected = await gateway.cli("plugins", "inspect", "janee", "--runtime");
    assert.match(inspected, /Status: *loaded/i);
    for (const name of [
      "janee_list_services",
      "janee_execute",
      "janee_whoami",
      "janee_explain_access",
      "janee_reload_config",
    ])
      assert.match(inspected, new RegExp(name));
    assert.doesNotMatch(inspected, /error/i);
    assert.doesNotMatch(await gateway.cli("plugins", "doctor"), /janee.*(error|fail)/i);
  },
);

test("the security audit finds nothing in the plugin", { timeout: 300_000 }, async () => {
  const { findings } = JSON.parse(await gateway.json("security", "audit", "--deep", "--json")) as {
    findings: Finding[];
  };
  assert.ok(
    findings.some((f) => f.checkId.startsWith("gateway.")),
    "it audits",
  );
  // about who may use any plugin's tools
  const policy = "plugins.tools_reachable_permissive_policy";
  assert.deepEqual(
    findings.filter((f) => /^(?:plugins|skills)\./.test(f.checkId) && f.checkId !== policy),
    [],
  );
});

test(
  "an agent lists, then executes: the API gets the key, the model does not",
  { timeout: 300_000 },
  async () => {
    await gateway.start((model.server.address() as AddressInfo).port, join(world.dir, "workspace"));
    model.turns = [
      { tool: "janee_list_services", args: {} },
      {
        tool: "janee_execute",
        args: { capability: "bank", method: "GET", path: "/v1/balance", reason: "User asked" },
      },
    ];
    await gateway.cli(
      "agent",
      "--agent",
      "main",
      "--session-key",
      "agent:main:one",
      "--message",
      "go",
    );
    assert.ok(model.tools.includes("janee_execute"), "the tools are offered by name");
    assert.match(model.transcript, /Bearer \[REDACTED:[0-9a-z]{6}\]/);
    assert.equal(world.seen.at(-1), "GET /v1/balance");
    assert.match(world.run("sessions"), /main +openclaw +bank/);
  },
);

test(
  "/tools/invoke: allowed, denied, traversal, unknown, revoked, reloaded",
  { timeout: 120_000 },
  async () => {
    assert.match(await execute({}), /"status":200/);
    assert.match(await execute({ method: "POST" }), /RULE_DENY/);
    assert.match(await execute({ path: "/v1/../admin" }), /REQUEST_REJECTED/);
    assert.match(await execute({ capability: "nope" }), /CAPABILITY_NOT_FOUND/);
    assert.match(await execute({ capability: "other" }), /"status":200/);
    world.run("revoke", "--capability", "other");
    assert.match(await execute({ capability: "other" }), /SESSION_REVOKED/);
    appendFileSync(join(world.home, "config.yaml"), "  later:\n    service: bank\n");
    assert.match(await invoke("janee_reload_config"), /\+later/);
    assert.match(await execute({ capability: "later" }), /"status":200/);
    assert.match(await invoke("janee_whoami"), /"agentId":"main"/);
  },
);

test(
  "a person is asked: yes lets one call through, no does not, nobody there refuses",
  { timeout: 900_000 },
  async () => {
    for (const [decision, path, sent] of [
      ["allow-once", "/v1/yes", true],
      ["deny", "/v1/no", false],
    ] as const) {
      model.turns = [
        {
          tool: "janee_execute",
          args: { capability: "asks", method: "POST", path, reason: "Pay the bill" },
        },
      ];
      const asked = await gateway.person(`agent:main:${decision}`, decision);
      assert.match(asked, new RegExp(`POST http://127\\.0\\.0\\.1:\\d+${path}`));
      assert.match(asked, /Pay the bill/);
      assert.equal(world.seen.includes(`POST ${path}`), sent, decision);
    }
    // The gateway would show "token=***": the whole request is not asked about there.
    const masked = "/v1/masked?token=to_mallory_999999_and_more";
    model.turns = [
      { tool: "janee_execute", args: { capability: "asks", method: "POST", path: masked } },
    ];
    assert.equal((await gateway.person("agent:main:masked", "allow-once")).trim(), "[]");
    assert.match(model.transcript, /APPROVAL_PENDING/);
    assert.ok(!world.seen.some((path) => path.includes("masked")));
    await gateway.invoke("janee_execute", {
      capability: "asks",
      method: "POST",
      path: "/v1/nobody",
    });
    assert.ok(!world.seen.includes("POST /v1/nobody"));
  },
);

test("200 calls at once, and the log is whole", { timeout: 120_000 }, async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => execute({ path: `/v1/n/${i}` })),
  );
  assert.ok(answers.every((a) => a.includes('"status":200')));
  await new Promise((done) => setTimeout(done, 200));
  assert.equal(world.try("logs", "verify").status, 0, world.try("logs", "verify").text);
});

test("remote mode against janee serve", { timeout: 300_000 }, async () => {
  const { url, token } = await world.serve();
  gateway.configure({ plugins: { entries: { janee: { config: { url, token } } } } });
  // A running gateway takes the change up by itself; while it does, it may have no such tool.
  for (let i = 0, said = ""; !/\bagentId\b.{1,5}\bdefault\b/.test(said); i++) {
    assert.ok(i < 240, said);
    await new Promise((done) => setTimeout(done, 500));
    said = await gateway.invoke("janee_whoami", {});
  }
  assert.match(await execute({}), /Bearer \[REDACTED:[0-9a-z]{6}\]/);
  assert.match(await execute({ method: "POST" }), /RULE_DENY/);
});

test("the key is nowhere: not with the model, in the gateway's log or in its state", async () => {
  await gateway.stop();
  const forms = [
    key,
    Buffer.from(key).toString("base64").slice(0, 40),
    Buffer.from(key).toString("base64url").slice(0, 40),
    Buffer.from(key).toString("hex"),
    encodeURIComponent(key),
  ];
  const places = new Map<string, Buffer>([
    ["transcript", Buffer.from(model.transcript)],
    ["log", Buffer.from(gateway.log)],
  ]);
  for (const f of readdirSync(gateway.state, { recursive: true, withFileTypes: true }))
    if (f.isFile()) places.set(f.name, readFileSync(join(f.parentPath, f.name)));
  assert.ok(places.size > 10);
  for (const [name, data] of places)
    for (const form of forms) assert.ok(!data.includes(form), `${name} holds the key`);
});
