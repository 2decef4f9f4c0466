// The module in Node: a WASI that gives it nothing but a clock that rises, and its messages. Tests
// and measurements use it.
import { Buffer } from "node:buffer";

/**
 * The imports of the module. Whatever could reach a file, the environment or the network answers
 * "no such descriptor".
 */
function wasi(memory) {
  const badf = 8, success = 0;
  let clock = 0n;
  const view = () => new DataView(memory().buffer);
  const none = (...at) => { for (const p of at) view().setUint32(p, 0, true); return success; };
  return {
    sched_yield: () => success,
    proc_exit: (code) => { throw new Error(`the module ended with ${code}`); },
    args_get: () => success,
    args_sizes_get: (count, size) => none(count, size),
    environ_get: () => success,
    environ_sizes_get: (count, size) => none(count, size),
    // The Go runtime stops where time stands still. What it is does not matter: core takes the time
    // from each message.
    clock_time_get: (_id, _precision, at) => {
      view().setBigUint64(at, (clock += 1000n), true);
      return success;
    },
    poll_oneoff: () => {
      throw new Error("the module waits for something that never comes");
    },
    // Only the runtime's hash seeds read this; what core draws comes with each message.
    random_get: (at, n) => { new Uint8Array(memory().buffer, at, n).fill(7); return success; },
    fd_read: () => badf,
    fd_write: (_fd, list, n, written) => {
      let size = 0; // a crash report may hold a credential: it is counted and dropped
      for (let i = 0; i < n; i++) size += view().getUint32(list + 8 * i + 4, true);
      view().setUint32(written, size, true);
      return success;
    },
    fd_close: () => badf,
    fd_fdstat_get: () => badf,
    fd_fdstat_set_flags: () => badf,
    fd_prestat_get: () => badf,
    fd_prestat_dir_name: () => badf,
  };
}

/** Starts an instance of a compiled module. */
export async function start(compiled) {
  const instance = await WebAssembly.instantiate(compiled, {
    wasi_snapshot_preview1: wasi(() => instance.exports.memory),
  });
  const { memory, _initialize, janee_abi, janee_req, janee_do, janee_res, janee_wipe } =
    instance.exports;
  _initialize();
  if (janee_abi() !== 1) throw new Error("the module speaks another version");
  const encoder = new TextEncoder();
  // Messages are written into the module's own buffer and read from it before the next one. Views
  // are made anew each time: memory that grows leaves old ones behind.
  const room = (n) => {
    const at = janee_req(n) >>> 0;
    if (at === 0) throw new Error("the message is too large");
    return Buffer.from(memory.buffer, at, n);
  };
  const answer = (n) => Buffer.from(memory.buffer, janee_res() >>> 0, n);
  const frame = (bytes) => {
    room(bytes.length).set(bytes);
    return Buffer.from(answer(janee_do(bytes.length)));
  };
  const call = (message, raw) => {
    const json = JSON.stringify({ v: 1, ...message }), body = raw ? Buffer.from(raw) : null;
    const into = room(4 + 3 * json.length + (body?.length ?? 0));
    const n = encoder.encodeInto(json, into.subarray(4)).written;
    into.writeUInt32LE(n, 0);
    if (body) into.set(body, 4 + n);
    const got = answer(janee_do(4 + n + (body?.length ?? 0)));
    const m = 4 + got.readUInt32LE(0),
      text = got.utf8Slice(4, m);
    return {
      text,
      answer: JSON.parse(text),
      raw: got.length > m ? Buffer.from(got.subarray(m)) : null,
    };
  };
  return { frame, call, wipe: janee_wipe, memory };
}
