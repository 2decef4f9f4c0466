// Time as the core wants it: wall clock in Unix milliseconds, and a clock that never goes back and
// runs on while the machine sleeps.
import { uptime } from "node:os";

let last = 0;

/**
 * Milliseconds since the machine started, sleep included: otherwise a revocation until 14:32 would
 * last for hours more after the lid was closed in between.
 */
export function mono(): number {
  last = Math.max(last, Math.floor(uptime() * 1000)); // macOS reckons it from the wall clock
  return last;
}

/** now is [wall, mono]. */
export function now(): [number, number] { return [Date.now(), mono()]; }
