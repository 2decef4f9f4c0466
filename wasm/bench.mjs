// Measures the module in Node: node wasm/bench.mjs bin/janee.wasm CALLS. Fails if its memory grows
// from the first tenth of the calls to the last.
import { readFile } from "node:fs/promises";
import { start } from "./module.mjs";

const config = `
vault: {id: 5f0c2f7c9b3e4d11a7d2c0ffee000001, key: k1, check: 66a7e4c4f41d3cc5, source: file}
services:
  stripe:
    baseUrl: https://api.stripe.com
    auth: {type: bearer, key: sk_live_of_the_measurement}
capabilities:
  stripe:
    service: stripe
    rules: {allow: [GET /v1/*, POST /v1/refunds], deny: [DELETE *]}
`;
const rootKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const wall = 1795426425000, rand = "5a".repeat(64);

const bytes = await readFile(process.argv[2] ?? "bin/janee.wasm");
const calls = Number(process.argv[3] ?? 20000);
const ready = [];
let core, engine;
for (let i = 0; i < 7; i++) {
  const from = performance.now();
  core = await start(await WebAssembly.compile(bytes));
  engine = ok(core.call({ op: "load", rootKey, writer: "q7m2k4xa" }, config)).engine;
  ready.push(performance.now() - from);
}
const rules = (one) => Array.from({ length: 500 }, (_, i) => one(i)).join(", ");
const ruled = ok(
  core.call(
    { op: "load", rootKey, writer: "q7m2k4xb" },
    config.replace(
      /rules: .*/,
      () =>
        `rules: {allow: [${rules((i) => `GET /v1/accounts/${i}/*/items`)}], ` +
          `deny: [${rules((i) => `"* /v1/Accounts/${i}/secret*"`)}]}`,
    ),
  ),
).engine;

function ok({ answer }) {
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

let mono = 0;
let refusals = 0;
// the refusals of one agent are recorded up to a point
const refused = () => take("DELETE", "/v1/customers/cus_1", engine, `main-${refusals++ >> 10}`);
function take(method, path, by = engine, agent = "main") {
  const args = JSON.stringify({ capability: "stripe", method, path, reason: "User asked" });
  const who = { engine: by, tool: "execute", agent, via: "openclaw" };
  const { flow, files: names } = ok(core.call({ op: "needs", ...who }, args));
  const files = names.map((name) => sessions[name] ?? null);
  const { step } = ok(
    core.call(
      { op: "begin", flow, now: [wall, ++mono], rand, files: files.map((f) => f && f.length) },
      files.find((f) => f),
    ),
  );
  return { flow, step };
}
const resume = (flow, event) =>
  ok(core.call({ op: "resume", flow, now: [wall, ++mono], rand, event })).step;
const sessions = {};
{ // the first call opens the session
  let { flow, step } = take("GET", "/v1/balance");
  for (; step.type === "commit"; step = resume(flow, { type: "committed" }))
    for (const w of step.writes) sessions[w.name] = w.data;
  ok(core.call({ op: "drop", flow }));
}
function deny() {
  const { flow, step } = refused();
  if (
    step.type !== "commit" ||
    resume(flow, { type: "committed" }).refusal.denial.reasonCode !== "RULE_DENY"
  )
    throw new Error("not denied");
}
function send() {
  const { flow } = take("GET", "/v1/balance?limit=3");
  if (resume(flow, { type: "committed" }).type !== "send") throw new Error("not sent");
  return flow;
}
function whole() {
  const flow = send();
  resume(flow, { type: "head", status: 200, headers: [["content-type", "application/json"]] });
  const { raw } = core.call({ op: "scrub", flow, last: true }, '{"balance":1}');
  resume(flow, { type: "ended", bytes: raw.length });
  if (resume(flow, { type: "committed" }).type !== "done") throw new Error("not done");
}
const kib = () => core.memory.buffer.byteLength >> 10;
function measure(name, n, f, after = () => {}) {
  const times = [], used = process.cpuUsage();
  let early = 0;
  for (let i = 0; i < n; i++) {
    const from = performance.now();
    const got = f();
    times.push(performance.now() - from);
    after(got);
    if (i === Math.floor(n / 10)) early = kib();
  }
  const { user, system } = process.cpuUsage(used);
  times.sort((a, b) => a - b);
  const us = (at) => (1000 * times[Math.floor(n * at)]).toFixed(0);
  console.log(
    `${name}: p50 ${us(0.5)} us, p99 ${us(0.99)} us, ` +
      `${((user + system) / n).toFixed(0)} us of processor a call; ` +
      `${n} calls, memory ${early} to ${kib()} KiB`,
  );
  return kib() - early;
}

ready.sort((a, b) => a - b);
console.log(
  `Node ${process.version}. Ready (compile, start, load): ` +
    `p50 ${ready[3].toFixed(1)} ms of 7, most ${ready[6].toFixed(1)} ms`,
);
const some = Math.min(calls, 20_000);
measure("one message", some, () => core.call({ op: "version" }));
let taken;
measure(
  "judged (needs, begin): refused",
  some,
  () => {
    taken = refused();
  },
  () => core.call({ op: "drop", flow: taken.flow }),
);
measure(
  "judged (needs, begin): allowed",
  some,
  () => {
    taken = take("GET", "/v1/balance?limit=3");
  },
  () => core.call({ op: "drop", flow: taken.flow }),
);
measure(
  "judged by 1,000 rules (needs, begin): allowed",
  some,
  () => {
    taken = take("GET", "/v1/accounts/499/x%20y/items?limit=10", ruled);
  },
  () => core.call({ op: "drop", flow: taken.flow }),
);
measure("to the refusal, its record stored (needs, begin, resume)", some, deny);
measure("to the signed request, its record stored (needs, begin, resume)", some, send, (flow) =>
  core.call({ op: "drop", flow }),
);
const grown = measure(
  "whole call with a reply (needs, begin, four of resume, scrub)",
  calls,
  whole,
);
if (grown > 1024) {
  console.error(`the memory has grown by ${grown} KiB`);
  process.exitCode = 1;
}
