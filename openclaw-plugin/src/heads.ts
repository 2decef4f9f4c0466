// Reads how far the other chains of the log have come, so that the core can attest them in the
// first record of a new one. The core checks what is read here. A file that cannot be read is an
// error: if it were left out, it could be deleted unnoticed.
import { closeSync, constants, fdatasyncSync, fstatSync, readdirSync, readSync } from "node:fs";
import { errno } from "./refusal.ts";
import type { Home } from "./home.ts";

const fileName = /^\d{4}-\d\d-\d\d\.(cli|[a-z2-7]{8})(?:\.p\d{4})?\.jsonl$/;
const block = 16 << 10; // bytes read at once
const lastLines = 4; // a torn or forged line at the end leaves others to look at
const fresh = 60_000; // ms; an older file has long been synced

/** The first line of a chain and its last ones, each with its line feed. */
export interface Ends { writer: string; first: string; tail: string }

/** The ends of every chain. */
export function readHeads(home: Home): Ends[] {
  const byWriter = new Map<string, string[]>();
  for (const name of logFiles(home)) {
    const writer = fileName.exec(name)?.[1];
    if (writer) byWriter.set(writer, [...(byWriter.get(writer) ?? []), home.path(`logs/${name}`)]);
  }
  return [...byWriter].map(([writer, files]) => ({
    writer,
    first: firstLine(home, files[0] ?? ""),
    tail: tail(home, files),
  }));
}

function logFiles(home: Home): string[] {
  try {
    return readdirSync(home.path("logs")).sort();
  } catch (err) {
    if (errno(err) === "ENOENT") return [];
    throw err;
  }
}

function firstLine(home: Home, path: string): string {
  return reading(home, path, (fd, size) => {
    let text: Buffer = Buffer.alloc(0);
    while (text.length < size) {
      text = Buffer.concat([text, part(fd, text.length, Math.min(size, text.length + block))]);
      const end = text.indexOf(10);
      if (end >= 0) return text.toString("utf8", 0, end);
    }
    return "";
  });
}

// tail looks into earlier files if the last one has no whole line yet.
function tail(home: Home, files: string[]): string {
  for (const path of files.toReversed()) {
    const lines = reading(home, path, (fd, size, fresh) => {
      // what is attested must not be lost in a crash that spares the line that attests it
      if (fresh) fdatasyncSync(fd);
      return lastOf(fd, size);
    });
    if (lines) return lines;
  }
  return "";
}

function lastOf(fd: number, size: number): string {
  let from = size, text: Buffer = Buffer.alloc(0), starts: number[] = [];
  while (from > 0 && starts.length <= lastLines) {
    const next = Math.max(0, from - Math.max(block, text.length));
    text = Buffer.concat([part(fd, next, from), text]);
    from = next;
    starts = feeds(text);
  }
  const end = (starts.at(-1) ?? -1) + 1;
  const start =
    starts.length > lastLines ? (starts.at(-1 - lastLines) ?? -1) + 1 : from === 0 ? 0 : end;
  return text.toString("utf8", start, end);
}

function feeds(text: Buffer): number[] {
  const at: number[] = [];
  for (let i = text.indexOf(10); i >= 0; i = text.indexOf(10, i + 1)) at.push(i);
  return at;
}

function reading<T>(
  home: Home,
  path: string,
  read: (fd: number, size: number, fresh: boolean) => T,
): T {
  const fd = home.guard.open(path, constants.O_RDONLY);
  try {
    const stat = fstatSync(fd);
    return read(fd, stat.size, Date.now() - stat.mtimeMs < fresh);
  } finally {
    closeSync(fd);
  }
}

function part(fd: number, from: number, to: number): Buffer {
  const into = Buffer.alloc(to - from);
  return into.subarray(0, readSync(fd, into, 0, into.length, from));
}
