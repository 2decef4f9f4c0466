// A disk that fills up below the plugin: what was begun is recorded to its end, then everything is
// refused until there is room again.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { call, World } from "./harness.ts";

test("a full disk refuses every call, and says how many when it is over", async (t) => {
  const world = new World();
  mkdirSync(world.home, { mode: 0o700 });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "mode=0700,size=256k", "tmpfs", world.home], {
      stdio: "ignore",
    });
  } catch {
    rmSync(world.dir, { recursive: true });
    t.skip("a small file system cannot be mounted here");
    return;
  }
  t.after(async () => {
    await world.halt(); // closes the files
    execFileSync("umount", ["-l", world.home]);
    await world.stop();
  });
  await world.start("  bank:\n    service: bank\n");
  const tools = await world.tools("main");
  const get = (path: string): ReturnType<typeof call> =>
    call(tools, "janee_execute", { capability: "bank", method: "GET", path });
  assert.equal((await get("/before")).status, 200);
  const fill = join(world.home, "fill"), fd = openSync(fill, "wx", 0o600);
  assert.throws(() => { for (;;) writeSync(fd, Buffer.alloc(4096)); }, /ENOSPC/);
  closeSync(fd);

  let served = 1, refused = 0;
  for (let i = 0; i < 200 && refused < 3; i++) {
    const answer = await get(`/${i}`);
    if (answer.status === 200) served++;
    else {
      assert.equal(answer.denial?.reasonCode, "AUDIT_UNAVAILABLE");
      refused++;
    }
  }
  assert.equal(refused, 3);
  assert.equal(world.seen.length, served);
  assert.equal(
    (await call(tools, "janee_list_services", {})).denial?.reasonCode,
    "AUDIT_UNAVAILABLE",
  );
  rmSync(fill);
  assert.equal((await get("/after")).status, 200);
  await new Promise((done) => setTimeout(done, 100));
  const logs = join(world.home, "logs"),
    text = readdirSync(logs)
      .map((name) => readFileSync(join(logs, name), "utf8"))
      .join("");
  assert.equal(text.split('"event":"intent"').length - 1, served + 1);
  assert.equal(text.split('"event":"result"').length - 1, served + 1);
  assert.match(
    text,
    new RegExp(
      '"event":"recover","detail":\\{"cause":"keep room for the last records: ENOSPC[^"]*: ' +
        '4 calls were refused within \\d+ seconds"',
    ),
  );
  assert.equal(world.try("logs", "verify").status, 0, world.try("logs", "verify").text);
});
