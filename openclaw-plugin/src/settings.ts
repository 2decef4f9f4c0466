// What the plugin is set to: its own configuration first, then the environment, then the defaults
// of the Go side. The environment is read here and nowhere else.
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The plugin's configuration in OpenClaw; secrets may be SecretRefs there and arrive resolved. */
export interface PluginConfig {
  home?: string;
  keyFile?: string;
  masterKey?: string;
  url?: string;
  token?: string;
  approvals?: string;
}

/** Who asks a person: OpenClaw before the call, or nobody; then `janee approve` answers. */
export type Asking = "openclaw" | "janee";

export interface Embedded {
  mode: "embedded";
  home: string;
  group: boolean;
  keyFile: string;
  masterKey: string;
  configDir: string;
  approvals: Asking;
}
export interface RemoteServer {
  mode: "remote";
  url: string;
  token: string;
}
export type Settings = Embedded | RemoteServer;

type Env = Record<string, string | undefined>;

/** Returns the settings in force. A url, from either place, means remote mode. */
export function settings(config: PluginConfig, env: Env = process.env): Settings {
  const url = config.url || env["JANEE_HTTP_URL"] || "";
  if (url) return { mode: "remote", url, token: config.token || env["JANEE_TOKEN"] || "" };
  return {
    mode: "embedded",
    home: resolve(config.home || env["JANEE_HOME"] || join(homedir(), ".janee")),
    group: env["JANEE_ALLOW_GROUP"] === "1",
    keyFile: config.keyFile || env["JANEE_KEY_FILE"] || "",
    masterKey: config.masterKey || env["JANEE_MASTER_KEY"] || "",
    configDir: userConfigDir(env),
    approvals: config.approvals === "janee" ? "janee" : "openclaw",
  };
}

// userConfigDir is os.UserConfigDir of Go, where the Go side keeps root keys; "" where it is not
// known.
function userConfigDir(env: Env): string {
  switch (process.platform) {
    case "win32": return env["AppData"] ?? "";
    case "darwin": return env["HOME"] ? join(env["HOME"], "Library", "Application Support") : "";
    default: return env["XDG_CONFIG_HOME"] || (env["HOME"] ? join(env["HOME"], ".config") : "");
  }
}
