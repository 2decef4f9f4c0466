// The WASI that the core gets: a clock that advances, seeds for its hash tables, and nothing else.
// Use it to start the core and for no other module. Whatever could reach a file, the environment or
// the network answers "no such descriptor", so that even a core that has gone wrong has no way out
// but its answers.
import { randomFillSync } from "node:crypto";

const success = 0;
const badDescriptor = 8; // __WASI_ERRNO_BADF

/**
 * The imports of the module. memory returns that of the instance, which is there before any of them
 * is called.
 */
export function wasi(
  memory: () => WebAssembly.Memory,
): Record<string, (...args: never[]) => number> {
  let clock = 0n;
  const view = (): DataView => new DataView(memory().buffer);
  const none = (count: number, size: number): number => {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return success;
  };
  const refuse = (): number => badDescriptor;
  return {
    sched_yield: () => success,
    proc_exit: (code: number) => { throw new Error(`the core ended with ${code}`); },
    args_get: () => success,
    args_sizes_get: none,
    environ_get: () => success,
    environ_sizes_get: none,
    // The Go runtime stops if time does not advance. What time it is does not matter: the core is
    // told with each message.
    clock_time_get: (_id: number, _precision: bigint, at: number) => {
      view().setBigUint64(at, (clock += 1000n), true);
      return success;
    },
    poll_oneoff: () => {
      throw new Error("the core waits for something that never comes");
    },
    random_get: (at: number, n: number) => {
      randomFillSync(new Uint8Array(memory().buffer, at, n));
      return success;
    },
    fd_read: refuse,
    fd_write: (_fd: number, list: number, n: number, written: number) => {
      let size = 0; // a crash report may hold a credential: it is counted and dropped
      for (let i = 0; i < n; i++) size += view().getUint32(list + 8 * i + 4, true);
      view().setUint32(written, size, true);
      return success;
    },
    fd_close: refuse,
    fd_fdstat_get: refuse,
    fd_fdstat_set_flags: refuse,
    fd_prestat_get: refuse,
    fd_prestat_dir_name: refuse,
  };
}
