// Asks a person through OpenClaw before a call is made: the call is begun, parked while the person
// is asked, and taken up again by the execution that OpenClaw lets through. The core records and
// keeps what the person said, like the answers of `janee approve`.
import type { Flow } from "./flow.ts";
import { shownWhole } from "./masking.ts";
import type { Question } from "./messages.ts";
import { says } from "./refusal.ts";
import type { Call } from "./talk.ts";

const timeoutMs = 300_000; // for the person
const parkedMs = 660_000; // longer than OpenClaw lets anybody think (600 s)
// for the execution of a call that nobody is asked about: it follows at once, and the call counts
// as under way until then
const unaskedMs = 30_000;
const maxTitle = 80;
const maxDescription = 512; // characters; the gateway refuses a longer one

/** What a person says, or that nobody said anything. */
export type Decision = "allow-once" | "allow-always" | "deny" | "timeout" | "cancelled";

/** What OpenClaw shows, and whom it tells. */
export interface Prompt {
  title: string;
  description: string;
  severity: "warning";
  allowedDecisions: ["allow-once", "allow-always", "deny"];
  timeoutMs: number;
  onResolution(decision: Decision): Promise<void>;
}

interface Parked { flow: Flow; same: string; answered: Promise<void>; timer: NodeJS.Timeout }

export class Approvals {
  #parked = new Map<string, Parked>(); // by tool call
  #ending = new Set<Promise<void>>(); // of calls that were parked
  #refresh: () => Promise<unknown>;
  #warn: (text: string) => void;

  /** refresh puts a changed config.yaml in force. */
  constructor(refresh: () => Promise<unknown>, warn: (text: string) => void) {
    this.#refresh = refresh;
    this.#warn = warn;
  }

  /**
   * Begins the call of flow and returns what to ask, or null if there is nothing to ask here: the
   * execution then goes on from here, and waits for `janee approve` if a person has to be asked all
   * the same.
   */
  async ask(flow: Flow, toolCallId: string): Promise<Prompt | null> {
    if (!flow.open()) {
      flow.drop();
      return null;
    }
    const { question, description } = await this.#begin(flow);
    const answered = Promise.withResolvers<void>();
    this.#park(flow, toolCallId, answered.promise, description ? parkedMs : unaskedMs);
    if (!question || !description) {
      answered.resolve();
      return null;
    }
    return {
      title: title(question), description, severity: "warning",
      allowedDecisions: ["allow-once", "allow-always", "deny"], timeoutMs,
      onResolution: async (decision) => {
        await this.#resolve(flow, decision, toolCallId).catch((err: unknown) =>
          this.#warn(`an approval could not be kept: ${says(err)}`),
        );
        answered.resolve();
      },
    };
  }

  // begin takes a call on to the question that it raises, or to its request. What is to be shown is
  // "" for a question that must not be asked here.
  async #begin(flow: Flow): Promise<{ question: Question | null; description: string }> {
    try {
      await flow.proceed(
        new AbortController().signal,
        ({ type }) => type === "send" || flow.waitsFor() !== null,
      );
      const question = flow.waitsFor();
      return { question, description: question ? await wholly(flow.prompt(maxDescription)) : "" };
    } catch (err) {
      flow.drop();
      throw err;
    }
  }

  #park(flow: Flow, toolCallId: string, answered: Promise<void>, ms: number): void {
    const timer = setTimeout(() => this.#end(toolCallId), ms).unref();
    this.#parked.set(toolCallId, { flow, same: sameness(flow.call), answered, timer });
  }

  /** The parked call of that id once its person has answered, if it is this very one. */
  async take(call: Call, toolCallId: string): Promise<Flow | null> {
    const parked = this.#parked.get(toolCallId);
    if (!parked) return null;
    // another hook has changed the arguments: this is not what was approved
    if (parked.same !== sameness(call)) {
      this.#end(toolCallId);
      return null;
    }
    await parked.answered;
    clearTimeout(parked.timer);
    this.#parked.delete(toolCallId);
    return parked.flow;
  }

  async #resolve(flow: Flow, decision: Decision, toolCallId: string): Promise<void> {
    // A PIN that was set since the question was raised has to be known before a yes is judged; a no
    // needs nothing.
    if (decision.startsWith("allow")) await this.#refresh();
    switch (decision) {
      case "allow-once": await flow.answer("allow", "once"); return;
      case "allow-always": await flow.answer("allow", "session"); return;
      case "deny": await flow.answer("deny", "once");
    }
    this.#end(toolCallId);
  }

  /** Brings every call that is parked to its end, as taken back. */
  async close(): Promise<void> {
    for (const id of [...this.#parked.keys()]) this.#end(id);
    await Promise.all(this.#ending);
  }

  // end brings a call that is not made to its end, so that what came of it is in the log.
  #end(toolCallId: string): void {
    const parked = this.#parked.get(toolCallId);
    if (!parked) return;
    clearTimeout(parked.timer);
    this.#parked.delete(toolCallId);
    const ending: Promise<void> = parked.flow
      .stop()
      .catch((err: unknown) => this.#warn(`a call could not be ended: ${says(err)}`))
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

// wholly is "" for a text that OpenClaw would not show as it is.
async function wholly(text: string): Promise<string> { return await shownWhole(text) ? text : ""; }

// title holds no words of the agent.
function title(q: Question): string {
  const text = `Janee: a request to ${q.service}`;
  return text.length <= maxTitle ? text : "Janee: a request with a stored credential";
}

// sameness is equal for equal calls, whatever the order of their arguments.
function sameness(call: Call): string {
  return JSON.stringify(call, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
