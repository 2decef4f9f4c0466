// Sends what one call has to send: its requests to the API, whose replies pass the core on their
// way to the agent, and the flights that trade a credential for a token.
import { authority } from "./authority.ts";
import { Body } from "./body.ts";
import { commit } from "./commit.ts";
import { explain, Fault } from "./fault.ts";
import { nothing, type Landed } from "./flights.ts";
import { limits } from "./limits.ts";
import type { EndedEvent, Send } from "./messages.ts";
import { CoreError } from "./module.ts";
import { sendRequest, type Receiver } from "./request.ts";
import type { Lease } from "./share.ts";
import type { Came, Talk } from "./talk.ts";

class Revoked extends Error {}

export class Sender {
  #talk: Talk;
  #lease: Lease;
  #warn: (text: string) => void;
  #reply: Buffer = Buffer.alloc(0);

  constructor(talk: Talk, lease: Lease, warn: (text: string) => void) {
    this.#talk = talk;
    this.#lease = lease;
    this.#warn = warn;
  }

  /** The body of the reply that the agent gets. */
  get reply(): Buffer { return this.#reply; }

  /** Sends a request with its body, unless the call has been revoked or taken back. */
  async send(step: Send, body: Buffer, signal: AbortSignal): Promise<Came> {
    if (signal.aborted) return { event: { type: "stopped", why: "cancelled" } };
    if (this.#talk.look(step.watch).revoked) return { event: { type: "stopped", why: "revoked" } };
    const stop = new AbortController();
    const cancel = (): void => stop.abort(new Fault("cancelled", "the call was cancelled"));
    signal.addEventListener("abort", cancel, { once: true });
    const watch = setInterval(this.#watch(step, stop), limits.watchIntervalMs);
    try {
      if (step.flight) return await this.#fly(step, step.flight, body, stop.signal);
      return { event: await this.#send(step, body, stop.signal) };
    } catch (err) {
      return this.#broken(step, err);
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", cancel);
    }
  }

  #broken(step: Send, err: unknown): Came {
    if (err instanceof Revoked) return { event: { type: "stopped", why: "revoked" } };
    if (this.#talk.live.module.dead) throw err;
    if (step.flight) return { event: { type: "stopped", why: "cancelled" } };
    const { ending, message } = explain(err, "the request failed");
    return { event: { type: "ended", err: ending, detail: message, bytes: 0 } };
  }

  // watch reads the watched files only when one of them has changed since the last look.
  #watch(step: Send, stop: AbortController): () => void {
    const { home } = this.#talk.live;
    let seen = "none"; // the first look also sees what has come since the one before the request
    return () => {
      try {
        const stamps = home.stamps(step.watch);
        if (stamps === seen) return;
        seen = stamps;
        if (this.#talk.look(step.watch).revoked) stop.abort(new Revoked());
      } catch (err) {
        stop.abort(err); // a request that cannot be revoked must not go on
      }
    };
  }

  // send keeps of a reply what the agent gets. That is nothing where the core relays no head:
  // the reply refuses a token, or brings a challenge, and the request goes out once more; or it is
  // that of a trial.
  async #send(step: Send, body: Buffer, signal: AbortSignal): Promise<EndedEvent> {
    const late = AbortSignal.any([signal, AbortSignal.timeout(step.timeoutMs)]);
    const kept = new Body(this.#lease, step.maxBody, late);
    let relayed = false;
    const chunk = async (p: Buffer, last: boolean): Promise<boolean> => {
      const clean = this.#talk.scrub(p, last);
      const room = !relayed || await kept.keep(clean);
      signal.throwIfAborted();
      return room;
    };
    const cut = await sendRequest(step, body, {
      ...this.#road,
      head: (status, headers) => { relayed = this.#talk.head(status, headers); },
      chunk: (p) => chunk(p, false),
    }, signal);
    // What is held back of a cut reply may begin a secret.
    const truncated = cut || !await chunk(Buffer.alloc(0), true);
    this.#reply = kept.bytes();
    return { type: "ended", truncated, bytes: this.#reply.length };
  }

  #road: Pick<Receiver, "permit" | "authority"> = {
    permit: (addr, port) => this.#talk.permit(addr, port),
    authority: (path, digest) => authority(this.#talk.live.home.guard, path, digest),
  };

  // fly waits for an exchange that the call may share with others. No agent gets its reply.
  async #fly(step: Send, name: string, body: Buffer, signal: AbortSignal): Promise<Came> {
    const { landed, first, own } = await this.#talk.live.flights.wait(
      name,
      step.timeoutMs,
      signal,
      (stop) => this.#trade(step, body, stop),
    );
    const { head, err, detail, truncated } = landed;
    if (head) this.#talk.head(head.status, head.headers);
    return {
      event: {
        type: "ended",
        ...(err && { err }),
        detail,
        truncated,
        first,
        lost: own && landed.lost,
      },
      body: landed.body,
    };
  }

  // trade records the exchange and makes it.
  async #trade(step: Send, body: Buffer, signal: AbortSignal): Promise<Landed> {
    const recorded = await this.#record();
    if (!recorded.stored) return { ...nothing, err: "unrecorded", lost: recorded.lost };
    const out: Landed = { ...nothing }, parts: Buffer[] = [];
    out.truncated = await sendRequest({ ...step, timeoutMs: limits.exchangeTimeoutMs }, body, {
      ...this.#road,
      head: (status, headers) => { out.head = { status, headers }; },
      chunk: (p) => { parts.push(p); },
    }, signal);
    return { ...out, body: Buffer.concat(parts) };
  }

  async #record(): Promise<{ stored: boolean; lost: boolean }> {
    try {
      const { err, lost } = await commit(this.#talk.live, this.#talk.lines(), this.#warn);
      return { stored: !err, lost: lost === true };
    } catch (err) {
      // there is no chain to put them into
      if (err instanceof CoreError) return { stored: false, lost: false };
      throw err;
    }
  }
}
