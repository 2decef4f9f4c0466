// Finds the root key of a vault where the Go side keeps it. It is never made here: a new key must
// not hide that the old one is lost.
import { dirname, join, resolve } from "node:path";
import { Guard } from "./guard.ts";
import type { VaultInfo } from "./messages.ts";
import { errno, FileFault, Refusal } from "./refusal.ts";
import type { Embedded } from "./settings.ts";

const otherwise =
  "tell your user to set masterKey of the plugin, which may be a SecretRef, " +
  "or url, so that it calls `janee serve --transport http`";

/**
 * The text of the root key of a vault. Errors: Refusal VAULT_LOCKED, which names where the key
 * should be. Nobody can be asked for a passphrase here, and no keyring or command is asked either:
 * these sources are refused by name, with what works instead.
 */
export function readRootKey(s: Embedded, { id, source = "file" }: VaultInfo): string {
  if (s.masterKey) return s.masterKey;
  const own = s.keyFile === "";
  if (own && source !== "file" && source !== "passphrase")
    throw locked(
      `config.yaml keeps the root key in source ${JSON.stringify(source)}, ` +
        "which the plugin does not read",
      otherwise,
    );
  if (own && !/^[A-Za-z0-9_-]{1,64}$/.test(id))
    throw locked(`"${id}" cannot be the id of a vault`, "restore vault.id in config.yaml");
  if (own && !s.configDir)
    throw locked(
      "the directory of root keys is not known",
      "set keyFile in the plugin's configuration, or JANEE_KEY_FILE",
    );
  const path = own ? join(s.configDir, "janee", `${id}.key`) : resolve(s.keyFile);
  const guard = new Guard(s.group);
  try {
    // In a directory that others can write to, they could put a key of theirs in place of this one.
    if (own) guard.checkDir(dirname(path));
    else guard.checkPlace(dirname(path));
    const text = guard.read(path).data.toString();
    if (text.startsWith("janee-wrapped-v1:"))
      throw locked(
        `a passphrase opens the root key in "${path}", and the plugin asks for none`,
        otherwise,
      );
    return text;
  } catch (err) {
    if (err instanceof Refusal) throw err;
    if (errno(err) === "ENOENT")
      throw locked(
        `root key missing: "${path}"`,
        "tell your user to restore the key file from a backup, or to name it by JANEE_KEY_FILE",
      );
    if (err instanceof FileFault)
      throw locked(`root key: ${err.message}`, `tell your user to run: ${err.hint}`);
    throw locked(
      `root key from "${path}": ${errno(err) || "unreadable"}`,
      "tell your user to look at the key file",
    );
  }
}

function locked(message: string, next: string): Refusal {
  return new Refusal("VAULT_LOCKED", `vault locked: ${message}`, next);
}
