// The core as a WebAssembly module: messages in, answers out, as docs/formats.md describes under
// "ABI". Use Module.call for every decision; it is synchronous, so that calls on one instance never
// overlap. Nothing here knows what the messages mean.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { limits } from "./limits.ts";
import type { Answers, ErrorAnswer, ErrorCode, Item } from "./messages.ts";
import { wasi } from "./wasi.ts";

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  janee_abi(): number;
  janee_req(n: number): number;
  janee_do(n: number): number;
  janee_res(): number;
  janee_wipe(): void;
}

interface Envelope { ok: boolean; error?: ErrorAnswer }

/** An answer of the core that is an error, by its code. */
export class CoreError extends Error {
  readonly code: ErrorCode;
  readonly items: Item[];
  constructor(code: ErrorCode, message: string, items: Item[] = []) {
    super(message);
    this.code = code;
    this.items = items;
  }
}

/** The instance died. What it would have said may hold a credential and is not repeated. */
export class Trap extends Error {
  constructor() { super("Janee's core stopped"); }
}

/** Reads and compiles the module at url, if its bytes are those of sha256 (hex). */
export async function compile(url: URL, sha256: string): Promise<WebAssembly.Module> {
  const bytes = await readFile(url);
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) {
    throw new Error(
      "janee.wasm is not the file that this plugin was built with: install the plugin again",
    );
  }
  return WebAssembly.compile(bytes);
}

/** One instance of the core. */
export class Module {
  #exports: Exports;
  #dead = false;

  private constructor(exports: Exports) { this.#exports = exports; }

  /** Starts an instance of a compiled module. */
  static async start(compiled: WebAssembly.Module): Promise<Module> {
    const instance: WebAssembly.Instance = await WebAssembly.instantiate(compiled, {
      wasi_snapshot_preview1: wasi(() => exports.memory),
    });
    const exports = instance.exports as unknown as Exports;
    exports._initialize();
    if (exports.janee_abi() !== limits.version)
      throw new Error("janee.wasm speaks another version");
    return new Module(exports);
  }

  /**
   * True after a trap: the Go runtime inside may still answer, but nothing it says can be trusted.
   */
  get dead(): boolean { return this.#dead; }

  /** Sends one message with its raw bytes. Errors: CoreError, or Trap if the instance is dead. */
  call<Op extends keyof Answers>(
    op: Op,
    members: object = {},
    raw: Uint8Array = empty,
  ): { answer: Answers[Op]; raw: Buffer } {
    if (this.#dead) throw new Trap();
    const text = Buffer.from(JSON.stringify({ v: limits.version, op, ...members }));
    const frame = this.#exchange(text, raw);
    const end = 4 + frame.readUInt32LE(0);
    const answer = JSON.parse(frame.toString("utf8", 4, end)) as Envelope & Answers[Op];
    if (!answer.ok)
      throw new CoreError(
        answer.error?.code ?? "internal",
        answer.error?.message ?? "",
        answer.error?.items,
      );
    return { answer, raw: frame.subarray(end) };
  }

  #exchange(text: Buffer, raw: Uint8Array): Buffer {
    const e = this.#exports, length = 4 + text.length + raw.length;
    try {
      const at = e.janee_req(length) >>> 0;
      if (at === 0) throw new CoreError("too_large", "the message is too large");
      // Views are made again for each call: memory that grows leaves old ones behind.
      const room = Buffer.from(e.memory.buffer, at, length);
      room.writeUInt32LE(text.length, 0);
      room.set(text, 4);
      room.set(raw, 4 + text.length);
      const n = e.janee_do(length) >>> 0;
      const answer = Buffer.from(Buffer.from(e.memory.buffer, e.janee_res() >>> 0, n));
      e.janee_wipe(); // a key or a signed request may be in the buffers
      return answer;
    } catch (err) {
      if (err instanceof CoreError) throw err;
      this.#dead = true;
      throw new Trap();
    }
  }
}

const empty = new Uint8Array(0);
