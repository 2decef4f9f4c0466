// Approvals through OpenClaw: the hook asks, the execution of the same id goes on with what was said.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Decision, Prompt } from "../src/approvals.ts";
import type { Tool } from "../src/openclaw.ts";
import { World, type Answer } from "./harness.ts";

const world = new World();
let tools: Map<string, Tool>, calls = 0;

before(async () => {
  await world.start("  asks:\n    service: bank\n    autoApprove: false\n  free:\n    service: bank\n  later:\n    service: bank\n    autoApprove: false\n  single:\n    service: bank\n    autoApprove: false\n    limits: {concurrent: 1}\n");
  tools = await world.tools("main");
});
after(() => world.stop());

interface Asked { id: string; prompt: Prompt | undefined }

async function hook(params: object): Promise<Asked> {
  const id = `call-${++calls}`;
  const asked = await world.beforeToolCall({ toolName: "janee_execute", params, toolCallId: id }, { agentId: "main" });
  return { id, prompt: asked?.requireApproval as Prompt | undefined };
}

async function execute(id: string, params: object): Promise<Answer> {
  const result = await tools.get("janee_execute")?.execute(id, params);
  return JSON.parse(result?.content[0]?.text ?? "") as Answer;
}

const post = (path: string, capability = "asks", reason = "Pay the bill"): object => ({ capability, method: "POST", path, reason });

test("a capability that asks nobody goes on unasked", async () => {
  const { id, prompt } = await hook(post("/v1/x", "free"));
  assert.equal(prompt, undefined);
  assert.equal((await execute(id, post("/v1/x", "free"))).status, 200);
});

test("allow-once lets that one call through; the next is asked again", async () => {
  const params = post("/v1/charges?amount=1", "asks", 'Pay\u202e "the" bill\n');
  const { id, prompt } = await hook(params);
  assert.match(prompt?.description ?? "", /^POST https:\/\/127\.0\.0\.1:\d+\/v1\/charges\?amount=1\n/);
  assert.match(prompt?.description ?? "", /The agent says: "Pay\\u\{202e\} \\"the\\" bill/);
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
    assert.match(world.run("logs"), new RegExp(`bank \\| POST ${path} \\| ${decision === "deny" ? "APPROVAL_DENIED" : "CANCELLED"}`));
    if (decision === "deny") { // a no sticks: the same request is not asked about again
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
  const answer = JSON.parse((await result)?.content[0]?.text ?? "") as Answer;
  assert.equal(answer.denial?.reasonCode, "CANCELLED");
  assert.equal(world.seen.length, before);
});

test("allow-always opens the session", async () => {
  const first = await hook(post("/v1/a", "later"));
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
  assert.equal((await hook(post("/v1/left", "single"))).prompt, undefined); // OpenClaw never makes it
  assert.equal((await execute("other", post("/v1/b", "single"))).denial?.reasonCode, "BUSY");
  t.mock.timers.tick(30_000);
  t.mock.timers.reset();
  for (let i = 0; i < 500 && !/POST \/v1\/left \| CANCELLED/.test(world.run("logs")); i++) await new Promise((done) => setTimeout(done, 20));
  assert.equal((await execute("third", post("/v1/b", "single"))).status, 200);
});

test("with approvals: janee nobody is asked here", async () => {
  await world.tools("main", { ...world.config, approvals: "janee" }, "janee");
  assert.equal((await hook(post("/v1/x"))).prompt, undefined);
});
