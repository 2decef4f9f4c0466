// Trades credentials for tokens. Of all calls that want the same exchange, one makes it, and every
// one gets the reply, which is a secret as a whole and goes to the core alone. The rules are those
// of gateway/flight.go of the Go side.
import { Fault } from "./fault.ts";
import { limits } from "./limits.ts";
import type { Ending } from "./messages.ts";

/**
 * What came of an exchange. lost: its lines are not in the log; the call that stored them reports
 * it.
 */
export interface Landed {
  head: { status: number; headers: [string, string][] } | null;
  body: Buffer;
  err: Ending | "";
  detail: string;
  truncated: boolean;
  lost: boolean;
}

/** An exchange belongs to no call: it goes on as long as any call waits for it. */
interface Flight {
  name: string;
  landed: Promise<Landed>;
  over: boolean;
  stop: AbortController;
  waiting: number;
  told: boolean;
}

/** How the wait of one call ended: first is true for the first call that is told. */
export interface Told { landed: Landed; first: boolean; own: boolean }

/** What there is of an exchange before anything has come. */
export const nothing: Readonly<Landed> = {
  head: null,
  body: Buffer.alloc(0),
  err: "",
  detail: "",
  truncated: false,
  lost: false,
};

export class Flights {
  #all = new Map<string, Flight>();

  /**
   * Waits for the exchange called name, which run makes if nobody has yet. Errors: the reason of
   * signal.
   */
  async wait(
    name: string,
    timeoutMs: number,
    signal: AbortSignal,
    run: (signal: AbortSignal) => Promise<Landed>,
  ): Promise<Told> {
    const known = this.#all.get(name),
      flight = known ?? this.#start(name, run);
    flight.waiting++;
    const late = Promise.withResolvers<Landed>();
    const timer = setTimeout(() => late.resolve({ ...nothing, err: "timeout" }), timeoutMs);
    const stop = (): void => late.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const landed = await Promise.race([flight.landed, late.promise]);
      return { landed, first: this.#leave(flight, true), own: !known };
    } catch (err) {
      this.#leave(flight, false);
      throw err;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  #start(name: string, run: (signal: AbortSignal) => Promise<Landed>): Flight {
    const stop = new AbortController();
    const landed = run(stop.signal).catch((err: unknown) => failed(err));
    const flight: Flight = { name, landed, over: false, stop, waiting: 0, told: false };
    this.#all.set(name, flight);
    void landed.then((l) => {
      flight.over = true;
      setTimeout(() => {
        this.#drop(flight);
        l.body.fill(0);
      }, limits.flightKeptMs).unref();
    });
    return flight;
  }

  // leave gives up an exchange that nobody waits for any more; then the call that leaves last is
  // the first that is told.
  #leave(flight: Flight, told: boolean): boolean {
    flight.waiting--;
    if (!flight.over) {
      if (flight.waiting === 0) {
        flight.stop.abort(new Fault("cancelled", "the call was cancelled"));
        this.#drop(flight);
      }
      told &&= flight.waiting === 0;
    }
    const first = told && !flight.told;
    flight.told ||= told;
    return first;
  }

  #drop(flight: Flight): void {
    if (this.#all.get(flight.name) === flight) this.#all.delete(flight.name);
  }
}

function failed(err: unknown): Landed {
  if (err instanceof Fault) return { ...nothing, err: err.ending, detail: err.message };
  return { ...nothing, err: "unreachable", detail: "the exchange failed" };
}
