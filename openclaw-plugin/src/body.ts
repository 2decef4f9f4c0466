// Collects what of a reply is kept. It takes room as the reply comes; where there is none it waits,
// and at the end of the call's time the reply is cut, because the request has acted already.
import type { Lease } from "./share.ts";

export class Body {
  readonly #lease: Lease;
  readonly #whole: number;
  readonly #late: AbortSignal;
  #parts: Buffer[] = [];
  #size = 0;
  #room = 0;

  /** A body of at most whole bytes; late ends when the call has no more time, or is taken back. */
  constructor(lease: Lease, whole: number, late: AbortSignal) {
    this.#lease = lease;
    this.#whole = whole;
    this.#late = late;
  }

  /** Keeps p; false: there is no room for it. */
  async keep(p: Buffer): Promise<boolean> {
    const more = this.#size + p.length - this.#room;
    if (more > 0) {
      const rest = Math.max(more, this.#whole - this.#room);
      const taken = await this.#lease.take(more, rest, this.#late);
      if (taken === 0) return false;
      this.#room += taken;
    }
    this.#size += p.length;
    this.#parts.push(p);
    return true;
  }

  bytes(): Buffer { return Buffer.concat(this.#parts); }
}
