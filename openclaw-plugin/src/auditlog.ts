// Stores the lines that the core has made: one file for each writer and day, continued in further
// parts when it is full. Lines are stored in the order in which they were made, and synced before
// what they permit is done. Use append for every commit; one queue keeps the order, and what waits
// together is synced together. It writes no line of its own and reads none.
import { constants } from "node:fs";
import { open, unlink, type FileHandle } from "node:fs/promises";
import { makeDir, syncDir, type Home } from "./home.ts";
import { says } from "./refusal.ts";
import { giveUpReserve, noSpace } from "./reserve.ts";

const maxFile = 64 << 20; // bytes after which a chain continues in another file
const maxPart = 9999;
const flushDelay = 50; // ms that a line about what has happened may wait for its sync

interface Job {
  chain: Chain;
  day: string;
  text: string;
  durable: boolean;
  ready: Promise<unknown>;
  done: (stored: boolean) => void;
}

/**
 * The file of one writer. Broken: a line of it was not stored, and no further one may follow the
 * gap.
 */
interface Chain {
  writer: string;
  day: string;
  part: number;
  size: number;
  file: FileHandle | null;
  broken: string;
  timer: NodeJS.Timeout | null;
}

export class AuditLog {
  #home: Home;
  #chains = new Map<string, Chain>();
  #jobs: Job[] = [];
  #pump: Promise<void> | null = null;
  #most: number;

  constructor(home: Home, most = maxFile) {
    this.#home = home;
    this.#most = most;
  }

  /** Why the chain of writer has ended; "" while it goes on. */
  broken(writer: string): string { return this.#chains.get(writer)?.broken ?? ""; }

  /**
   * Stores lines of writer after what ready waits for, and returns whether they are stored: durable
   * ones on the disk. The place in the order is taken when append is called. ready must not fail.
   */
  append(
    writer: string,
    lines: string[],
    durable: boolean,
    ready: Promise<unknown>,
  ): Promise<boolean> {
    let chain = this.#chains.get(writer);
    if (!chain)
      this.#chains.set(
        writer,
        (chain = { writer, day: "", part: 0, size: 0, file: null, broken: "", timer: null }),
      );
    return new Promise((done) => {
      this.#jobs.push({
        chain,
        day: dayOf(lines[0] ?? ""),
        text: lines.join(""),
        durable,
        ready,
        done,
      });
      this.#pump ??= this.#run();
    });
  }

  /** Waits for what was appended, syncs it and closes the files. */
  async close(): Promise<void> {
    await this.#pump;
    for (const chain of this.#chains.values()) {
      if (chain.timer) clearTimeout(chain.timer);
      if (chain.file) await this.#sync(chain).catch((err: unknown) => this.#fail(chain, err));
      await chain.file?.close();
    }
    this.#chains.clear();
  }

  async #run(): Promise<void> {
    while (this.#jobs.length > 0) {
      const jobs = this.#jobs.splice(0);
      const stored: Job[] = [];
      for (const job of jobs) {
        await job.ready;
        if (await this.#write(job)) stored.push(job);
        else job.done(false);
      }
      await this.#settle(stored);
    }
    this.#pump = null;
  }

  async #write(job: Job): Promise<boolean> {
    const { chain } = job;
    if (chain.broken) return false;
    try {
      // a clock set back must not put later lines into an earlier file
      if (job.day > chain.day) await this.#roll(chain, job.day, 1);
      else if (chain.size >= this.#most && chain.part < maxPart)
        await this.#roll(chain, chain.day, chain.part + 1);
      if (chain.file) await this.#put(chain.file, chain.size, job.text);
      chain.size += Buffer.byteLength(job.text);
      return true;
    } catch (err) {
      this.#fail(chain, err);
      return false;
    }
  }

  // put writes the same lines again if the disk was full and the reserve has made room: a reader
  // that has seen some of them sees them again.
  async #put(file: FileHandle, size: number, text: string): Promise<void> {
    try {
      await file.appendFile(text);
    } catch (err) {
      if (!noSpace(err) || !giveUpReserve(this.#home)) throw err;
      await file.truncate(size);
      await file.appendFile(text);
    }
  }

  // settle syncs once for all that was written in one turn.
  async #settle(jobs: Job[]): Promise<void> {
    for (const chain of new Set(jobs.filter((job) => job.durable).map((job) => job.chain))) {
      await this.#sync(chain).catch((err: unknown) => this.#fail(chain, err));
    }
    for (const job of jobs) {
      job.done(!job.chain.broken);
      if (!job.durable) this.#soon(job.chain);
    }
  }

  async #sync(chain: Chain): Promise<void> { await chain.file?.datasync(); }

  #soon(chain: Chain): void {
    chain.timer ??= setTimeout(() => {
      chain.timer = null;
      this.#sync(chain).catch((err: unknown) => this.#fail(chain, err));
    }, flushDelay);
  }

  // roll syncs the old file before the new one gets a line: otherwise a power cut could take lines
  // from between others.
  async #roll(chain: Chain, day: string, part: number): Promise<void> {
    const logs = this.#home.path("logs");
    await makeDir(logs);
    this.#home.guard.checkDir(logs);
    if (chain.file) await chain.file.datasync();
    const path = this.#home.path(`logs/${fileName(day, chain.writer, part)}`);
    const flags =
      constants.O_WRONLY |
      constants.O_APPEND |
      constants.O_CREAT |
      constants.O_EXCL |
      (constants.O_NOFOLLOW ?? 0);
    const file = await open(path, flags, 0o600);
    try {
      await syncDir(logs);
    } catch (err) {
      await file.close();
      await unlink(path);
      throw err;
    }
    await chain.file?.close();
    Object.assign(chain, { file, day, part, size: 0 });
  }

  // fail ends the chain; a sync is never tried again, because the kernel may have dropped the pages
  // that it could not write (the fsync fault of 2018).
  #fail(chain: Chain, err: unknown): void {
    chain.broken ||= says(err);
    const file = chain.file;
    chain.file = null;
    file?.close().catch(() => undefined);
  }
}

function fileName(day: string, writer: string, part: number): string {
  // names sort in the order of writing
  return `${day}.${writer}${part > 1 ? `.p${String(part).padStart(4, "0")}` : ""}.jsonl`;
}

// dayOf reads the UTC day of a line, whose ts follows only fields that hold no free text.
function dayOf(line: string): string { return /"ts":"(\d{4}-\d\d-\d\d)T/.exec(line)?.[1] ?? ""; }
