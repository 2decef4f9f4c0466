// Undoes the content codings of a reply, within limits, so that the core can look for secrets in
// plain bytes. The limits are those of package upstream of the Go side.
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { Fault } from "./fault.ts";

type Bytes = AsyncIterable<Buffer>;

const maxLayers = 2;
// A layer may produce ratioSlack bytes plus a multiple of what came over the wire. Deflate reaches
// 1032 to 1, and rows that are all alike some 400. An outer layer produces compressed data, which
// hardly shrinks.
const maxRatio = 512;
const maxOuterRatio = 16;
const ratioSlack = 1 << 20;

const options = { chunkSize: 64 << 10 };

const openers: Record<string, (head: Buffer) => Transform & { bytesWritten: number }> = {
  gzip: () => createGunzip(options),
  "x-gzip": () => createGunzip(options),
  // some servers send it bare
  deflate: (head) => isZlib(head) ? createInflate(options) : createInflateRaw(options),
  br: () => createBrotliDecompress(options),
  zstd: () => createZstdDecompress(options),
};

/**
 * The codings of a reply, in the order in which they were applied. Errors: Fault unscannable for an
 * unknown one, or for more than two.
 */
export function codings(fields: string[]): string[] {
  const names = fields
    .join()
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length > maxLayers)
    throw new Fault("unscannable", "the reply is encoded more than twice");
  if (names.some((name) => !Object.hasOwn(openers, name)))
    throw new Fault("unscannable", "the reply has an unknown Content-Encoding");
  return names;
}

/** The plain bytes of a body that came over the wire. Errors: Fault. */
export async function* decode(body: Bytes, names: string[]): Bytes {
  const wire = { n: 0 };
  let from: Bytes = counted(body, wire);
  for (const [i, name] of names.entries().toArray().reverse())
    from = undo(from, name, wire, i === 0 ? maxRatio : maxOuterRatio);
  yield* from;
}

async function* counted(body: Bytes, wire: { n: number }): Bytes {
  try {
    for await (const chunk of body) {
      wire.n += chunk.length;
      yield chunk;
    }
  } catch (err) {
    throw err instanceof Fault ? err : new Fault("unreachable", "the reply ended early");
  }
}

async function* undo(from: Bytes, name: string, wire: { n: number }, ratio: number): Bytes {
  const input = from[Symbol.asyncIterator]();
  const head = await input.next();
  if (head.done) return; // some servers name a coding and send no body at all
  const through = openers[name]?.(head.value);
  if (!through) throw new Fault("unscannable", "the reply has an unknown Content-Encoding");
  const given = { n: 0 };
  const fed = pipeline(rest(head.value, input, given), through).catch((err: unknown) => err);
  let n = 0;
  try {
    for await (const chunk of through as AsyncIterable<Buffer>) {
      if ((n += chunk.length) > ratioSlack + ratio * wire.n)
        throw new Fault("unscannable", "the reply decodes to far more than was sent");
      yield chunk;
    }
  } catch (err) {
    throw err instanceof Fault ? err : damaged();
  } finally {
    through.destroy();
  }
  const err = await fed;
  // A decoder stops at the end of its data and does not report what follows it; bytesWritten is
  // what it has taken.
  if (err instanceof Fault) throw err;
  if (err instanceof Error || through.bytesWritten !== given.n || !(await input.next()).done)
    throw damaged();
}

const damaged = (): Fault =>
  new Fault("unscannable", "the reply does not decode as its Content-Encoding says");

async function* rest(head: Buffer, input: AsyncIterator<Buffer>, given: { n: number }): Bytes {
  for (let chunk = head; ;) {
    given.n += chunk.length;
    yield chunk;
    const next = await input.next();
    if (next.done) return;
    chunk = next.value;
  }
}

// A zlib header is a multiple of 31 (RFC 1950 section 2.2).
function isZlib(head: Buffer): boolean {
  return head.length > 1 && ((head[0] ?? 0) & 0x0f) === 8 && head.readUInt16BE(0) % 31 === 0;
}
