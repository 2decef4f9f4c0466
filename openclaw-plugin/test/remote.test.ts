// Remote mode against a real `janee serve --transport http`.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Tool } from "../src/openclaw.ts";
import { call, key, say, World } from "./harness.ts";

const world = new World();
let tools: Map<string, Tool>, url = "", token = "";

before(async () => {
  await world.start("  bank:\n    service: bank\n    rules: { allow: [GET *] }\n");
  ({ url, token } = await world.serve());
  tools = await world.tools("main", { url, token });
});
after(() => world.stop());

const get = (path: string, signal?: AbortSignal): ReturnType<typeof call> =>
  call(tools, "janee_execute", { capability: "bank", method: "GET", path }, signal);

test("every tool is forwarded; the server decides", async () => {
  world.handler = (req, res) => { res.end(`you said ${req.headers.authorization}`); };
  assert.match(await say(tools, "janee_list_services"), /"name":"bank"/);
  assert.match((await get("/v1/x")).body ?? "", /^you said Bearer \[REDACTED:[0-9a-z]{6}\]$/);
  assert.equal(
    (await call(tools, "janee_execute", { capability: "bank", method: "POST", path: "/v1/x" }))
      .denial?.reasonCode,
    "RULE_DENY",
  );
  assert.match(await say(tools, "janee_whoami"), /"agentId":"default"/);
  assert.match(
    await say(tools, "janee_explain_access", { capability: "bank", method: "GET", path: "/" }),
    /bank/,
  );
  assert.match(await say(tools, "janee_reload_config"), /"success":true/);
  assert.match(world.run("sessions"), /default +http +bank/);
});

test("a cancelled call is called back", async () => {
  const started = Promise.withResolvers<void>(),
    gone = Promise.withResolvers<void>(),
    abort = new AbortController();
  world.handler = (_req, res) => {
    res.on("close", gone.resolve);
    started.resolve();
  };
  const answer = get("/v1/slow", abort.signal);
  await started.promise;
  abort.abort();
  assert.equal((await answer).denial?.reasonCode, "CANCELLED");
  await gone.promise; // the server has ended the request
});

test("a server that was started again is reached again; one that is gone is told", async () => {
  world.handler = (_req, res) => { res.end("ok"); };
  await world.unserve();
  const refused = await get("/v1/x");
  assert.equal(refused.denial?.reasonCode, "UPSTREAM_UNREACHABLE");
  assert.match(refused.denial?.nextStep ?? "", /janee serve/);
  await world.serve(new URL(url).port);
  assert.equal((await get("/v1/x")).body, "ok");
  await world.unserve();
  // between two calls: the session is unknown, and opened anew
  await world.serve(new URL(url).port);
  assert.equal((await get("/v1/x")).body, "ok");
});

test("a wrong token is refused, and stands in no answer", async () => {
  const other = await world.tools("main", { url, token: "wrong_token_of_the_test" });
  const text = await say(other, "janee_whoami");
  assert.match(text, /does not know the token/);
  assert.doesNotMatch(text, /wrong_token|plugin_test/);
  assert.ok(!text.includes(key));
});
