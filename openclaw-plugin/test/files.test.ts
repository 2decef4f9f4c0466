// What reads files and what sends are different files: OpenClaw's audit warns of any that does
// both, and so would a reader. The audit itself is in e2e; this also holds what its rules of today
// forgive.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { dist } from "./harness.ts";

const reads = /from "node:fs|\bread(?:FileSync|File)\b|process\.env/;
const sends =
  /from "node:(?:https?|http2|tls|dgram)"|\bfetch\s*\(|\bpost\s*\(|WebSocket|\bconnect\s*\(/;
const never = /child_process|\beval\s*\(|new Function|vm"|(?:\\x[0-9a-f]{2}){6}|atob\(/i;

test("no file of the plugin both reads and sends, and none starts programs or makes code", () => {
  const files = readdirSync(dist).filter((name) => name.endsWith(".js"));
  assert.ok(files.length > 20);
  for (const name of files) {
    const text = readFileSync(new URL(name, dist), "utf8");
    assert.ok(!(reads.test(text) && sends.test(text)), `${name} reads and sends`);
    assert.doesNotMatch(text, never, name);
  }
});
