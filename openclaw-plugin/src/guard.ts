// Refuses files that another user could have written or could read, as package home of the Go side
// does; the messages are the same. Use it for every file that janee owns. On Windows modes mean
// nothing and the checks pass.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  statSync,
  type BigIntStats,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { FileFault } from "./refusal.ts";

const maxFile = 16 << 20; // bytes; no file of a home comes near it
const maxLinks = 8; // that may follow one another
// NONBLOCK, so that a FIFO in place of a file cannot hang the gateway before it is noticed.
const guarded = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export class Guard {
  /**
   * group permits group bits, and root as the owner, as container volumes have them
   * (JANEE_ALLOW_GROUP=1).
   */
  readonly group: boolean;
  constructor(group: boolean) { this.group = group; }

  checkDir(path: string): void { this.#check(path, lstatSync(path, { bigint: true }), true); }

  checkFile(path: string): void { this.#check(path, lstatSync(path, { bigint: true }), false); }

  /**
   * Refuses path as the directory of a file unless only root and this user can put another file in
   * its place. Others may read it.
   */
  checkPlace(path: string): void {
    for (const stat of [lstatSync(path, { bigint: true }), statSync(path, { bigint: true })])
      this.#checkPlace(path, stat);
  }

  #checkPlace(path: string, stat: BigIntStats): void {
    const me = process.geteuid?.();
    if (me === undefined) return;
    if (stat.uid !== BigInt(me) && stat.uid !== 0n) {
      throw new FileFault(
        `"${path}" belongs to user ${stat.uid}, not to you (user ${me})`,
        `sudo chown ${me} ${quote(path)}`,
      );
    }
    const writable = stat.mode & (this.group ? 0o002n : 0o022n);
    if (!stat.isSymbolicLink() && writable !== 0n && (stat.mode & 0o1000n) === 0n) {
      throw new FileFault(
        `"${path}" can be written to by other users (mode ${octal(stat)})`,
        `chmod ${this.group ? "o-w" : "go-w"} ${quote(path)}`,
      );
    }
  }

  /**
   * The content of a file that says whom to trust. Anyone may read it, but only this user and root
   * may own or write it, the directory it is in, and the links that lead to it.
   */
  readAuthority(path: string): Buffer {
    for (let links = 0; links < maxLinks; links++) {
      const stat = lstatSync(path, { bigint: true });
      this.#checkPlace(path, stat);
      this.checkPlace(dirname(path));
      if (!stat.isSymbolicLink()) return this.#readOpen(path);
      path = resolve(dirname(path), readlinkSync(path));
    }
    throw new FileFault(`"${path}": too many links`, "name the file itself");
  }

  #readOpen(path: string): Buffer {
    const fd = openSync(path, constants.O_RDONLY | guarded);
    try {
      const stat = fstatSync(fd, { bigint: true });
      if (!stat.isFile()) throw new FileFault(`"${path}" is not a regular file`, "");
      this.#checkPlace(path, stat);
      return readAll(fd, path);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Opens path with flags (a file it makes is 0600) and checks the very file it opened. The caller
   * closes it.
   */
  open(path: string, flags: number): number {
    let fd: number;
    try {
      fd = openSync(path, flags | guarded, 0o600);
    } catch (err) {
      // a link, a wrong owner or mode fails the open as well: this names the command that fixes it
      this.checkFile(path);
      throw err;
    }
    try {
      this.#check(path, fstatSync(fd, { bigint: true }), false);
    } catch (err) {
      closeSync(fd);
      throw err;
    }
    return fd;
  }

  /** The whole file and its stamp. */
  read(path: string): { data: Buffer; stamp: string } {
    const fd = this.open(path, constants.O_RDONLY);
    try {
      const stat = fstatSync(fd, { bigint: true });
      return { data: readAll(fd, path), stamp: stampOf(stat) };
    } finally {
      closeSync(fd);
    }
  }

  #check(path: string, stat: BigIntStats, dir: boolean): void {
    const aside = `mv ${quote(path)} ${quote(path + ".aside")}`;
    if (stat.isSymbolicLink()) throw new FileFault(`"${path}" is a symbolic link`, aside);
    if (dir ? !stat.isDirectory() : !stat.isFile())
      throw new FileFault(`"${path}" is not a ${dir ? "directory" : "regular file"}`, aside);
    const me = process.geteuid?.();
    if (me === undefined) return;
    if (stat.uid !== BigInt(me) && !(this.group && stat.uid === 0n)) {
      throw new FileFault(
        `"${path}" belongs to user ${stat.uid}, not to you (user ${me})`,
        `sudo chown ${dir ? "-R " : ""}${me} ${quote(path)}`,
      );
    }
    if ((stat.mode & (this.group ? 0o007n : 0o077n)) !== 0n) {
      throw new FileFault(
        `"${path}" is open to other users (mode ${octal(stat)})`,
        `chmod ${this.group ? "o=" : dir ? "700" : "600"} ${quote(path)}`,
      );
    }
  }
}

/** Tells one version of a file from another. */
export function stampOf(stat: BigIntStats): string {
  return `${stat.mtimeNs}.${stat.size}.${stat.ino}`;
}

function readAll(fd: number, path: string): Buffer {
  const parts: Buffer[] = [];
  for (let size = 0; ;) {
    const part = Buffer.allocUnsafe(16 << 10);
    const n = readSync(fd, part);
    if (n === 0) return Buffer.concat(parts);
    if ((size += n) > maxFile)
      throw new FileFault(`read "${path}": larger than ${maxFile >> 20} MiB`, "");
    parts.push(part.subarray(0, n));
  }
}

function octal(stat: BigIntStats): string {
  return (stat.mode & 0o777n).toString(8).padStart(4, "0");
}

function quote(s: string): string {
  return /^[A-Za-z0-9/._\-+@%:,=]+$/.test(s) ? s : `'${s.replaceAll("'", "'\\''")}'`;
}
