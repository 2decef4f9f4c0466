// How agents share, against what package fair of the Go side promises.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Body } from "../src/body.ts";
import { Pool } from "../src/share.ts";

const never = new AbortController().signal;
const over = AbortSignal.abort();

/** Takes for agent as much as its share has, in steps of n. */
async function fill(pool: Pool, agent: string, n: number): Promise<number> {
  let held = 0;
  while (await pool.lease(agent).room(n, over)) held += await pool.lease(agent).take(n, n, over);
  return held;
}

test("the next agent always has a share, and at least the floor", async () => {
  for (let agents = 1; agents <= 20; agents++) {
    const pool = new Pool(6400, 100);
    for (let i = 0; i < agents; i++) {
      const held = await fill(pool, `agent${i}`, 10);
      assert.ok(i === 0 ? held === 3200 : held >= 100, `agent ${i}: ${held}`);
    }
    assert.ok(await fill(pool, "alice", 10) >= 100);
  }
});

test("one lease goes beyond the share, with all that it needs", async () => {
  const pool = new Pool(64, 1), first = pool.lease("a"), second = pool.lease("a");
  assert.equal(await first.take(32, 64, never), 32);
  assert.equal(await first.take(1, 10, never), 10);
  assert.equal(await second.take(1, 10, over), 0);
  const waits = second.take(1, 10, never);
  first.free();
  assert.equal(await waits, 1);
});

test("a body without room is cut", async () => {
  const pool = new Pool(64, 4), other = pool.lease("mallory");
  await other.take(64, 64, never);
  const lease = pool.lease("alice"), body = new Body(lease, 10, AbortSignal.timeout(20));
  assert.ok(await body.keep(Buffer.from("abcd")));
  assert.equal(await body.keep(Buffer.from("e")), false);
  assert.equal(body.bytes().toString(), "abcd");
  lease.free();
});
