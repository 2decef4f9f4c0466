// The conversation of one call with the core: steps come out, events go in, each with the time,
// randomness and the files that it needs. It carries nothing out.
import { randomBytes } from "node:crypto";
import { now } from "./clock.ts";
import type { Live } from "./engine.ts";
import type {
  ClassifyAnswer,
  Commit,
  Event,
  LookAnswer,
  Relay,
  Step,
  StepAnswer,
} from "./messages.ts";

/** Who wants what: arguments as the agent gave them. */
export interface Call { tool: string; args: unknown; agent: string }

/** A step that the call is at. A relay is none: the request that it belongs to goes on. */
export type Due = Exclude<Step, Relay>;

/** What is to be done; body is that of the request to send. */
export interface Next { step: Due; body: Buffer }

/**
 * What came of a step: names are the files that go with the event, body is the reply of a flight.
 */
export interface Came { event: Event; names?: string[]; body?: Buffer }

export class Talk {
  readonly live: Live;
  #flow = 0;
  #needs: string[] = [];

  constructor(live: Live) { this.live = live; }

  /** Names a call, and returns the names of the files that it is judged by. Errors: CoreError. */
  open({ tool, args, agent }: Call): string[] {
    const { module, engine } = this.live;
    const about = {
      engine,
      tool,
      agent,
      via: "openclaw",
      identitySource: "openclaw (the agent of the run)",
    };
    const { answer } = module.call("needs", about, Buffer.from(JSON.stringify(args ?? {})));
    this.#flow = answer.flow;
    return this.#needs = answer.files;
  }

  /** Has the call judged. */
  begin(): Next {
    const { files, raw } = this.live.home.find(this.#needs);
    return due(this.live.module.call("begin", { ...this.#in(), files }, raw));
  }

  /** Tells what came of a step. */
  resume({ event, names, body }: Came): Next {
    const found = names && this.live.home.find(names);
    const members = {
      ...this.#in(),
      event,
      ...(event.type === "listed" && { names }),
      ...(found && { files: found.files }),
    };
    return due(this.live.module.call("resume", members, found?.raw ?? body));
  }

  /** Tells the head of a reply, and returns whether the agent gets that reply. */
  head(status: number, headers: [string, string][]): boolean {
    const event: Event = { type: "head", status, headers };
    return this.live.module.call("resume", { ...this.#in(), event }).answer.step !== null;
  }

  /** Tells whether the files called names end what the call waits for. */
  look(names: string[]): LookAnswer {
    const { files, raw } = this.live.home.find(names);
    return this.live.module.call("look", { flow: this.#flow, now: now(), files }, raw).answer;
  }

  /** Masks secrets in the next bytes of a reply. */
  scrub(chunk: Buffer, last: boolean): Buffer {
    return this.live.module.call("scrub", { flow: this.#flow, last }, chunk).raw;
  }

  /** Judges an address for the request under way. */
  permit(addr: string, port: number): ClassifyAnswer {
    return this.live.module.call("classify", { flow: this.#flow, addr, port }).answer;
  }

  /** The commit that comes before a flight. Errors: CoreError where no lines can be made. */
  lines(): Commit {
    return this.live.module.call("lines", { flow: this.#flow, now: now() }).answer.commit;
  }

  /** The request that a person is asked about; "" where it must not be asked here. */
  prompt(most: number): string {
    return this.live.module.call("prompt", { flow: this.#flow, most }).answer.text;
  }

  /** Forgets a call that does not come to its end. */
  drop(): void {
    if (this.#flow !== 0 && !this.live.module.dead)
      this.live.module.call("drop", { flow: this.#flow });
  }

  #in(): { flow: number; now: [number, number]; rand: string } {
    return { flow: this.#flow, now: now(), rand: randomBytes(64).toString("hex") };
  }
}

function due({ answer: { step }, raw }: { answer: StepAnswer; raw: Buffer }): Next {
  if (step === null || step.type === "relay")
    throw new Error("the core answers an event with no step");
  return { step, body: raw };
}
