// Takes one call through the core: does exactly what each step says and reports what came of it,
// like package gateway of the Go side. It decides nothing.
import { withBody } from "./answer.ts";
import { mono } from "./clock.ts";
import { commit } from "./commit.ts";
import type { Live } from "./engine.ts";
import { limits } from "./limits.ts";
import type { Ask, Decision, Done, Event, Question, Scope } from "./messages.ts";
import { says } from "./refusal.ts";
import { Sender } from "./send.ts";
import type { Lease, Pool } from "./share.ts";
import { Talk, type Call, type Came, type Due, type Next } from "./talk.ts";

/**
 * The end of a call: the texts for the agent, or that config.yaml is to be read again and the agent
 * told what came of it.
 */
export type Outcome = { texts: string[] } | { reload: true };

export class Flow {
  readonly call: Call;
  #talk: Talk;
  #sender: Sender;
  #lease: Lease;
  #warn: (text: string) => void;
  #next: Next | null = null; // to be done; null: not begun

  constructor(live: Live, call: Call, replies: Pool, warn: (text: string) => void) {
    this.call = call;
    this.#talk = new Talk(live);
    this.#lease = replies.lease(call.agent);
    this.#sender = new Sender(this.#talk, this.#lease, warn);
    this.#warn = warn;
  }

  /**
   * Takes the call up; true if it is a request that a person may have to approve. Errors:
   * CoreError, Trap.
   */
  open(): boolean {
    return this.#talk.open(this.call).some((name) => name.startsWith("approvals/"));
  }

  /**
   * Takes the call on to its end, or to a step that pause is true for; null is then returned.
   * signal takes the call back.
   */
  async proceed(
    signal: AbortSignal,
    pause: (step: Due) => boolean = () => false,
  ): Promise<Outcome | null> {
    let next = this.#next ??= this.#talk.begin();
    while (next.step.type !== "done") {
      if (pause(next.step)) return null;
      next = this.#next = this.#talk.resume(await this.#do(next.step, next.body, signal));
    }
    return this.#end(next.step);
  }

  /** The question whose answer the call waits for; null where it waits for none, or no longer. */
  waitsFor(): Question | null {
    const step = this.#next?.step;
    if (step?.type !== "ask") return null;
    const { revoked, settled } = this.#talk.look(step.watch);
    return revoked || settled ? null : step.question;
  }

  /**
   * The whole request that a person is asked about, in at most that many UTF-16 units; "" where
   * only `janee approve` may ask about it.
   */
  prompt(most: number): string { return this.#talk.prompt(most); }

  /**
   * Answers the question for a person who was asked through OpenClaw. The core records the answer;
   * one that cannot be recorded does not count. Errors: CoreError for a yes where there is a PIN.
   */
  async answer(decision: Decision, scope: Scope): Promise<void> {
    const step = this.#next?.step;
    if (step?.type !== "ask") return;
    const event: Event = { type: "said", decision, scope, by: "openclaw" };
    this.#next = this.#talk.resume({ event, names: step.watch });
    await this.proceed(new AbortController().signal, ({ type }) => type !== "commit");
  }

  /**
   * Brings a call that waits to its end: with what a person has said, otherwise as taken back.
   * Nothing more is sent.
   */
  async stop(): Promise<void> {
    try {
      await this.proceed(AbortSignal.abort());
    } catch (err) {
      this.drop();
      throw err;
    }
  }

  /** Gives back the room that the reply takes. */
  release(): void { this.#lease.free(); }

  /** Forgets a call that does not come to its end. */
  drop(): void { this.#talk.drop(); }

  #end(step: Done): Outcome {
    if (step.lock)
      this.#warn(
        "the result of a call could not be recorded; " +
          "calls are refused until the log can be written",
      );
    if (step.refusal !== undefined)
      return { texts: [step.prose ?? "", JSON.stringify(step.refusal)] };
    if (step.tool === "reload_config") return { reload: true };
    const body = step.tool === "execute" ? this.#sender.reply : null;
    return { texts: [body ? withBody(step.result, body) : JSON.stringify(step.result)] };
  }

  async #do(step: Exclude<Due, Done>, body: Buffer, signal: AbortSignal): Promise<Came> {
    switch (step.type) {
      case "commit": return { event: await commit(this.#talk.live, step, this.#warn) };
      case "list": return this.#list(step.dir);
      case "ask": return this.#wait(step, signal);
      case "send": return this.#sender.send(step, body, signal);
    }
  }

  #list(dir: string): Came {
    try {
      return { event: { type: "listed" }, names: this.#talk.live.home.list(dir) };
    } catch (err) {
      this.#warn(says(err));
      return { event: { type: "listed", err: true }, names: [] };
    }
  }

  // wait reads the watched files only when one of them has changed.
  async #wait(step: Ask, signal: AbortSignal): Promise<Came> {
    const answered: Came = { event: { type: "answered" }, names: step.watch };
    for (let seen = "none"; ;) {
      const stamps = this.#talk.live.home.stamps(step.watch);
      if (stamps !== seen) {
        seen = stamps;
        const { revoked, settled } = this.#talk.look(step.watch);
        if (revoked) return { event: { type: "stopped", why: "revoked" } };
        if (settled) return answered;
      }
      if (mono() >= step.waitUntilMono) return answered;
      if (signal.aborted) return { event: { type: "stopped", why: "cancelled" } };
      await new Promise((done) => setTimeout(done, limits.watchIntervalMs));
    }
  }
}
