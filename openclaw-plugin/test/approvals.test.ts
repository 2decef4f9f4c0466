// Approvals through OpenClaw: the hook asks, the execution of the same id goes on with what was
// said.
import assert from "node:assert/strict";
import { appendFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import type { Decision, Prompt } from "../src/approvals.ts";
import type { Tool } from "../src/openclaw.ts";
import { said, World, type Answer } from "./harness.ts";

const world = new World();
let tools: Map<string, Tool>, calls = 0;

before(async () => {
  await world.start(
    "  asks:\n    service: bank\n    autoApprove: false\n  free:\n    service: bank\n" +
      "  later:\n    service: bank\n    autoApprove: false\n" +
      "  single:\n    service: bank\n    autoApprove: false\n    limits: {concurrent: 1}\n",
  );
  tools = await world.tools("main");
});
afterEach(() => world.halt());
after(() => world.stop());

interface Asked { id: string; prompt: Prompt | undefined }

async function hook(params: object): Promise<Asked> {
  const id = `call-${++calls}`;
  const asked = await world.beforeToolCall(
    { toolName: "janee_execute", params, toolCallId: id },
    { agentId: "main" },
  );
  return { id, prompt: asked?.requireApproval as Prompt | undefined };
}

async function execute(id: string, params: object): Promise<Answer> {
  const result = await tools.get("janee_execute")?.execute(id, params);
  return JSON.parse(said(result)) as Answer;
}

const post = (path: string, capability = "asks", reason = "Pay the bill"): object => ({
  capability,
  method: "POST",
  path,
  reason,
});

test("a call whose person has said yes is dropped where the home cannot be read", async () => {
  const params = post("/v1/unread"), { id, prompt } = await hook(params);
  await prompt?.onResolution("allow-once");
  const path = join(world.home, "config.yaml");
  renameSync(path, `${path}.aside`);
  assert.equal((await execute(id, params)).denial?.reasonCode, "NOT_READY");
  renameSync(`${path}.aside`, path);
});

test("a capability that asks nobody goes on unasked", async () => {
  const { id, prompt } = await hook(post("/v1/x", "free"));
  assert.equal(prompt, undefined);
  assert.equal((await execute(id, post("/v1/x", "free"))).status, 200);
});

test("allow-once lets that one call through; the next is asked again", async () => {
  const params = post("/v1/charges?amount=1", "asks", 'Pay\u202e "the" bill\n');
  const { id, prompt } = await hook(params);
  const text = prompt?.description ?? "";
  assert.match(text, /^The request:\n```\nPOST http:\/\/127\.0\.0\.1:\d+\/v1\/charges\?amount=1\n/);
  assert.match(text, /\nCapability asks of service bank, agent main\n/);
  assert.match(
    prompt?.description ?? "",
    /\nThe agent says: "Pay\\u\{202e\} \\"the\\" bill\\u\{a\}"\n```$/,
  );
  assert.ok((prompt?.title.length ?? 99) <= 80 && (prompt?.description.length ?? 999) <= 512);
  const before = world.seen.length;
  await prompt?.onResolution("allow-once");
  assert.equal(world.seen.length, before);
  assert.equal((await execute(id, params)).status, 200);
  assert.deepEqual(world.seen.slice(before), ["POST /v1/charges?amount=1"]);
  const again = await hook(params);
  assert.ok(again.prompt);
  await again.prompt.onResolution("cancelled");
});

for (const decision of ["deny", "timeout", "cancelled"] satisfies Decision[]) {
  test(`${decision} refuses and is recorded`, async () => {
    const before = world.seen.length, path = `/v1/${decision}`;
    const { prompt } = await hook(post(path));
    await prompt?.onResolution(decision);
    await new Promise((done) => setTimeout(done, 200));
    assert.equal(world.seen.length, before);
    assert.match(
      world.run("logs"),
      new RegExp(
        `bank \\| POST ${path} \\| ${decision === "deny" ? "APPROVAL_DENIED" : "CANCELLED"}`,
      ),
    );
    if (decision === "deny") {
      // a no sticks: the same request is not asked about again
      const again = await hook(post(path));
      assert.equal(again.prompt, undefined);
      assert.equal((await execute(again.id, post(path))).denial?.reasonCode, "APPROVAL_DENIED");
    }
  });
}

test("what was approved is not what is executed: it is not sent", async () => {
  const { id, prompt } = await hook(post("/v1/approved"));
  await prompt?.onResolution("allow-once");
  const before = world.seen.length, stop = new AbortController();
  const result = tools.get("janee_execute")?.execute(id, post("/v1/other"), stop.signal);
  setTimeout(() => stop.abort(), 300); // it waits for a person of its own
  const answer = JSON.parse(said(await result)) as Answer;
  assert.equal(answer.denial?.reasonCode, "CANCELLED");
  assert.equal(world.seen.length, before);
});

test("a request is shown whole, its headers and its body too", async () => {
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const { prompt } = await hook({ ...post("/v1/x"), headers, body: "amount=999999&to=mallory" });
  const text = prompt?.description ?? "";
  assert.match(text, /\nHeader Content-Type: application\/x-www-form-urlencoded\n/);
  assert.match(text, /\nBody of 24 bytes: amount=999999&to=mallory\n/);
  await prompt?.onResolution("cancelled");
});

for (const [what, params] of Object.entries<object>({
  "a path that does not fit": post(`/v1/refunds?note=${"a".repeat(400)}&amount=999999&to=mallory`),
  "a body that does not fit": { ...post("/v1/x"), body: "a".repeat(600) },
  "a body of several lines": { ...post("/v1/x"), body: "a\nCapability other of service bank" },
  "a body that ends the block": { ...post("/v1/x"), body: "a``` b" },
  "a header with more than one blank": {
    ...post("/v1/x"),
    headers: { "Content-Type": "text/plain;  charset=utf-8" },
  },
})) {
  test(`${what} is not asked about here, but by janee approve`, async () => {
    const before = world.seen.length, { id, prompt } = await hook(params);
    assert.equal(prompt, undefined);
    const result = execute(id, params), approve = await only();
    world.run("approve", approve);
    assert.equal((await result).status, 200);
    assert.equal(world.seen.length, before + 1);
  });
}

// only is the one question that waits.
async function only(): Promise<string> {
  for (let i = 0; i < 100; i++) {
    const { approvals: open } = JSON.parse(world.run("approvals", "--json")) as {
      approvals: { id: string }[];
    };
    const last = open.at(-1);
    if (last) return last.id;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("no question waits");
}

test("allow-always opens the session, for as long as the prompt said", async () => {
  const first = await hook(post("/v1/a", "later"));
  assert.match(
    first.prompt?.description ?? "",
    /\nAlways, or a session: for 1h, what the rules of the capability allow\n/,
  );
  await first.prompt?.onResolution("allow-always");
  assert.equal((await execute(first.id, post("/v1/a", "later"))).status, 200);
  assert.match(world.run("sessions"), /main +openclaw +later/);
  const second = await hook(post("/v1/b", "later"));
  assert.equal(second.prompt, undefined);
  assert.equal((await execute(second.id, post("/v1/b", "later"))).status, 200);
  assert.equal(world.try("logs", "verify").status, 0);
});

test("a call that is begun and not made does not keep its place", async (t) => {
  const first = await hook(post("/v1/a", "single"));
  await first.prompt?.onResolution("allow-always");
  assert.equal((await execute(first.id, post("/v1/a", "single"))).status, 200);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  // OpenClaw never makes it
  assert.equal((await hook(post("/v1/left", "single"))).prompt, undefined);
  assert.equal((await execute("other", post("/v1/b", "single"))).denial?.reasonCode, "BUSY");
  t.mock.timers.tick(30_000);
  t.mock.timers.reset();
  for (let i = 0; i < 500 && !/POST \/v1\/left \| CANCELLED/.test(world.run("logs")); i++)
    await new Promise((done) => setTimeout(done, 20));
  await new Promise((done) => setTimeout(done, 50)); // for what follows the record
  assert.equal((await execute("third", post("/v1/b", "single"))).status, 200);
});

test("with approvals: janee nobody is asked here", async () => {
  await world.tools("main", { ...world.config, approvals: "janee" }, "janee");
  assert.equal((await hook(post("/v1/x"))).prompt, undefined);
});

// The last tests: the PIN stays.
const pin =
  "$argon2id$v=19$m=65536,t=3,p=4$rLQUy7rIcRSu/djH/NaI5A" +
  "$ViQRjoCw6EdZKPYi69i8tQTCx1YF+Ih8ktUtybbaAzQ";

test("a yes that OpenClaw passes on after a PIN was set is none; a no still is one", async () => {
  await world.tools("main", world.config, "pinned").then((t) => { tools = t; });
  const before = world.seen.length, stop = new AbortController();
  const asked: [Decision, Asked][] = [];
  for (const decision of ["allow-once", "allow-always", "deny"] satisfies Decision[]) {
    const one = await hook(post(`/v1/pin/${decision}`));
    assert.ok(one.prompt, decision);
    asked.push([decision, one]);
  }
  // the yes is on the disk before the PIN is in config.yaml
  const kept = await hook(post("/v1/pin/kept"));
  await kept.prompt?.onResolution("allow-always");
  appendFileSync(join(world.home, "config.yaml"), `approvals:\n  pin: ${pin}\n`);
  for (const [decision, { prompt }] of asked) await prompt?.onResolution(decision);
  setTimeout(() => stop.abort(), 1000); // they would wait for janee approve
  const results = await Promise.all([
    ...asked.map(([decision, { id }]) => ended(id, post(`/v1/pin/${decision}`), stop.signal)),
    ended(kept.id, post("/v1/pin/kept"), stop.signal),
  ]);
  assert.deepEqual(results, ["CANCELLED", "CANCELLED", "APPROVAL_DENIED", "APPROVAL_EXPIRED"]);
  assert.equal(world.seen.length, before);
  assert.equal(world.try("logs", "verify").status, 0);
});

test("where there is a PIN nobody is asked here", async () => {
  const stop = new AbortController(), { id, prompt } = await hook(post("/v1/pin/fresh"));
  assert.equal(prompt, undefined);
  setTimeout(() => stop.abort(), 300);
  assert.equal(await ended(id, post("/v1/pin/fresh"), stop.signal), "CANCELLED");
});

async function ended(id: string, params: object, signal: AbortSignal): Promise<string | undefined> {
  const result = await tools.get("janee_execute")?.execute(id, params, signal);
  return (JSON.parse(said(result)) as Answer).denial?.reasonCode;
}
