// The module in Node gives the bytes that the native core gives: every story of
// core/testdata/flows, and the vectors about judging, scrubbing and addresses, of JANEE_VECTORS or
// of this module. node --test wasm/, after make wasm; JANEE_WASM names another module.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { start } from "./module.mjs";

const at = (path) => new URL(path, import.meta.url);
const bytes = await readFile(process.env.JANEE_WASM ?? at("../bin/janee.wasm"));
const compiled = await WebAssembly.compile(bytes);

// vectors runs a test over a set. One that JANEE_VECTORS does not hold is skipped.
function vectors(name, run) {
  const from = process.env.JANEE_VECTORS;
  test(name, async (t) => {
    let text;
    try {
      text = await readFile(
        from ? `${from}/${name}` : at(`../core/testdata/vectors/${name}`),
        "utf8",
      );
    } catch (err) {
      if (from && err.code === "ENOENT") return t.skip(`${from} holds no ${name}`);
      throw err;
    }
    const { cases } = JSON.parse(text);
    assert.ok(cases.length > 0);
    t.diagnostic(`${name}: ${cases.length} cases`);
    return run(t, cases);
  });
}

test("the module is within its budget and asks for nothing but WASI", () => {
  assert.ok(bytes.length <= 12_000_000, `${bytes.length} bytes`);
  const packed = gzipSync(bytes, { level: 9 }).length;
  assert.ok(packed <= 3_000_000, `${packed} bytes by gzip`);
  for (const i of WebAssembly.Module.imports(compiled))
    assert.equal(`${i.module} ${i.kind}`, "wasi_snapshot_preview1 function");
});

function frame(text, raw) {
  const json = Buffer.from(text), head = Buffer.alloc(4);
  head.writeUInt32LE(json.length);
  return Buffer.concat([head, json, raw]);
}

const rawOf = (text, base64) => (base64 ? Buffer.from(base64, "base64") : Buffer.from(text ?? ""));

for (const name of (await readdir(at("../core/testdata/flows/"))).filter((n) =>
  n.endsWith(".json"),
)) {
  test(`flow ${name}`, async () => {
    const { said } = JSON.parse(await readFile(at(`../core/testdata/flows/${name}`), "utf8"));
    const core = await start(compiled);
    for (const [n, s] of said.entries()) {
      const text = s.send ? JSON.stringify(s.send) : s.text ?? "";
      const got = core.frame(frame(text, rawOf(s.raw, s.raw64)));
      const want = frame(JSON.stringify(s.answer), rawOf(s.out, s.out64));
      assert.ok(
        got.equals(want),
        `message ${n}, ${text.slice(0, 80)}:\n${got.subarray(4)}, want\n${want.subarray(4)}`,
      );
    }
  });
}

const vault = { id: "5f0c2f7c9b3e4d11a7d2c0ffee000001", key: "k1", check: "66a7e4c4f41d3cc5" };
const rootKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const moment = { now: [1795426425000, 1], rand: "5a".repeat(64) };
const core = await start(compiled);
after(() => core.call({ op: "wipe" }));

// JSON is YAML too.
const load = (services, capabilities) =>
  core.call(
    { op: "load", rootKey, writer: "q7m2k4xa" },
    JSON.stringify({ vault, services, capabilities }),
  ).answer;

// call takes a call to its refusal or its request.
function call(engine, args) {
  const { flow, files } = core.call(
    { op: "needs", engine, tool: "execute", agent: "main", via: "openclaw" },
    JSON.stringify(args),
  ).answer;
  return commits(
    flow,
    core.call({ op: "begin", flow, ...moment, files: files.map(() => null) }).answer,
  );
}

function commits(flow, { step }) {
  while (step.type === "commit") step = resume(flow, { type: "committed" }).step;
  return { flow, step };
}

function resume(flow, event) {
  const { answer } = core.call({ op: "resume", flow, ...moment, event });
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer;
}

const bearer = (baseUrl) => ({
  api: { baseUrl, auth: { type: "bearer", key: "the_key_of_the_service" } },
});

vectors("policy_bypass.json", async (t, cases) => {
  for (const c of cases) {
    await t.test(c.id, () => {
      const rules = Object.keys(c.rules ?? {}).length ? { rules: c.rules } : {};
      const { ok, engine } = load(bearer("https://api.example.com"), {
        api: { service: "api", ...rules },
      });
      let outcome = "reject"; // a rule that cannot be read refuses everything
      if (ok) {
        const { step } = call(engine, {
          capability: "api",
          method: c.method,
          path: c.path,
          ...(c.headers && { headers: c.headers }),
        });
        if (step.type === "send") outcome = "allow";
        else if (step.refusal.denial.reasonCode === "RULE_DENY") outcome = "deny";
        if (step.type === "send") sent(c, step);
        core.call({ op: "drop", engine });
      }
      assert.ok(c.accept.includes(outcome), `${outcome}, want one of ${c.accept}: ${c.why}`);
    });
  }
});

function sent(c, step) {
  if (c.sent)
    assert.ok([c.sent, ...(c.sent_any ?? [])].includes(step.target), `target ${step.target}`);
  assert.equal(step.url, `https://api.example.com${step.target}`);
  assert.equal(step.method, c.method.toUpperCase());
  for (const [name, value] of step.headers.filter(
    ([, v]) => v !== "Bearer the_key_of_the_service",
  )) {
    assert.ok(
      !c.must_not_send?.some((n) => n.toLowerCase() === name.toLowerCase()),
      `${name} would be sent`,
    );
    if (c.mns_value) assert.notEqual(value, c.mns_value);
  }
}

vectors("url_join.json", (_t, cases) => {
  for (const c of cases) {
    const { ok, engine } = load(bearer(c.base_url), { api: { service: "api" } });
    const step = ok ? call(engine, { capability: "api", method: "GET", path: c.path }).step : null;
    assert.equal(step?.type === "send" ? step.url : "reject", c.want, c.id);
  }
});

vectors("scrub.json", async (t, cases) => {
  const left = [];
  for (const c of cases) {
    await t.test(c.id, () => { if (!scrubbed(c)) left.push(c.id); });
  }
  t.diagnostic(`cannot be credentials: ${left}`);
  if (!process.env.JANEE_VECTORS) assert.deepEqual(left, ["v/empty-secret", "v/multiline-pem"]);
});

// scrubbed sends a reply through with the secrets as the credential of a service; false if they
// cannot be one.
function scrubbed(c) {
  const [one, two] = c.secrets;
  const auth =
    two === undefined
      ? { type: "basic", username: "user", password: one }
      : { type: "headers", headers: { "X-One": one, "X-Two": two } };
  const { ok, engine } = load(
    { api: { baseUrl: "https://api.example.com", auth } },
    { api: { service: "api", headers: "all" } },
  );
  if (!ok || one === "") return false;
  const { flow, step } = call(engine, { capability: "api", method: "GET", path: "/" });
  assert.equal(step.type, "send");
  resume(flow, { type: "head", status: 200, headers: Object.entries(c.response_headers ?? {}) });
  const parts = decoded(c).map(
    (chunk) => core.call({ op: "scrub", flow }, chunk).raw ?? Buffer.alloc(0),
  );
  parts.push(core.call({ op: "scrub", flow, last: true }).raw ?? Buffer.alloc(0));
  const body = Buffer.concat(parts);
  const done = commits(flow, resume(flow, { type: "ended", bytes: body.length })).step;
  const seen =
    body.toString() +
    Object.entries(done.result.headers)
      .map((h) => h.join(": "))
      .join("\n");
  for (const bad of c.must_not_contain ?? [])
    assert.ok(!seen.includes(bad), `${seen} holds ${bad}`);
  for (const good of c.must_contain ?? [])
    assert.ok(seen.includes(good), `${seen} does not hold ${good}`);
  return true;
}

// decoded undoes the content encodings, last first, which is the shell's part of the work.
function decoded(c) {
  const chunks = c.chunks_b64.map((s) => Buffer.from(s, "base64"));
  if (!c.content_encoding) return chunks;
  return [
    c.content_encoding
      .split(", ")
      .reduceRight(
        (body, e) => (e === "br" ? brotliDecompressSync(body) : gunzipSync(body)),
        Buffer.concat(chunks),
      ),
  ];
}

vectors("egress.json", (_t, cases) => {
  const { engine } = load(bearer("https://api.example.com"), { api: { service: "api" } });
  const { flow } = call(engine, { capability: "api", method: "GET", path: "/" });
  const permit = (addr) => core.call({ op: "classify", flow, addr, port: 443 }).answer.permit;
  for (const c of cases) {
    let allowed =
      c.kind === "addr"
        ? permit(c.value)
        : core.call({ op: "classify", host: c.value }).answer.class === "public";
    // harmless to read, and caught by its address
    if (c.value === "127.0.0.1.nip.io") allowed &&= permit("127.0.0.1");
    assert.equal(allowed, c.want === "allow", `${c.value}: ${c.why}`);
  }
});
