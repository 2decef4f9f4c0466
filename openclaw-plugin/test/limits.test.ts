// Limits in the gateway of OpenClaw: counted for each agent, across reloads, and given back by
// calls that are taken back.
import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { call, World } from "./harness.ts";

test("limits hold for each agent, and a reload forgets nothing", async (t) => {
  const world = new World();
  t.after(() => world.stop());
  await world.start(
    "  bank:\n    service: bank\n" +
      "    limits: {perHour: 2, maxRequestBytes: 8, maxResponseBytes: 4}\n" +
      "  more: {service: bank, limits: {perHour: 1000}}\n",
  );
  const tools = await world.tools("main"),
    others = await world.tools("other");
  const get = (from: typeof tools, capability = "bank"): ReturnType<typeof call> =>
    call(from, "janee_execute", { capability, method: "GET", path: "/x" });
  const long = await call(tools, "janee_execute", {
    capability: "bank",
    method: "POST",
    path: "/x",
    body: "123456789",
  });
  assert.equal(long.denial?.reasonCode, "TOO_LARGE");
  const first = await get(tools);
  assert.deepEqual([first.status, first.body, first.truncated], [200, '{"ok', true]);
  assert.equal((await get(tools)).status, 200);
  const refused = await get(tools);
  assert.equal(refused.denial?.reasonCode, "RATE_LIMITED");
  assert.match(
    JSON.stringify(refused.denial),
    /"evaluatedPolicy":"capabilities.bank.limits.perHour: 2".*"retryAfterSeconds":3[56]\d\d/,
  );
  assert.equal((await get(others)).status, 200);
  assert.equal((await get(tools, "more")).status, 200);
  appendFileSync(join(world.home, "config.yaml"), "  last: {service: bank}\n");
  assert.equal((await get(tools)).denial?.reasonCode, "RATE_LIMITED");
  assert.equal((await get(tools, "last")).status, 200);
  assert.equal(world.seen.length, 5);
});

test("a call that no message can hold is refused, and the next one is not", async (t) => {
  const world = new World();
  t.after(() => world.stop());
  await world.start("  bank: {service: bank}\n");
  const tools = await world.tools("main");
  const post = (body: string): ReturnType<typeof call> =>
    call(tools, "janee_execute", { capability: "bank", method: "POST", path: "/x", body });
  assert.equal((await post("x".repeat(13 << 20))).denial?.reasonCode, "TOO_LARGE");
  assert.equal((await post("x".repeat(1 << 20))).status, 200);
  assert.deepEqual(world.warnings, []);
});

test("a call that is taken back makes room", async (t) => {
  const world = new World();
  t.after(() => world.stop());
  await world.start("  bank: {service: bank, limits: {concurrent: 1}}\n");
  const tools = await world.tools("main");
  const get = (path: string, signal?: AbortSignal): ReturnType<typeof call> =>
    call(tools, "janee_execute", { capability: "bank", method: "GET", path }, signal);
  for (let i = 0; i < 20; i++) {
    const leave = new AbortController();
    const reached = new Promise<void>((done) => {
      world.handler = (req, res) => {
        if (req.url === "/hang") done();
        else res.end("{}");
      };
    });
    const hanging = get("/hang", leave.signal);
    await reached;
    const busy = await get("/x");
    assert.equal(busy.denial?.reasonCode, "BUSY");
    leave.abort();
    assert.equal((await hanging).denial?.reasonCode, "CANCELLED");
  }
  assert.equal((await get("/x")).status, 200);
});

test("endless refusals are counted, and recorded when the plugin stops", async (t) => {
  const world = new World();
  t.after(() => world.stop());
  await world.start("  bank: {service: bank, rules: {allow: [GET *]}}\n");
  const tools = await world.tools("main");
  for (let i = 0; i < 2300; i++) {
    const answer = await call(tools, "janee_execute", {
      capability: "bank",
      method: "DELETE",
      path: "/x",
    });
    assert.equal(answer.denial?.reasonCode, "RULE_DENY");
  }
  await world.halt();
  const logs = join(world.home, "logs"),
    text = readdirSync(logs)
      .map((name) => readFileSync(join(logs, name), "utf8"))
      .join("");
  const lines = text.split("\n").filter((line) => line.includes('"event":"deny"'));
  const counted = lines.reduce(
    (sum, line) => sum + Number(/"unrecorded":"(\d+)"/.exec(line)?.[1] ?? 0),
    0,
  );
  const own = lines.filter((line) => line.includes('"code"')).length;
  assert.equal(own + counted, 2300);
  assert.ok(own >= 2000 && own < 2300, `${own} records`);
  assert.equal(world.try("logs", "verify").status, 0, world.try("logs", "verify").text);
});
