// Asks a person through OpenClaw before a call is made: the call is begun, parked while the person is asked, and taken up again by the
// execution that OpenClaw lets through. What the person said is recorded and kept by the core, as the answers of `janee approve` are.
import type { Call, Flow } from "./flow.ts";
import type { Question, Step } from "./messages.ts";
import { says } from "./refusal.ts";

const timeoutMs = 300_000; // for the person
const parkedMs = 660_000; // longer than OpenClaw lets anybody think (600 s)
const unaskedMs = 30_000; // for the execution of a call that nobody is asked about: it follows at once, and counts as under way until then
const maxTitle = 80;
const maxDescription = 512;

/** What a person says, or that nobody did. */
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
  #warn: (text: string) => void;

  constructor(warn: (text: string) => void) { this.#warn = warn; }

  /** Begins call and says what to ask, or null where there is nothing to ask: the execution then goes on from here. */
  async ask(flow: Flow, call: Call, toolCallId: string): Promise<Prompt | null> {
    if (!flow.open(call)) {
      flow.drop();
      return null;
    }
    await flow.proceed(new AbortController().signal, (step: Step) => step.type === "send" || flow.waitsFor() !== null);
    const answered = Promise.withResolvers<void>();
    const question = flow.waitsFor();
    const timer = setTimeout(() => { this.#end(toolCallId); }, question ? parkedMs : unaskedMs).unref();
    this.#parked.set(toolCallId, { flow, same: sameness(call), answered: answered.promise, timer });
    if (!question) {
      answered.resolve();
      return null;
    }
    return {
      ...words(question), severity: "warning", allowedDecisions: ["allow-once", "allow-always", "deny"], timeoutMs,
      onResolution: async (decision) => {
        await this.#resolve(flow, decision, toolCallId).catch((err: unknown) => this.#warn(`an approval could not be kept: ${says(err)}`));
        answered.resolve();
      },
    };
  }

  /** The parked call of that id once its person has answered, if it is this very one. */
  async take(call: Call, toolCallId: string): Promise<Flow | null> {
    const parked = this.#parked.get(toolCallId);
    if (!parked) return null;
    if (parked.same !== sameness(call)) { // another hook has put other words in: what was approved is not this
      this.#end(toolCallId);
      return null;
    }
    await parked.answered;
    clearTimeout(parked.timer);
    this.#parked.delete(toolCallId);
    return parked.flow;
  }

  async #resolve(flow: Flow, decision: Decision, toolCallId: string): Promise<void> {
    switch (decision) {
      case "allow-once": await flow.answer("allow", "once"); return;
      case "allow-always": await flow.answer("allow", "session"); return;
      case "deny": await flow.answer("deny", "once");
    }
    this.#end(toolCallId);
  }

  // end brings a call that is not made to its end, so that what came of it stands in the log.
  #end(toolCallId: string): void {
    const parked = this.#parked.get(toolCallId);
    if (!parked) return;
    clearTimeout(parked.timer);
    this.#parked.delete(toolCallId);
    parked.flow.stop().catch((err: unknown) => this.#warn(`a call could not be ended: ${says(err)}`));
  }
}

function words(q: Question): { title: string; description: string } {
  const lines = [`${plain(q.method)} https://${plain(q.host)}${cut(plain(q.path), 200)}`, `Capability ${q.capability} for agent ${q.agent}`];
  if (q.bodyBytes > 0) lines.push(`Body: ${q.bodyBytes} bytes, SHA-256 ${q.bodySha256?.slice(0, 16) ?? ""}…`);
  lines.push(q.reason ? `The agent says: "${cut(plain(q.reason), 120)}"` : "The agent gives no reason", "Always: until the session ends, whatever the rules of the capability allow");
  return { title: cut(`Janee: ${plain(q.method)} with ${q.capability}`, maxTitle), description: cut(lines.join("\n"), maxDescription) };
}

// plain shows what is no letter, number, sign or space as its code: control and invisible characters could make a request look like another.
function plain(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]|["\\]/gu, (c) => c === '"' || c === "\\" ? `\\${c}` : `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

function cut(text: string, max: number): string { return text.length <= max ? text : `${text.slice(0, max - 1)}…`; }

// sameness is equal for equal calls, whatever the order of their arguments.
function sameness(call: Call): string {
  return JSON.stringify(call, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)) : value);
}
