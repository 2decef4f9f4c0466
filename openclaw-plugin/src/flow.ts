// Takes one call through the core: does exactly what each step says and tells what came of it, like
// package gateway of the Go side. It decides nothing.
import { randomBytes } from "node:crypto";
import { withBody } from "./answer.ts";
import { Body } from "./body.ts";
import { mono, now } from "./clock.ts";
import { authority } from "./authority.ts";
import { exchange } from "./exchange.ts";
import { explain, Fault } from "./fault.ts";
import type { Permit } from "./dial.ts";
import type { Live } from "./engine.ts";
import type { Landed } from "./flights.ts";
import type {
  Ask,
  Commit,
  Done,
  Event,
  FileHold,
  FileWrite,
  Question,
  Relay,
  Send,
  Step,
} from "./messages.ts";
import { CoreError } from "./module.ts";
import { says } from "./refusal.ts";
import type { Lease, Pool } from "./share.ts";

// ms for the exchange of a token; a call that has less time left waits for less
const flightTimeout = 30_000;
const watchInterval = 50; // ms; a revocation cuts a call in flight within 100

/** Who wants what: arguments as the agent gave them. */
export interface Call { tool: string; args: unknown; agent: string }

/**
 * The end of a call: the texts for the agent, or that the configuration is to be read again and
 * that told.
 */
export type Ended = { texts: string[] } | { reload: true };

interface Next { step: Step; body: Buffer }

/** What came of a step; names are the files that go with the event, body the reply of a flight. */
interface Came { event: Event; names?: string[]; body?: Buffer }

class Revoked extends Error {}

export class Flow {
  #live: Live;
  #warn: (text: string) => void;
  #flow = 0;
  #needs: string[] = [];
  #next: Next | null = null; // to be done; null: not begun
  #body: Buffer = Buffer.alloc(0);
  #replies: Pool;
  #lease: Lease | null = null;

  constructor(live: Live, warn: (text: string) => void, replies: Pool) {
    this.#live = live;
    this.#warn = warn;
    this.#replies = replies;
  }

  /**
   * Takes the call up; true if the request is one that a person may have to say yes to. Errors:
   * CoreError, Trap.
   */
  open(call: Call): boolean {
    const { module, engine } = this.#live;
    this.#lease = this.#replies.lease(call.agent);
    const about = {
      engine,
      tool: call.tool,
      agent: call.agent,
      via: "openclaw",
      identitySource: "openclaw (the agent of the run)",
    };
    ({ flow: this.#flow, files: this.#needs } = module.call<{ flow: number; files: string[] }>(
      "needs",
      about,
      Buffer.from(JSON.stringify(call.args ?? {})),
    ).answer);
    return this.#needs.some((name) => name.startsWith("approvals/"));
  }

  /**
   * Goes on with the call to its end, or to a step that pause holds for; null is then returned.
   * signal takes the call back.
   */
  async proceed(
    signal: AbortSignal,
    pause: (step: Step) => boolean = () => false,
  ): Promise<Ended | null> {
    if (!this.#next) this.#next = this.#begin();
    while (this.#next.step.type !== "done") {
      const { step, body } = this.#next;
      if (pause(step)) return null;
      const came = await this.#do(step, body, signal);
      this.#next = this.#resume(came);
    }
    return this.#end(this.#next.step);
  }

  /**
   * The question whose answer the call waits for; null where it waits for none, or for none any
   * more.
   */
  waitsFor(): Question | null {
    const step = this.#next?.step;
    if (step?.type !== "ask") return null;
    const { revoked, settled } = this.#look(step.watch);
    return revoked || settled ? null : step.question;
  }

  /**
   * The whole request that a person is asked about, in at most that many UTF-16 units; "" where
   * only `janee approve` may ask about it.
   */
  prompt(most: number): string {
    return this.#live.module.call<{ text: string }>("prompt", { flow: this.#flow, most }).answer
      .text;
  }

  /**
   * Answers the question, by a person who was asked through OpenClaw. False: it could not be
   * recorded, and so was not answered. Errors: CoreError for a yes where there is a PIN.
   */
  async answer(decision: "allow" | "deny", scope: "once" | "session"): Promise<boolean> {
    const step = this.#next?.step;
    if (step?.type !== "ask") return false;
    const event: Event = { type: "said", decision, scope, by: "openclaw" };
    this.#next = this.#resume({ event, names: step.watch });
    await this.proceed(new AbortController().signal, ({ type }) => type !== "commit");
    return this.#next.step.type === "ask";
  }

  /**
   * Brings a call that waits to its end: with what a person has said, else as taken back. Nothing
   * more is sent.
   */
  async stop(): Promise<void> {
    try {
      await this.proceed(AbortSignal.abort());
    } catch (err) {
      this.drop();
      throw err;
    }
  }

  #begin(): Next {
    const { module, home } = this.#live;
    const { files, raw } = home.find(this.#needs);
    const { answer, raw: body } = module.call<{ step: Step }>(
      "begin",
      { flow: this.#flow, ...this.#in(), files },
      raw,
    );
    return { step: answer.step, body };
  }

  #end(step: Done): Ended {
    if (step.lock)
      this.#warn(
        "the result of a call could not be recorded; " +
          "calls are refused until the log can be written",
      );
    if (step.refusal !== undefined)
      return { texts: [step.prose ?? "", JSON.stringify(step.refusal)] };
    if (step.tool === "reload_config") return { reload: true };
    return {
      texts: [
        step.tool === "execute" ? withBody(step.result, this.#body) : JSON.stringify(step.result),
      ],
    };
  }

  #in(): { now: [number, number]; rand: string } {
    return { now: now(), rand: randomBytes(64).toString("hex") };
  }

  #resume({ event, names, body }: Came): Next {
    const { module, home } = this.#live;
    const found = names ? home.find(names) : null;
    const listed = event.type === "listed" ? { names } : {};
    const { answer, raw } = module.call<{ step: Step }>(
      "resume",
      { flow: this.#flow, ...this.#in(), event, ...listed, ...(found && { files: found.files }) },
      found?.raw ?? body,
    );
    return { step: answer.step, body: raw };
  }

  // head reports whether the agent gets the reply that begins so.
  #head(status: number, headers: [string, string][]): boolean {
    const event: Event = { type: "head", status, headers };
    const { answer } = this.#live.module.call<{ step: Relay | null }>("resume", {
      flow: this.#flow,
      ...this.#in(),
      event,
    });
    return answer.step !== null;
  }

  async #do(
    step: Exclude<Step, { type: "done" }>,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<Came> {
    switch (step.type) {
      case "commit": return { event: await this.#commit(step) };
      case "list": return this.#list(step.dir);
      case "ask": {
        const event = await this.#wait(step, signal);
        return event.type === "answered" ? { event, names: step.watch } : { event };
      }
      case "send": return this.#send(step, body, signal);
    }
  }

  // commit takes its place in the log before anything is awaited: the order of the lines is that in
  // which the core made them.
  async #commit(step: Commit): Promise<Event> {
    const { home } = this.#live;
    const exists: Record<string, string | null> = {};
    const held = this.#holds(step.holds ?? [], exists);
    if (!held || Object.keys(exists).length > 0)
      return { type: "committed", exists, stale: held, err: !held };
    const writing = this.#write(step.writes, exists);
    const stored = step.writer
      ? this.#live.log.append(step.writer, step.lines, !step.late, writing)
      : Promise.resolve(true);
    const [written, kept] = await Promise.all([writing, stored]);
    for (const name of step.removes ?? [])
      await home.remove(name).catch((err: unknown) => this.#warn(says(err)));
    return { type: "committed", exists, err: !written || !kept, lost: !kept };
  }

  // holds puts into exists what is not as it was read; false: a file cannot be read.
  #holds(holds: FileHold[], exists: Record<string, string | null>): boolean {
    try {
      for (const { name, data } of holds) {
        const found = this.#live.home.read(name);
        if (found !== data) exists[name] = found;
      }
      return true;
    } catch (err) {
      this.#warn(says(err));
      return false;
    }
  }

  async #write(writes: FileWrite[], exists: Record<string, string | null>): Promise<boolean> {
    try {
      for (const w of writes) {
        const existing = await this.#live.home.write(w);
        if (existing !== undefined) exists[w.name] = existing;
      }
    } catch (err) {
      this.#warn(says(err));
      return false;
    }
    return true;
  }

  #list(dir: string): Came {
    try {
      return { event: { type: "listed" }, names: this.#live.home.list(dir) };
    } catch (err) {
      this.#warn(says(err));
      return { event: { type: "listed", err: true }, names: [] };
    }
  }

  #look(names: string[]): { revoked: boolean; settled: boolean } {
    const { files, raw } = this.#live.home.find(names);
    return this.#live.module.call<{ revoked: boolean; settled: boolean }>(
      "look",
      { flow: this.#flow, now: now(), files },
      raw,
    ).answer;
  }

  // wait reads the watched files only where one of them has changed.
  async #wait(step: Ask, signal: AbortSignal): Promise<Event> {
    for (let seen = "none"; ;) {
      const stamps = this.#live.home.stamps(step.watch);
      if (stamps !== seen) {
        seen = stamps;
        const { revoked, settled } = this.#look(step.watch);
        if (revoked) return { type: "stopped", why: "revoked" };
        if (settled) return { type: "answered" };
      }
      if (mono() >= step.waitUntilMono) return { type: "answered" };
      if (signal.aborted) return { type: "stopped", why: "cancelled" };
      await new Promise((done) => setTimeout(done, watchInterval));
    }
  }

  async #send(step: Send, body: Buffer, signal: AbortSignal): Promise<Came> {
    if (signal.aborted) return { event: { type: "stopped", why: "cancelled" } };
    if (this.#look(step.watch).revoked) return { event: { type: "stopped", why: "revoked" } };
    const stop = new AbortController();
    const cancel = (): void => stop.abort(new Fault("cancelled", "the call was cancelled"));
    signal.addEventListener("abort", cancel, { once: true });
    const watch = setInterval(this.#guard(step, stop), watchInterval);
    try {
      if (step.flight) return await this.#fly(step, step.flight, body, stop.signal);
      return { event: await this.#exchange(step, body, stop.signal) };
    } catch (err) {
      if (err instanceof Revoked) return { event: { type: "stopped", why: "revoked" } };
      if (this.#live.module.dead) throw err;
      if (step.flight) return { event: { type: "stopped", why: "cancelled" } };
      const { ending, message } = explain(err, "the exchange failed");
      return { event: { type: "ended", err: ending, detail: message, bytes: 0 } };
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", cancel);
    }
  }

  // guard reads the watched files only where one of them has changed since the last look.
  #guard(step: Send, stop: AbortController): () => void {
    const { home } = this.#live;
    let seen = "none"; // the first look also sees what has come since the one before the request
    return () => {
      try {
        const stamps = home.stamps(step.watch);
        if (stamps === seen) return;
        seen = stamps;
        if (this.#look(step.watch).revoked) stop.abort(new Revoked());
      } catch (err) {
        stop.abort(err); // who cannot look must not go on
      }
    };
  }

  async #exchange(step: Send, body: Buffer, signal: AbortSignal): Promise<Event> {
    const { module } = this.#live;
    this.release(); // of an exchange before this one, the body is dropped
    const late = AbortSignal.any([signal, AbortSignal.timeout(step.timeoutMs)]);
    const kept = new Body(this.#lease ?? this.#replies.lease(""), step.maxBody, late);
    let relayed = false;
    const keep = async (chunk: Buffer, last: boolean): Promise<boolean> => {
      const clean = module.call("scrub", { flow: this.#flow, last }, chunk).raw;
      const room = !relayed || await kept.keep(clean);
      signal.throwIfAborted();
      return room;
    };
    let truncated = await exchange(step, body, {
      permit: this.#permit,
      authority: this.#authority,
      head: (status, headers) => { relayed = this.#head(status, headers); },
      chunk: (p) => keep(p, false),
    }, signal);
    // What is held back of a cut reply may begin a secret.
    if (!truncated) truncated = !await keep(Buffer.alloc(0), true);
    this.#body = kept.bytes();
    return { type: "ended", truncated, bytes: this.#body.length };
  }

  #permit: Permit = (addr, port) =>
    this.#live.module.call<{ class: string; permit: boolean }>("classify", {
      flow: this.#flow,
      addr,
      port,
    }).answer;

  #authority = (path: string, digest: string | undefined): string =>
    authority(this.#live.home.guard, path, digest);

  // fly waits for an exchange that the call may share with others.
  async #fly(step: Send, name: string, body: Buffer, signal: AbortSignal): Promise<Came> {
    const { landed, first, own } = await this.#live.flights.wait(
      name,
      step.timeoutMs,
      signal,
      (stop) => this.#trade(step, body, stop),
    );
    const { head, err, detail, truncated } = landed;
    if (head) this.#head(head.status, head.headers);
    return {
      event: { type: "ended", err, detail, truncated, first, lost: own && landed.lost },
      body: landed.body,
    };
  }

  // trade records the exchange and makes it.
  async #trade(step: Send, body: Buffer, signal: AbortSignal): Promise<Landed> {
    const out: Landed = {
      head: null,
      body: Buffer.alloc(0),
      err: "",
      detail: "",
      truncated: false,
      lost: false,
    };
    const recorded = await this.#record();
    if (!recorded.stored) return { ...out, err: "unrecorded", lost: recorded.lost };
    const parts: Buffer[] = [];
    out.truncated = await exchange({ ...step, timeoutMs: flightTimeout }, body, {
      permit: this.#permit,
      authority: this.#authority,
      head: (status, headers) => { out.head = { status, headers }; },
      chunk: (p) => { parts.push(p); },
    }, signal);
    return { ...out, body: Buffer.concat(parts) };
  }

  async #record(): Promise<{ stored: boolean; lost: boolean }> {
    let commit: Commit;
    try {
      ({ commit } = this.#live.module.call<{ commit: Commit }>("lines", {
        flow: this.#flow,
        now: now(),
      }).answer);
    } catch (err) {
      // there is no chain to put them into
      if (err instanceof CoreError) return { stored: false, lost: false };
      throw err;
    }
    const event = await this.#commit(commit);
    return {
      stored: event.type === "committed" && !event.err,
      lost: event.type === "committed" && event.lost === true,
    };
  }

  /** Gives back the room that the reply takes among all. */
  release(): void { this.#lease?.free(); }

  /** Forgets a call that did not come to its end. */
  drop(): void {
    if (this.#flow !== 0 && !this.#live.module.dead)
      this.#live.module.call("drop", { flow: this.#flow });
  }
}
