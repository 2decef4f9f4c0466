// The directory that janee keeps: config.yaml, grants, approvals, logs. Files and names are those
// of package home of the Go side, which sweeps what a killed process leaves; config.yaml is written
// by the Go side alone. This knows nothing of what the files say.
import { randomBytes } from "node:crypto";
import { constants, lstatSync, readdirSync } from "node:fs";
import { link, mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errno, FileFault } from "./refusal.ts";
import { Guard, stampOf } from "./guard.ts";
import type { FileWrite } from "./messages.ts";

// A second check: names come from the core and are made of hashes, but a ".." that got this far
// would write anywhere.
const stateName =
  /^(?:LOCKED|(?:sessions|approvals)\/[a-z0-9]{1,64}\.(?:json|revoked|answer|used|tries))$/;

/**
 * What was found under some names: for each the length of its content in raw, null for none, false
 * for one that cannot be read.
 */
export interface Found { files: (number | null | false)[]; raw: Buffer }

export class Home {
  readonly dir: string;
  readonly guard: Guard;

  /** Opens the home at dir, which janee init has made. Errors: FileFault. */
  constructor(dir: string, guard: Guard) {
    this.dir = dir;
    this.guard = guard;
    try {
      guard.checkDir(dir);
    } catch (err) {
      throw errno(err) === "ENOENT"
        ? new FileFault(`open janee home "${dir}": it does not exist`, "janee init")
        : err;
    }
    for (const name of ["logs", "sessions", "approvals"])
      absentOr(() => guard.checkDir(this.path(name)));
    for (const name of ["config.yaml", ".lock"]) absentOr(() => guard.checkFile(this.path(name)));
  }

  path(name: string): string { return join(this.dir, name); }

  /** config.yaml and the stamp it had when reading began. */
  readConfig(): { data: Buffer; stamp: string } {
    return this.guard.read(this.path("config.yaml"));
  }

  /** The stamp of config.yaml now; "" where there is none. */
  configStamp(): string { return this.#stamp("config.yaml"); }

  /** Stamps of state files, "" where there is none, for one stat a name. */
  stamps(names: string[]): string { return names.map((name) => this.#stamp(name)).join(); }

  /** Reads state files for the core. */
  find(names: string[]): Found {
    const parts: Buffer[] = [];
    const files = names.map((name) => {
      try {
        const data = this.#read(name);
        if (data === null) return null;
        parts.push(data);
        return data.length;
      } catch {
        return false; // unreadable: the core fails closed
      }
    });
    return { files, raw: Buffer.concat(parts) };
  }

  /** What a state file holds; null: there is none. */
  read(name: string): string | null { return this.#read(name)?.toString() ?? null; }

  /**
   * Stores data, durably. With create it never replaces a file; with was it replaces only one that
   * holds exactly that. If it did not write, it returns what is there. With was, another process
   * may write between the look and the write, because Node has no lock that it could share with Go.
   */
  async write({ name, data, create, was }: FileWrite): Promise<string | null | undefined> {
    const path = await this.#place(name);
    if (was !== undefined) {
      const existing = this.read(name);
      if (existing !== was) return existing;
    }
    // the winner's file may be gone before it is read: revoked sessions are removed
    for (let i = 0; i < 3; i++) {
      if (await put(path, data, create)) return undefined;
      const existing = this.read(name);
      if (existing !== null) return existing;
    }
    throw new Error(`create "${path}": other processes keep creating and removing it`);
  }

  /** Takes a state file away, durably. A missing one is no error. */
  async remove(name: string): Promise<void> {
    const path = await this.#place(name);
    try {
      await unlink(path);
    } catch (err) {
      if (errno(err) !== "ENOENT") throw err;
    }
    await syncDir(dirname(path));
  }

  /** Names of the state files in dir, sorted. */
  list(dir: string): string[] {
    try {
      this.guard.checkDir(this.path(dir));
    } catch (err) {
      if (errno(err) === "ENOENT") return [];
      throw err;
    }
    return readdirSync(this.path(dir))
      .map((base) => `${dir}/${base}`)
      .filter((name) => stateName.test(name))
      .sort();
  }

  #stamp(name: string): string {
    const stat = lstatSync(this.path(name), { bigint: true, throwIfNoEntry: false });
    return stat ? stampOf(stat) : "";
  }

  #read(name: string): Buffer | null {
    named(name);
    try {
      this.guard.checkDir(dirname(this.path(name)));
      return this.guard.read(this.path(name)).data;
    } catch (err) {
      if (errno(err) === "ENOENT") return null;
      throw err;
    }
  }

  async #place(name: string): Promise<string> {
    named(name);
    const path = this.path(name);
    await makeDir(dirname(path));
    this.guard.checkDir(dirname(path));
    return path;
  }
}

/** Makes dir, 0700, where it is missing. */
export async function makeDir(dir: string): Promise<void> {
  if (await mkdir(dir, { recursive: true, mode: 0o700 })) await syncDir(dirname(dir));
}

/**
 * Makes names in dir durable: fsync of a file alone does not promise that its name survives a crash
 * (fsync(2)).
 */
export async function syncDir(dir: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(dir, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (err) {
    if (errno(err) !== "EINVAL") throw err; // a file system that has no such notion
  } finally {
    await handle.close();
  }
}

function named(name: string): void {
  if (!stateName.test(name)) throw new Error(`state file "${name}": not a name janee uses`);
}

function absentOr(check: () => void): void {
  try {
    check();
  } catch (err) {
    if (errno(err) !== "ENOENT") throw err;
  }
}

// put is false where create finds a file there. Link, unlike rename, never replaces: one of many
// writers wins.
async function put(path: string, data: string, create: boolean): Promise<boolean> {
  const temp = join(dirname(path), `.tmp-${randomBytes(16).toString("hex")}`);
  let won = true;
  try {
    const handle = await open(
      temp,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0),
      0o600,
    );
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (create) won = await linked(temp, path);
    else await rename(temp, path);
  } finally {
    await unlink(temp).catch(() => undefined); // after a rename there is none
  }
  await syncDir(dirname(path)); // the loser syncs too, because it acts on the winner's file
  return won;
}

async function linked(temp: string, path: string): Promise<boolean> {
  try {
    await link(temp, path);
    return true;
  } catch (err) {
    if (errno(err) === "EEXIST") return false;
    throw err;
  }
}
