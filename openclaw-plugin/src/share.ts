// Divides among the agents of a gateway what all of them need, as package fair of the Go side does:
// an agent may hold as much as stays free, each has its floor whatever the others hold, and one
// lease of each may take all that it will ever need.

interface Share { held: number; first: Lease | null }

/** An amount that agents share. */
export class Pool {
  readonly #total: number;
  readonly #floor: number;
  #held = 0;
  readonly #all = new Map<string, Share>();
  #waiting: (() => void)[] = [];

  constructor(total: number, floor: number) {
    this.#total = total;
    this.#floor = floor;
  }

  /** What one call of agent holds: nothing yet. */
  lease(agent: string): Lease { return new Lease(this, agent); }

  fits(agent: string, n: number): boolean {
    return this.#share(agent).held + n <= Math.max(this.#floor, this.#total - this.#held - n);
  }

  /** True if by may be the one lease of its agent that takes n beyond the share; then it is. */
  goesBeyond(agent: string, n: number, by: Lease): boolean {
    const share = this.#share(agent);
    if (n > this.#total - this.#held || (share.first !== null && share.first !== by)) return false;
    this.#all.set(agent, { ...share, first: by });
    return true;
  }

  take(agent: string, n: number): void {
    const share = this.#share(agent);
    this.#all.set(agent, { ...share, held: share.held + n });
    this.#held += n;
  }

  free(agent: string, n: number, by: Lease): void {
    const share = this.#share(agent);
    const left = { held: share.held - n, first: share.first === by ? null : share.first };
    if (left.held > 0) this.#all.set(agent, left);
    else this.#all.delete(agent);
    this.#held -= n;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Waits until something comes back; false where signal ends first. */
  freed(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(false);
      const over = (): void => resolve(false);
      signal.addEventListener("abort", over, { once: true });
      this.#waiting.push(() => { signal.removeEventListener("abort", over); resolve(true); });
    });
  }

  #share(agent: string): Share { return this.#all.get(agent) ?? { held: 0, first: null }; }
}

export class Lease {
  readonly #pool: Pool;
  readonly #agent: string;
  #held = 0;

  constructor(pool: Pool, agent: string) {
    this.#pool = pool;
    this.#agent = agent;
  }

  /** Waits until n could be taken; false where signal ends first. */
  async room(n: number, signal: AbortSignal): Promise<boolean> {
    while (!this.#pool.fits(this.#agent, n)) if (!await this.#pool.freed(signal)) return false;
    return true;
  }

  /**
   * Takes n more, or beyond the agent's share rest, and returns which; waits for room, and returns
   * 0 where signal ends first.
   */
  async take(n: number, rest: number, signal: AbortSignal): Promise<number> {
    for (;;) {
      const taken = this.#now(n, rest);
      if (taken > 0) {
        this.#pool.take(this.#agent, taken);
        this.#held += taken;
        return taken;
      }
      if (!await this.#pool.freed(signal)) return 0;
    }
  }

  #now(n: number, rest: number): number {
    if (this.#pool.fits(this.#agent, n)) return n;
    return this.#pool.goesBeyond(this.#agent, rest, this) ? rest : 0;
  }

  /** Gives back all that is held. */
  free(): void {
    if (this.#held > 0) this.#pool.free(this.#agent, this.#held, this);
    this.#held = 0;
  }
}
