// Embedded mode: calls are decided and made in this process, from a home on this machine.
import { Approvals, type Prompt } from "./approvals.ts";
import type { Engine } from "./engine.ts";
import { Flow, type Call } from "./flow.ts";
import { CoreError, Trap } from "./module.ts";
import { Refusal } from "./refusal.ts";
import type { Asking } from "./settings.ts";

/** What answers calls of agents: with text, whatever happens. */
export interface Broker {
  call(call: Call, signal: AbortSignal, toolCallId: string): Promise<string>;
  /** What a person is to be asked through OpenClaw before the call is made under the same id; null: nothing. */
  ask?(call: Call, toolCallId: string): Promise<Prompt | null>;
  close(): Promise<void>;
}

const replyBudget = 64 << 20; // bytes of reply bodies that calls under way may hold together
const defaultMax = 256 << 10;
const maxMax = 10 << 20;

export class EmbeddedBroker implements Broker {
  #engine: Engine;
  #warn: (text: string) => void;
  #asking: Asking;
  #approvals: Approvals;
  #held = 0;

  constructor(engine: Engine, asking: Asking, warn: (text: string) => void) {
    this.#engine = engine;
    this.#asking = asking;
    this.#warn = warn;
    this.#approvals = new Approvals(() => engine.current(), warn);
  }

  async call(call: Call, signal: AbortSignal, toolCallId: string): Promise<string> {
    const size = bodySize(call);
    if (this.#held + size > replyBudget) return new Refusal("BUSY", "too many calls are under way", "wait for some of your calls to end, then repeat this one").text(call.agent);
    this.#held += size;
    try {
      return await this.#run(call, signal, toolCallId);
    } catch (err) {
      return this.#failed(err).text(call.agent);
    } finally {
      this.#held -= size;
    }
  }

  async ask(call: Call, toolCallId: string): Promise<Prompt | null> {
    if (this.#asking === "janee") return null;
    return this.#approvals.ask(new Flow(await this.#engine.current(), this.#warn), call, toolCallId);
  }

  close(): Promise<void> { return this.#engine.close(); }

  async #run(call: Call, signal: AbortSignal, toolCallId: string): Promise<string> {
    let flow = await this.#approvals.take(call, toolCallId);
    // Also for a parked call: a PIN may have been set since its person answered.
    const live = await this.#engine.current();
    if (!flow) {
      flow = new Flow(live, this.#warn);
      flow.open(call);
    }
    try {
      const ended = await flow.proceed(signal);
      return ended && "reload" in ended ? JSON.stringify(await this.#engine.reload(call.agent)) : ended?.text ?? "";
    } catch (err) {
      flow.drop();
      throw err;
    }
  }

  #failed(err: unknown): Refusal {
    if (err instanceof Refusal) return err;
    if (err instanceof CoreError && err.code === "too_large") return new Refusal("TOO_LARGE", "the request is too large, so it was not sent", "send less: split the work into several calls, or leave out what is not needed");
    const known = err instanceof CoreError || err instanceof Trap;
    this.#warn(`a call failed inside: ${known ? err.message : err instanceof Error ? err.name : "unknown"}`); // the text of others may quote anything
    return new Refusal("INTERNAL", "Janee failed inside", "tell your person; the log of the gateway names the call");
  }
}

function bodySize({ tool, args }: Call): number {
  if (tool !== "execute") return 0;
  const n = typeof args === "object" && args !== null && "maxBytes" in args ? Number(args.maxBytes) : 0;
  return n > 0 && n <= maxMax ? n : defaultMax;
}
