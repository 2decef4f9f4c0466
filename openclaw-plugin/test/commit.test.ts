// Commits, against a home on the disk: what must still be as it was read, and what is there
// otherwise.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync }
  from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AuditLog } from "../src/auditlog.ts";
import { commit } from "../src/commit.ts";
import { Guard } from "../src/guard.ts";
import { Home } from "../src/home.ts";
import type { Commit, CommittedEvent } from "../src/messages.ts";

const name = "sessions/a.json", other = "sessions/b.json";
const line = '{"ts":"2026-11-30T10:00:00.000Z","event":"open"}\n';

class Disk {
  readonly dir = mkdtempSync(join(tmpdir(), "janee-commit-"));
  readonly home: Home;
  readonly log: AuditLog;
  readonly warnings: string[] = [];

  constructor(t: TestContext) {
    chmodSync(this.dir, 0o700);
    mkdirSync(join(this.dir, "sessions"), { mode: 0o700 });
    this.home = new Home(this.dir, new Guard(false));
    this.log = new AuditLog(this.home);
    t.after(async () => {
      await this.log.close();
      rmSync(this.dir, { recursive: true });
    });
  }

  put(file: string, data: string, mode = 0o600): void {
    writeFileSync(join(this.dir, file), data);
    chmodSync(join(this.dir, file), mode);
  }

  /** What a state file holds; null: there is none. */
  has(file: string): string | null { return this.home.read(file); }

  get lines(): string {
    const logs = join(this.dir, "logs");
    const names = readdirSync(this.dir).includes("logs") ? readdirSync(logs) : [];
    return names.map((file) => readFileSync(join(logs, file), "utf8")).join("");
  }

  commit(step: Partial<Commit>): Promise<CommittedEvent> {
    const whole: Commit = { type: "commit", writes: [], writer: "abcdefgh", lines: [line],
      late: false, ...step };
    return commit(this, whole, (text) => { this.warnings.push(text); });
  }
}

const replace = { name: other, data: "new", create: false };

for (const [what, there, data] of [
  ["another content", "theirs", "mine"],
  ["no file", null, "mine"],
  ["a file where there was none", "theirs", null],
] as const) {
  test(`a hold that finds ${what}: nothing is done`, async (t) => {
    const disk = new Disk(t);
    if (there !== null) disk.put(name, there);
    const event = await disk.commit({ holds: [{ name, data }], writes: [replace] });
    assert.deepEqual(event, { type: "committed", exists: { [name]: there }, stale: true });
    assert.deepEqual([disk.has(other), disk.lines], [null, ""]);
  });
}

test("a hold that cannot be read: nothing is done", async (t) => {
  const disk = new Disk(t);
  disk.put(name, "mine", 0o644);
  const event = await disk.commit({ holds: [{ name, data: "mine" }], writes: [replace] });
  assert.deepEqual(event, { type: "committed", err: true });
  assert.deepEqual([disk.has(other), disk.lines], [null, ""]);
  assert.match(disk.warnings.join(), /open to other users/);
});

test("holds that are met: files, lines and removes are done", async (t) => {
  const disk = new Disk(t);
  disk.put(name, "mine");
  const event = await disk.commit({
    holds: [{ name, data: "mine" }, { name: "LOCKED", data: null }],
    writes: [replace],
    removes: [name],
  });
  assert.deepEqual(event, { type: "committed", exists: {}, err: false, lost: false });
  assert.deepEqual([disk.has(name), disk.has(other), disk.lines], [null, "new", line]);
});

for (const [what, there, was, now] of [
  ["what was read", "old", "old", "new"],
  ["something else", "theirs", "old", "theirs"],
  ["nothing", null, "old", null],
] as const) {
  test(`a write in place of what was read finds ${what}`, async (t) => {
    const disk = new Disk(t);
    if (there !== null) disk.put(other, there);
    const event = await disk.commit({ writes: [{ ...replace, was }] });
    assert.deepEqual(event.exists, now === "new" ? {} : { [other]: there });
    assert.deepEqual([event.err, disk.has(other)], [false, now]);
  });
}

test("a write in place of what cannot be read fails", async (t) => {
  const disk = new Disk(t);
  disk.put(other, "old", 0o644);
  const event = await disk.commit({ writes: [{ ...replace, was: "old" }] });
  assert.equal(event.err, true);
  assert.equal(readFileSync(join(disk.dir, other), "utf8"), "old");
});

test("of two writes of a file that there must not be, the second finds the first", async (t) => {
  const disk = new Disk(t), create = { name: other, data: "first", create: true };
  assert.deepEqual((await disk.commit({ writes: [create] })).exists, {});
  const event = await disk.commit({ writes: [{ ...create, data: "second" }] });
  assert.deepEqual([event.exists, disk.has(other)], [{ [other]: "first" }, "first"]);
});
