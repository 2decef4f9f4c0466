// What the log stores, in files of their own: a full one is followed by the next part of its day,
// and the heads are read from the last.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AuditLog } from "../src/auditlog.ts";
import { Guard } from "../src/guard.ts";
import { readHeads } from "../src/heads.ts";
import { Home } from "../src/home.ts";

const line = (day: string, n: number): string =>
  `{"ts":"${day}T10:00:00.000Z","n":${n},"pad":"${"x".repeat(60)}"}\n`;

test("a full file is followed by the next part of its day, a new day by its first", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "janee-log-"));
  t.after(() => {
    rmSync(dir, { recursive: true });
  });
  const home = new Home(dir, new Guard(false)),
    log = new AuditLog(home, 150),
    writer = "q7m2k4xa";
  const days = [
    "2026-11-23",
    "2026-11-23",
    "2026-11-23",
    "2026-11-23",
    "2026-11-22",
    "2026-11-24",
    "2026-11-24",
  ];
  const stored = await Promise.all(
    days.map((day, n) => log.append(writer, [line(day, n)], n % 2 === 0, Promise.resolve())),
  );
  assert.ok(stored.every(Boolean));
  await log.close();
  const names = readdirSync(join(dir, "logs")).sort();
  assert.deepEqual(names, [
    "2026-11-23.q7m2k4xa.jsonl",
    "2026-11-23.q7m2k4xa.p0002.jsonl",
    "2026-11-23.q7m2k4xa.p0003.jsonl",
    "2026-11-24.q7m2k4xa.jsonl",
  ]);
  assert.equal(
    names.map((name) => readFileSync(join(dir, "logs", name), "utf8")).join(""),
    days.map(line).join(""),
  );
  assert.deepEqual(
    readHeads(home).map((h) => [h.writer, h.first, h.tail.split("\n").length]),
    [[writer, line("2026-11-23", 0).trimEnd(), 3]],
  );
  assert.deepEqual(
    readHeads(home).map((h) => h.tail),
    [line("2026-11-24", 5) + line("2026-11-24", 6)],
  );
});
