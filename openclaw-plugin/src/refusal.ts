// Refusals that only a shell can make, such as that of a missing home. All others come from the
// core.

/** A refusal in the shape that agents know. message and next hold no secret. */
export class Refusal extends Error {
  readonly code: string;
  readonly next: string;
  constructor(code: string, message: string, next: string) {
    super(message);
    this.code = code;
    this.next = next;
  }

  /**
   * The texts for the agent: prose, then JSON, both as the core has them (Denial.Prose,
   * Denial.Text).
   */
  texts(agent: string): string[] {
    const denial = { reasonCode: this.code, agentId: agent, nextStep: this.next };
    const prose = `${this.code}: ${oneLine(this.message)}.\nNext: ${oneLine(this.next)}`;
    return [prose, JSON.stringify({ error: this.message, denial })];
  }
}

// oneLine keeps a text that quotes a file from adding a line of its own, such as a next step.
function oneLine(text: string): string {
  return text.replaceAll("\n", "; ").replace(/[\p{Cc}\u2028\u2029]/gu, " ");
}

/** What is wrong with a file, and the command that fixes it. */
export class FileFault extends Error {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** The code of a system error, such as ENOENT; "" for anything else. */
export function errno(err: unknown): string {
  return err instanceof Error && "code" in err && typeof err.code === "string" ? err.code : "";
}

/** What an error says, for a log line. */
export function says(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
