// What vouches for a server: only what its owner agreed to, in a file that nobody else could
// change.
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { authority } from "../src/authority.ts";
import { Fault } from "../src/fault.ts";
import { Guard } from "../src/guard.ts";

// SHA-256 of "abc", FIPS 180-2 B.1
const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const root = process.geteuid?.() === 0;

function place(t: TestContext): { dir: string; file: string } {
  const above = mkdtempSync(join(tmpdir(), "janee-"));
  t.after(() => rmSync(above, { recursive: true }));
  const dir = join(above, "ca"), file = join(dir, "ca.pem");
  mkdirSync(dir, 0o700);
  writeFileSync(file, "abc", { mode: 0o600 });
  return { dir, file };
}

const read = (path: string, digest?: string): string => authority(new Guard(false), path, digest);
const faults = (ending: string, detail: RegExp) => (err: unknown): boolean =>
  err instanceof Fault && err.ending === ending && detail.test(err.message);

test("the authorities are those that were agreed to", (t) => {
  const { file } = place(t);
  assert.equal(read(file, abc), "abc");
  assert.equal(read(file), "abc");
  writeFileSync(file, "abcd");
  assert.throws(() => read(file, abc), faults("untrusted", /other certificate authorities/));
  assert.throws(() => read(file, ""), faults("untrusted", /other certificate authorities/));
});

test("a file that others could change vouches for nobody", (t) => {
  const { dir, file } = place(t);
  symlinkSync("ca.pem", join(dir, "link"));
  assert.equal(read(join(dir, "link"), abc), "abc");
  chmodSync(file, 0o644);
  assert.equal(read(file, abc), "abc");
  for (const mode of [0o666, 0o664, 0o602]) {
    chmodSync(file, mode);
    assert.throws(() => read(file, abc), faults("unreachable", /written to by other users/));
  }
  chmodSync(file, 0o600);
  chmodSync(dir, 0o777);
  assert.throws(() => read(file, abc), faults("unreachable", /written to by other users/));
  chmodSync(dir, 0o700);
  assert.throws(() => read(dir, abc), faults("unreachable", /not a regular file/));
  symlinkSync("circle", join(dir, "circle"));
  assert.throws(() => read(join(dir, "circle"), abc), faults("unreachable", /too many links/));
});

test(
  "nor does one of another user",
  { skip: root ? false : "only root can give a file away" },
  (t) => {
    const { dir, file } = place(t);
    const link = join(dir, "link");
    symlinkSync("ca.pem", link);
    lchownSync(link, 12345, 12345);
    assert.throws(() => read(link, abc), faults("unreachable", /belongs to user 12345/));
    chownSync(file, 12345, 12345);
    assert.throws(() => read(file, abc), faults("unreachable", /belongs to user 12345/));
  },
);
