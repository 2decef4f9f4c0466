// Where a request may go: the core judges each address of a host, and only what was judged is
// dialled. A check at any earlier moment could see another address than the dial (DNS rebinding).
import { lookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { Fault } from "./fault.ts";
import type { ClassifyAnswer } from "./messages.ts";

/** Judges an address and port for the request under way, as the core's op classify does. */
export type Permit = (addr: string, port: number) => ClassifyAnswer;

/**
 * What a URL says about its server, by spelling alone: nothing is decoded or normalized.
 */
export interface Origin { secure: boolean; host: string; authority: string; port: number }

/** Splits url before target, which must be its end. Errors: Fault rejected. */
export function originOf(url: string, target: string): Origin {
  const found = /^(https?):\/\/((\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?)$/.exec(
    url.slice(0, -target.length),
  );
  const [, scheme, authority, name, port] = found ?? [];
  if (!target.startsWith("/") || !url.endsWith(target) || !scheme || !authority || !name) {
    throw new Fault("rejected", "the URL would be sent as another target than was judged");
  }
  const secure = scheme === "https";
  return {
    secure,
    host: name.startsWith("[") ? name.slice(1, -1) : name,
    authority,
    port: port ? Number(port) : secure ? 443 : 80,
  };
}

/**
 * A lookup that gives only addresses of to that may be dialled. Errors: Fault blocked, or that of
 * the name lookup.
 */
export async function pinned(to: Origin, permit: Permit): Promise<LookupFunction> {
  const family = isIP(to.host);
  const found = family ? [{ address: to.host, family }] : await lookup(to.host, { all: true });
  const judged = found.map((a) => ({ ...a, ...permit(a.address, to.port) }));
  const good = judged.filter((a) => a.permit).map(({ address, family }) => ({ address, family }));
  const first = good[0];
  if (!first) throw new Fault("blocked", `address class ${judged[0]?.class ?? "unknown"}`);
  return (_host, options, done) => {
    if (options.all) done(null, good);
    else done(null, first.address, first.family);
  };
}
