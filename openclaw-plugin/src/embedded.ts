// Embedded mode: calls are decided and made in this process, from a home on this machine.
import { Engine } from "./engine.ts";
import { Flow } from "./flow.ts";
import { CoreError, Trap } from "./module.ts";
import { Refusal } from "./refusal.ts";

/** What answers calls of agents: with text, whatever happens. */
export interface Broker {
  call(tool: string, args: unknown, agent: string, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

const replyBudget = 64 << 20; // bytes of reply bodies that calls under way may hold together
const defaultMax = 256 << 10;
const maxMax = 10 << 20;

export class EmbeddedBroker implements Broker {
  #engine: Engine;
  #warn: (text: string) => void;
  #held = 0;

  constructor(engine: Engine, warn: (text: string) => void) {
    this.#engine = engine;
    this.#warn = warn;
  }

  async call(tool: string, args: unknown, agent: string, signal: AbortSignal): Promise<string> {
    const size = bodySize(tool, args);
    if (this.#held + size > replyBudget) return new Refusal("BUSY", "too many calls are under way", "wait for some of your calls to end, then repeat this one").text(agent);
    this.#held += size;
    try {
      return await this.#run(tool, args, agent, signal);
    } catch (err) {
      return this.#failed(err).text(agent);
    } finally {
      this.#held -= size;
    }
  }

  close(): Promise<void> { return this.#engine.close(); }

  async #run(tool: string, args: unknown, agent: string, signal: AbortSignal): Promise<string> {
    const flow = new Flow(await this.#engine.current(), this.#warn);
    try {
      const ended = await flow.run({ tool, args, agent }, signal);
      return "reload" in ended ? JSON.stringify(await this.#engine.reload(agent)) : ended.text;
    } catch (err) {
      flow.drop();
      throw err;
    }
  }

  #failed(err: unknown): Refusal {
    if (err instanceof Refusal) return err;
    const known = err instanceof CoreError || err instanceof Trap;
    this.#warn(`a call failed inside: ${known ? err.message : err instanceof Error ? err.name : "unknown"}`); // the text of others may quote anything
    return new Refusal("INTERNAL", "Janee failed inside", "tell your person; the log of the gateway names the call");
  }
}

function bodySize(tool: string, args: unknown): number {
  if (tool !== "execute") return 0;
  const n = typeof args === "object" && args !== null && "maxBytes" in args ? Number(args.maxBytes) : 0;
  return n > 0 && n <= maxMax ? n : defaultMax;
}
