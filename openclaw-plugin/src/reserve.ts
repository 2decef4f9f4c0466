// A file in logs/ that keeps room for the last records when the disk is full. All processes of a
// home share it. While it is missing and cannot be made again, calls are refused, so that no call
// begins whose result could not be recorded. Package auditlog of the Go side does the same.
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { makeDir, type Home } from "./home.ts";
import { errno } from "./refusal.ts";

const name = "logs/.reserve";
const most = 1 << 20, least = 16 << 10; // bytes; an eighth of a small file system

/** True for a full disk or a full quota. */
export function noSpace(err: unknown): boolean { return ["ENOSPC", "EDQUOT"].includes(errno(err)); }

/** Makes sure that the reserve is there. Errors: what keeps it from being made. */
export async function makeReserve(home: Home): Promise<void> {
  const path = home.path(name);
  if (lstatSync(path, { throwIfNoEntry: false })) return;
  await makeDir(home.path("logs"));
  home.guard.checkDir(home.path("logs"));
  const { bsize, blocks } = statfsSync(home.path("logs"));
  const zeros = Buffer.alloc(
    blocks > 0 ? Math.min(most, Math.max(least, Math.floor((bsize * blocks) / 8))) : most,
  );
  const fd = home.guard.open(path, constants.O_WRONLY | constants.O_CREAT);
  try {
    for (let at = 0; at < zeros.length;) at += writeSync(fd, zeros, at);
    fsyncSync(fd);
  } catch (err) {
    unlinkSync(path);
    throw err;
  } finally {
    closeSync(fd);
  }
}

/** Gives the room back to the disk; true if there was any. */
export function giveUpReserve(home: Home): boolean {
  try {
    unlinkSync(home.path(name));
    return true;
  } catch {
    return false;
  }
}
