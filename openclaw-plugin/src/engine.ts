// Keeps the core loaded with the configuration in force: it starts the core at the first call,
// loads it again after a trap, gives it a changed config.yaml, and begins a new chain when the log
// broke. Use current before each call. It decides nothing about calls.
import { randomBytes } from "node:crypto";
import { AuditLog } from "./auditlog.ts";
import { now } from "./clock.ts";
import { Flights } from "./flights.ts";
import { readHeads } from "./heads.ts";
import { Guard } from "./guard.ts";
import { Home } from "./home.ts";
import type { Commit, Item, Reload } from "./messages.ts";
import { CoreError, Module } from "./module.ts";
import { errno, FileFault, Refusal, says } from "./refusal.ts";
import { makeReserve } from "./reserve.ts";
import { readRootKey } from "./rootkey.ts";
import type { Embedded } from "./settings.ts";

const maxTraps = 3;
const trapWindow = 60_000; // ms

/** What decides calls. A call keeps what it began with. */
export interface Live {
  module: Module;
  engine: number;
  home: Home;
  log: AuditLog;
  flights: Flights;
}

interface Loaded extends Live { writer: string; stamp: string }

/** A time in which the log cannot be written and calls are refused. */
interface Outage { cause: string; since: number; refused: number }

export interface Parts {
  settings: Embedded;
  compiled: () => Promise<WebAssembly.Module>;
  program: string;
  warn: (text: string) => void;
}

export class Engine {
  #parts: Parts;
  #loaded: Loaded | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #traps: number[] = [];
  #cause = ""; // why the chain before the next one ended
  #outage: Outage | null = null;
  #compiled: Promise<WebAssembly.Module> | null = null;

  constructor(parts: Parts) { this.#parts = parts; }

  /** What is in force now. Errors: Refusal. */
  current(): Promise<Live> { return this.#inTurn(() => this.#look()); }

  /** Reads config.yaml now, changed or not, for an agent that asked. Errors: Refusal. */
  reload(agent: string): Promise<Reload> {
    return this.#inTurn(async () => this.#reload(await this.#look(), agent));
  }

  /** Records how many refusals had no record of their own, then syncs and closes the log. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#loaded && !this.#loaded.module.dead) {
        const { engine, module } = this.#loaded;
        const { commit, parked } = module.call("unrecorded", { engine, now: now() }).answer;
        store(this.#loaded, commit);
        if (parked > 0) this.#parts.warn(`${parked} calls have not ended`);
      }
      await this.#loaded?.log.close();
      this.#loaded = null;
    });
  }

  // One at a time: two calls must not load two engines.
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #look(): Promise<Loaded> {
    if (this.#loaded?.module.dead) await this.#bury(this.#loaded);
    if (this.#traps.length >= maxTraps) {
      throw new Refusal(
        "INTERNAL",
        "Janee's core stopped three times within a minute and is not started again",
        "tell your user to run `openclaw plugins reload janee`",
      );
    }
    this.#loaded ??= await this.#open();
    if (this.#loaded.stamp !== this.#loaded.home.configStamp()) await this.#reload(this.#loaded);
    await this.#keepRoom(this.#loaded);
    if (this.#loaded.log.broken(this.#loaded.writer) || this.#outage) this.#renew(this.#loaded);
    return this.#loaded;
  }

  // keepRoom refuses all calls while there is no room for the records of what they would do.
  async #keepRoom(l: Loaded): Promise<void> {
    try {
      await makeReserve(l.home);
    } catch (err) {
      this.#outage ??= {
        cause: `keep room for the last records: ${says(err)}`,
        since: Date.now(),
        refused: 0,
      };
      this.#outage.refused++;
      this.#parts.warn(this.#outage.cause);
      throw new Refusal(
        "AUDIT_UNAVAILABLE",
        "the audit log cannot be written, so nothing was done",
        "tell your user to check the disk and the logs folder",
      );
    }
  }

  async #bury(dead: Loaded): Promise<void> {
    const time = performance.now();
    this.#traps = [...this.#traps.filter((t) => time - t < trapWindow), time];
    this.#parts.warn("Janee's core stopped; calls under way are lost");
    this.#loaded = null;
    this.#cause = "the core stopped";
    await dead.log.close(); // a new instance has a new writer
  }

  async #open(): Promise<Loaded> {
    try {
      const { settings, program } = this.#parts;
      const home = new Home(settings.home, new Guard(settings.group));
      const { data, stamp } = home.readConfig();
      const module = await Module.start(await this.#compile());
      const { vault } = module.call("inspect", {}, data).answer;
      if (!vault)
        throw new Refusal(
          "VAULT_LOCKED",
          "config.yaml names no vault",
          "tell your user to run `janee add`, which makes one",
        );
      const rootKey = readRootKey(settings, vault);
      const writer = newWriter();
      const { engine, warnings } = module.call(
        "load",
        {
          rootKey,
          writer,
          program,
          ...(this.#cause && { cause: this.#cause }),
          heads: readHeads(home),
        },
        data,
      ).answer;
      this.#cause = "";
      this.#warn(warnings);
      return {
        module,
        engine,
        home,
        log: new AuditLog(home),
        flights: new Flights(),
        writer,
        stamp,
      };
    } catch (err) {
      throw refusalOf(err);
    }
  }

  #compile(): Promise<WebAssembly.Module> {
    return this.#compiled ??= this.#parts.compiled().catch((err: unknown) => {
      this.#compiled = null;
      throw err;
    });
  }

  async #reload(l: Loaded, asked?: string): Promise<Reload> {
    const about = {
      engine: l.engine,
      now: now(),
      tell: asked !== undefined,
      agent: asked ?? "",
      via: asked === undefined ? "" : "openclaw",
    };
    let data: Buffer;
    try {
      ({ data, stamp: l.stamp } = l.home.readConfig());
    } catch (err) {
      l.stamp = l.home.configStamp();
      throw refusalOf(err);
    }
    const { answer } = l.module.call("reload", about, data);
    store(l, answer.commit);
    if (!answer.report.success) this.#parts.warn(answer.report.message);
    this.#warn(answer.warnings);
    return answer.report;
  }

  // After a failed write the chain of the writer is over: the next chain names the last line that
  // was stored, and says why.
  #renew(l: Loaded): void {
    const writer = newWriter(),
      out = this.#outage,
      causes = [l.log.broken(l.writer)].filter(Boolean);
    if (out)
      causes.push(
        `${out.cause}: ${out.refused} calls were refused ` +
          `within ${Math.ceil((Date.now() - out.since) / 1000)} seconds`,
      );
    this.#outage = null;
    l.module.call("chain", {
      engine: l.engine,
      writer,
      program: this.#parts.program,
      cause: causes.join("; "),
      heads: readHeads(l.home),
    });
    l.writer = writer;
  }

  #warn(items: Item[]): void {
    for (const item of items) this.#parts.warn(`config.yaml:${item.line}: ${item.text}`);
  }
}

// store appends lines that no call waits for.
function store(l: Loaded, commit: Commit): void {
  if (commit.writer) void l.log.append(commit.writer, commit.lines, false, Promise.resolve());
}

function newWriter(): string {
  return Array.from(randomBytes(8), (b) => "abcdefghijklmnopqrstuvwxyz234567"[b & 31]).join("");
}

function refusalOf(err: unknown): Error {
  if (err instanceof Refusal) return err;
  if (err instanceof FileFault)
    return notReady(err.message, err.hint ? `run: ${err.hint}` : "look at it");
  if (err instanceof CoreError && err.code === "key_invalid")
    return new Refusal(
      "VAULT_LOCKED",
      `vault locked: ${err.message}`,
      "tell your user to restore the root key of this home from a backup",
    );
  if (err instanceof CoreError && err.code === "config_invalid") {
    return notReady(
      `config.yaml: ${err.message}`,
      "fix the file; `janee doctor` says what is wrong with it",
    );
  }
  if (errno(err) === "ENOENT")
    return notReady("there is no config.yaml in the home", "run `janee init`");
  return new Refusal("INTERNAL", says(err), "tell your user to look at the log of the gateway");
}

// notReady is what the person has to fix. The agent may run as the same user, so it is told not to
// do it.
function notReady(message: string, fix: string): Refusal {
  return new Refusal(
    "NOT_READY",
    message,
    `tell your user to ${fix}. Do not do it yourself. No restart is needed`,
  );
}
