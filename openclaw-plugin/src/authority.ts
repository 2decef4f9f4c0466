// Reads the CA that a service names for its server. It is a module of its own: one that sends must
// not read files as well, so that it is plain to see, also for a scanner, that nothing read here
// goes anywhere.
import { readFileSync } from "node:fs";
import { Fault } from "./fault.ts";

/** The PEM text of the CA at path. Errors: Fault unreachable. */
export function authority(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new Fault("unreachable", "the service's caFile cannot be read");
  }
}
