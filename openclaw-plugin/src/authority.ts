// Reads the certificate authorities that a service names for its server. It is a module of its own,
// because a module that sends must not read files as well: then anyone, also a scanner, can see
// that nothing that is read here goes anywhere.
import { createHash } from "node:crypto";
import { Fault } from "./fault.ts";
import type { Guard } from "./guard.ts";
import { FileFault } from "./refusal.ts";

/**
 * The PEM text at path, which has the SHA-256 digest in hex that its owner agreed to, if one is
 * given. Errors: Fault unreachable, and untrusted for another content.
 */
export function authority(guard: Guard, path: string, digest: string | undefined): string {
  const data = read(guard, path);
  if (digest !== undefined && createHash("sha256").update(data).digest("hex") !== digest) {
    throw new Fault(
      "untrusted",
      "the service's caFile holds other certificate authorities than its owner agreed to",
    );
  }
  return data.toString("utf8");
}

function read(guard: Guard, path: string): Buffer {
  try {
    return guard.readAuthority(path);
  } catch (err) {
    const why = err instanceof FileFault ? ": " + err.message : "";
    throw new Fault("unreachable", "the service's caFile cannot be read" + why);
  }
}
