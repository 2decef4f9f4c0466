// The real OpenClaw in a state directory of its own, on loopback, with the scripted model.
// Everything it says is kept.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Where the packed plugin is: in the release that DIST names, else where `make plugin` packs. */
export const packs = process.env["DIST"]
  ? join(process.env["DIST"], "npm")
  : fileURLToPath(new URL("../", import.meta.url));
export const tarball = join(
  packs,
  readdirSync(packs).find((name) => /^true-and-useful-janee-openclaw-.*\.tgz$/.test(name)) ??
    "no-tarball",
);

const cli = fileURLToPath(new URL("node_modules/openclaw/openclaw.mjs", import.meta.url));
const run = promisify(execFile);

export class Gateway {
  readonly token = "gateway_token_of_the_test";
  readonly state: string;
  log = "";
  port = 0;
  #env: Record<string, string>;
  #process: ChildProcess | null = null;

  constructor(dir: string) {
    this.state = join(dir, "state");
    // Nothing of the machine's environment: no proxy, no other home, no key.
    this.#env = {
      PATH: process.env["PATH"] ?? "",
      HOME: join(dir, "person"),
      OPENCLAW_STATE_DIR: this.state,
    };
    for (const d of [this.state, this.#env["HOME"] ?? "", join(dir, "workspace")])
      mkdirSync(d, { recursive: true, mode: 0o700 });
  }

  /** Runs the CLI and returns all it says. */
  async cli(...args: string[]): Promise<string> {
    const { stdout, stderr } = await run(process.execPath, [cli, ...args], {
      env: this.#env,
      timeout: 180_000,
      maxBuffer: 64 << 20,
    });
    this.log += stdout + stderr;
    return stdout + stderr;
  }

  /**
   * Runs the CLI and returns its stdout, whatever its exit code: an audit that finds something may
   * fail.
   */
  async json(...args: string[]): Promise<string> {
    const options = { env: this.#env, timeout: 180_000, maxBuffer: 64 << 20 };
    const { stdout } = await run(process.execPath, [cli, ...args], options)
      .catch((err: unknown) => err as { stdout: string });
    return stdout;
  }

  /** Changes openclaw.json; a running gateway takes that up by itself. */
  configure(change: object): void {
    const path = join(this.state, "openclaw.json");
    let now: object = {};
    try {
      now = JSON.parse(readFileSync(path, "utf8")) as object;
    } catch { /* the first one */ }
    writeFileSync(path, JSON.stringify(merge(now, change), null, 2), { mode: 0o600 });
  }

  async start(modelPort: number, workspace: string): Promise<void> {
    this.port = await freePort();
    this.configure({
      models: {
        mode: "replace",
        providers: {
          scripted: {
            baseUrl: `http://127.0.0.1:${modelPort}/v1`,
            apiKey: "none",
            api: "openai-completions",
            models: [
              {
                id: "scripted",
                name: "Scripted",
                reasoning: false,
                input: ["text"],
                cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
                contextWindow: 128000,
                maxTokens: 4096,
              },
            ],
          },
        },
      },
      agents: {
        defaults: { model: { primary: "scripted/scripted" }, workspace, skipBootstrap: true },
      },
      tools: { allow: ["janee"] },
      gateway: {
        mode: "local",
        bind: "loopback",
        port: this.port,
        auth: { mode: "token", token: this.token },
      },
    });
    const child = spawn(process.execPath, [cli, "gateway", "run"], {
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`the gateway does not start: ${this.log}`)),
        180_000,
      );
      const heard = (part: Buffer): void => {
        this.log += part.toString();
        if (this.log.includes("http server listening")) { clearTimeout(late); resolve(); }
      };
      child.stdout.on("data", heard);
      child.stderr.on("data", heard);
      child.once("exit", () => reject(new Error(`the gateway ended: ${this.log}`)));
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await gone;
    clearTimeout(late);
  }

  /** One tool call without a model: POST /tools/invoke. */
  async invoke(tool: string, args: object): Promise<string> {
    const reply = await fetch(`http://127.0.0.1:${this.port}/tools/invoke`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: JSON.stringify({ tool, args, sessionKey: "agent:main:main" }),
    });
    return reply.text();
  }

  /** A person sends a message and answers every approval with decision; what they were asked. */
  async person(sessionKey: string, decision: string): Promise<string> {
    const script = fileURLToPath(new URL("person.mjs", import.meta.url));
    return (
      await run(
        process.execPath,
        [script, `ws://127.0.0.1:${this.port}`, this.token, sessionKey, decision],
        { env: this.#env, timeout: 240_000 },
      )
    ).stdout;
  }
}

function merge(a: object, b: object): object {
  const out: Record<string, unknown> = { ...a };
  for (const [k, v] of Object.entries(b) as [string, unknown][]) {
    const old = out[k];
    out[k] = isObject(old) && isObject(v) ? merge(old, v) : v;
  }
  return out;
}

function isObject(v: unknown): v is object {
  return typeof v === "object" && v !== null && !Array.isArray(v);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
