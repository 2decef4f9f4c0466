// Embedded mode: calls are decided and made in this process, from a home on this machine.
import { Approvals, type Prompt } from "./approvals.ts";
import type { Engine } from "./engine.ts";
import { Flow } from "./flow.ts";
import { limits } from "./limits.ts";
import { CoreError, Trap } from "./module.ts";
import { Refusal } from "./refusal.ts";
import type { Asking } from "./settings.ts";
import { Pool } from "./share.ts";
import type { Call } from "./talk.ts";

/**
 * Answers calls of agents: with texts, whatever happens. Those of a refusal are prose, then JSON.
 */
export interface Broker {
  call(call: Call, signal: AbortSignal, toolCallId: string): Promise<string[]>;
  /**
   * What to ask a person through OpenClaw before the call is made under the same id; null: nothing.
   */
  ask?(call: Call, toolCallId: string): Promise<Prompt | null>;
  close(): Promise<void>;
}

const busy = new Refusal("BUSY", "too many calls are under way",
  "wait for some of your calls to end, then repeat this one");

export class EmbeddedBroker implements Broker {
  #engine: Engine;
  #warn: (text: string) => void;
  #asking: Asking;
  #approvals: Approvals;
  #replies = new Pool(limits.replyBudget, limits.replyFloor);

  constructor(engine: Engine, asking: Asking, warn: (text: string) => void) {
    this.#engine = engine;
    this.#asking = asking;
    this.#warn = warn;
    this.#approvals = new Approvals(() => engine.current(), warn);
  }

  async call(call: Call, signal: AbortSignal, toolCallId: string): Promise<string[]> {
    if (!await this.#room(call)) return busy.texts(call.agent);
    try {
      return await this.#run(call, signal, toolCallId);
    } catch (err) {
      return this.#failed(err).texts(call.agent);
    }
  }

  // room is false where the replies of the agent's own calls hold all of its share: then it is
  // better not to send the request.
  #room({ tool, agent }: Call): boolean | Promise<boolean> {
    if (tool !== "execute") return true;
    const patience = AbortSignal.timeout(limits.roomPatienceMs);
    return this.#replies.lease(agent).room(limits.replyStep, patience);
  }

  async ask(call: Call, toolCallId: string): Promise<Prompt | null> {
    if (this.#asking === "janee") return null;
    const flow = new Flow(await this.#engine.current(), call, this.#replies, this.#warn);
    return this.#approvals.ask(flow, toolCallId);
  }

  async close(): Promise<void> {
    await this.#approvals.close();
    await this.#engine.close();
  }

  async #run(call: Call, signal: AbortSignal, toolCallId: string): Promise<string[]> {
    let flow = await this.#approvals.take(call, toolCallId);
    try {
      // Also for a parked call: a PIN may have been set since its person answered.
      const live = await this.#engine.current();
      if (!flow) {
        flow = new Flow(live, call, this.#replies, this.#warn);
        flow.open();
      }
      const ended = await flow.proceed(signal);
      if (ended && "reload" in ended)
        return [JSON.stringify(await this.#engine.reload(call.agent))];
      return ended?.texts ?? [];
    } catch (err) {
      flow?.drop();
      throw err;
    } finally {
      flow?.release();
    }
  }

  #failed(err: unknown): Refusal {
    if (err instanceof Refusal) return err;
    if (err instanceof CoreError && err.code === "too_large")
      return new Refusal(
        "TOO_LARGE",
        "the request is too large, so it was not sent",
        "send less: split the work into several calls, or leave out what is not needed",
      );
    const known = err instanceof CoreError || err instanceof Trap;
    this.#warn(
      `a call failed inside: ${known ? err.message : err instanceof Error ? err.name : "unknown"}`,
    ); // the text of any other error may quote anything
    return new Refusal(
      "INTERNAL",
      "Janee failed internally",
      "tell your user; the log of the gateway names the call",
    );
  }
}
