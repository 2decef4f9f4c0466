// A call on its way through the core: what is kept of replies, which is only that of the reply that
// the agent gets; and what a person said about it.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { AuditLog } from "../src/auditlog.ts";
import { Engine, type Live } from "../src/engine.ts";
import { Flow } from "../src/flow.ts";
import { Guard } from "../src/guard.ts";
import { Home } from "../src/home.ts";
import { sha256 } from "../src/generated.ts";
import { compile } from "../src/module.ts";
import { settings } from "../src/settings.ts";
import { Pool } from "../src/share.ts";
import { dist, World } from "./harness.ts";

const world = new World();
const large = "a".repeat(90 << 10);
let engine: Engine, tokens = 0, refused = "";

before(async () => {
  await world.start(
    "  idp: {service: idp, timeout: 3s}\n  camera: {service: camera, timeout: 3s}\n" +
    "  asks: {service: bank, autoApprove: false}\n",
  );
  const path = join(world.home, "config.yaml");
  writeFileSync(
    path,
    readFileSync(path, "utf8").replace(
      /^services:\n/m,
      `services:\n  idp:\n    baseUrl: ${world.url}/idp\n` +
        `    auth: {type: oauth2-client-credentials, tokenUrl: '${world.url}/token', ` +
        "clientId: me, clientSecret: client_secret_of_the_test}\n" +
        `  camera:\n    baseUrl: ${world.url}/camera\n    testPath: /x\n` +
        "    auth: {type: digest, username: me, password: password_of_the_test}\n",
    ),
  );
  const s = settings(world.config, {});
  assert.ok(s.mode === "embedded");
  engine = new Engine({
    settings: s,
    program: "test",
    warn: (text) => { world.warnings.push(text); },
    compiled: () => compile(new URL("janee.wasm", dist), sha256),
  });
  world.api.removeAllListeners("request").on("request", (req, res) => {
    world.seen.push(`${req.method} ${req.url}`);
    const { authorization = "" } = req.headers;
    if (req.url === "/token") {
      const access_token = `token_of_the_test_000${++tokens}`;
      res.end(JSON.stringify({ access_token, token_type: "Bearer", expires_in: 3600 }));
    } else if (req.url?.startsWith("/camera") && !authorization.startsWith("Digest "))
      res.writeHead(401, { "WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"' })
        .end(large);
    else if (refused && authorization.endsWith(refused))
      res.writeHead(401, { "WWW-Authenticate": 'Bearer error="invalid_token"' }).end(large);
    else res.end(large);
  });
});
afterEach(async () => {
  await engine.close();
  assert.deepEqual(world.warnings, []);
});
after(() => world.stop());

function flow(live: Live, tool: string, args: object, room: number): Flow {
  const warn = (text: string): void => { world.warnings.push(text); };
  const made = new Flow(live, { tool, args, agent: "main" }, new Pool(room, 0), warn);
  made.open();
  return made;
}

/** Makes a call whose agent has room for that many bytes of replies. */
async function make(tool: string, args: object, room: number): Promise<Record<string, unknown>> {
  const outcome = await flow(await engine.current(), tool, args, room)
    .proceed(new AbortController().signal);
  assert.ok(outcome && "texts" in outcome);
  return JSON.parse(outcome.texts.at(-1) ?? "") as Record<string, unknown>;
}

// Room for one reply, and half another.
const room = 150 << 10, maxBytes = 100 << 10;

for (const [capability, first] of [["idp", "refuses the token"], ["camera", "asks for a digest"]]) {
  test(`a reply that ${first} takes no room from the one that follows`, async () => {
    const args = { capability, method: "GET", path: "/x", maxBytes };
    assert.equal((await make("execute", args, room))["body"], large);
    const from = world.seen.length;
    refused = "0001";
    const answer = await make("execute", args, room);
    const sent = world.seen.slice(from).filter((one) => one.startsWith("GET"));
    assert.deepEqual(sent, [`GET /${capability}/x`, `GET /${capability}/x`]);
    assert.deepEqual(
      [answer["status"], answer["truncated"], answer["body"] === large], [200, false, true],
    );
  });
}

test("a reply for which there is no room is cut", async () => {
  const answer = await make("execute", { capability: "idp", method: "GET", path: "/x" }, 10 << 10);
  assert.deepEqual([answer["status"], answer["truncated"], answer["body"]], [200, true, ""]);
});

for (const service of ["camera", ""]) {
  test(`test_service keeps nothing of a reply: ${service || "all services"}`, async () => {
    const from = performance.now();
    const answer = await make("test_service", service ? { service } : {}, 0);
    assert.match(JSON.stringify(answer), /"service":"camera",[^}]*"statusCode":200/);
    assert.ok(performance.now() - from < 5000, "it waits for room");
  });
}

for (const [what, breaks, ending] of [
  ["counts once it is recorded", false, "send"],
  ["does not count if it cannot be recorded", true, "AUDIT_UNAVAILABLE"],
] as const) {
  test(`a yes ${what}`, async () => {
    const live = { ...await engine.current() }, { signal } = new AbortController();
    const args = { capability: "asks", method: "POST", path: `/${ending}`, reason: "Pay" };
    const asked = flow(live, "execute", args, room);
    assert.equal(await asked.proceed(signal, () => asked.waitsFor() !== null), null);
    if (breaks) live.log = broken();
    await asked.answer("allow", "once");
    const outcome = await asked.proceed(signal, ({ type }) => type === "send");
    asked.drop();
    const [prose] = outcome && "texts" in outcome ? outcome.texts : ["send"];
    assert.match(prose ?? "", new RegExp(`^${ending}`));
  });
}

// broken is a log that takes no line: others could have laid the directory that it is in.
function broken(): AuditLog {
  const dir = join(world.dir, "broken");
  mkdirSync(dir, { mode: 0o700 });
  const home = new Home(dir, new Guard(false));
  symlinkSync(world.home, join(dir, "logs"));
  return new AuditLog(home);
}
