// The core in its instance: only the file that was built is started, and a dead instance answers
// nothing any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, CoreError, Module, Trap } from "../src/module.ts";
import { sha256 } from "../src/generated.ts";
import { Refusal } from "../src/refusal.ts";
import { Engine } from "../src/engine.ts";
import { settings } from "../src/settings.ts";
import { dist, World } from "./harness.ts";

const wasm = new URL("janee.wasm", dist);

test("a file of another sum is not started", async () => {
  await assert.rejects(
    compile(wasm, "0".repeat(64)),
    /not the file that this plugin was built with/,
  );
});

test("the core imports the 16 names of WASI and nothing else", async () => {
  const imports = WebAssembly.Module.imports(await compile(wasm, sha256));
  assert.deepEqual(
    [...new Set(imports.map((i) => `${i.module}.${i.name}`))].sort(),
    [
      "args_get",
      "args_sizes_get",
      "clock_time_get",
      "environ_get",
      "environ_sizes_get",
      "fd_close",
      "fd_fdstat_get",
      "fd_fdstat_set_flags",
      "fd_prestat_dir_name",
      "fd_prestat_get",
      "fd_read",
      "fd_write",
      "poll_oneoff",
      "proc_exit",
      "random_get",
      "sched_yield",
    ].map((n) => `wasi_snapshot_preview1.${n}`),
  );
});

test("what is wrong with a message is an error with a code", async () => {
  const core = await Module.start(await compile(wasm, sha256));
  for (const [op, members, code] of [
    ["nonsense", {}, "unknown_op"],
    ["begin", {}, "bad_request"],
    ["needs", { engine: 9, tool: "execute", agent: "a", via: "openclaw" }, "no_such_engine"],
  ] as const) {
    assert.throws(
      () => core.call(op as "begin", members),
      (err) => err instanceof CoreError && err.code === code,
      op,
    );
  }
  assert.throws(
    () => core.call("version", {}, Buffer.alloc(13 << 20)),
    (err) => err instanceof CoreError && err.code === "too_large",
  );
});

// Every instance that is started from here on, so that a test can overwrite its memory.
const memories: WebAssembly.Memory[] = [];
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (...args) => {
  const instance = await instantiate(...args);
  memories.push(instance.exports["memory"] as WebAssembly.Memory);
  return instance;
};

test("a trap throws the instance away; after three within a minute none is started", async (t) => {
  const world = new World();
  t.after(() => world.stop());
  await world.start("  bank:\n    service: bank\n");
  const s = settings({ home: world.home, keyFile: world.env["JANEE_KEY_FILE"] ?? "" }, {});
  assert.ok(s.mode === "embedded");
  const engine = new Engine({
    settings: s,
    program: "test",
    warn: () => undefined,
    compiled: () => compile(wasm, sha256),
  });
  const seen = new Set<Module>();
  for (let i = 0; i < 3; i++) {
    const { module } = await engine.current();
    module.call("version");
    seen.add(module);
    new Uint8Array(memories.at(-1)?.buffer ?? new ArrayBuffer(0)).fill(255);
    assert.throws(() => module.call("tools"), Trap);
    assert.throws(
      () => module.call("version"),
      Trap,
      "a dead instance may still answer, and is not asked",
    );
  }
  assert.equal(seen.size, 3);
  await assert.rejects(
    engine.current(),
    (err) =>
      err instanceof Refusal && /three times/.test(err.message) && /reload janee/.test(err.next),
  );
});

test("settings: a url means remote mode; the plugin's own come before the environment", () => {
  assert.deepEqual(settings({}, { JANEE_HTTP_URL: "http://h/mcp", JANEE_TOKEN: "t" }), {
    mode: "remote",
    url: "http://h/mcp",
    token: "t",
  });
  const s = settings(
    { home: "/a", keyFile: "/k" },
    { JANEE_HOME: "/b", JANEE_KEY_FILE: "/l", JANEE_ALLOW_GROUP: "1", HOME: "/h" },
  );
  assert.ok(s.mode === "embedded" && s.home === "/a" && s.keyFile === "/k" && s.group);
});
