// A home made by the real janee, an API on loopback that demands the key, and the built plugin with
// a host that offers it nothing but what OpenClaw does. JANEE names the binary.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BeforeToolCall, PluginApi, Tool, ToolResult } from "../src/openclaw.ts";

export const janee = process.env["JANEE"] ?? new URL("../../bin/janee", import.meta.url).pathname;
export const key = "plugin_test_key_2b7e151628aed2a6"; // of no vendor's shape
export const dist = new URL("../dist/", import.meta.url);

interface Plugin { default: { register(api: PluginApi): void } }

/** What an agent is answered. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  bodyEncoding?: string;
  truncated?: boolean;
  redactions?: number;
  error?: string;
  denial?: { reasonCode: string; agentId: string; nextStep: string; approvalId?: string };
}

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

export class World {
  readonly dir = mkdtempSync(join(tmpdir(), "janee-openclaw-"));
  readonly home = join(this.dir, "home");
  readonly env: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOME: this.dir,
    JANEE_HOME: this.home,
    JANEE_KEY_FILE: join(this.dir, "root.key"),
  };
  readonly seen: string[] = []; // what the API was asked: "METHOD path"
  readonly warnings: string[] = [];
  readonly api = createServer((req, res) => this.#serve(req, res));
  handler: Handler = (_req, res) => { res.end('{"ok":true}'); };
  beforeToolCall: BeforeToolCall = () => Promise.resolve(undefined);
  readonly #stops: (() => Promise<void>)[] = [];
  #server: ChildProcess | null = null;

  /** Makes the home with the service bank and the capabilities given as YAML. */
  async start(capabilities: string): Promise<void> {
    await new Promise<void>((done) => this.api.listen(0, "127.0.0.1", done));
    this.run("init");
    this.run("add", "bank", "-u", this.url, "--auth-type", "bearer", "-k", "-", "--no-capability");
    appendFileSync(join(this.home, "config.yaml"), `\ncapabilities:\n${capabilities}`);
  }

  /** The plugin's configuration for embedded mode. */
  get config(): { home: string; keyFile: string } {
    return { home: this.home, keyFile: this.env["JANEE_KEY_FILE"] ?? "" };
  }

  get url(): string { return `http://127.0.0.1:${(this.api.address() as AddressInfo).port}`; }

  /** Runs janee; the key is on stdin. */
  run(...args: string[]): string {
    return execFileSync(janee, args, {
      env: this.env,
      input: key,
      stdio: ["pipe", "pipe", "pipe"],
    }).toString();
  }

  /** Like run, for what may fail. */
  try(...args: string[]): { status: number | null; text: string } {
    const r = spawnSync(janee, args, { env: this.env, input: "" });
    return { status: r.status, text: r.stdout.toString() + r.stderr.toString() };
  }

  /**
   * The tools as an agent of OpenClaw has them. A generation is a module that is loaded again, as
   * after a reload of the plugin.
   */
  async tools(
    agentId: string,
    config: object = this.config,
    generation = "",
  ): Promise<Map<string, Tool>> {
    const plugin = (await import(
      new URL(`index.js?${this.dir}${generation}`, dist).href
    )) as Plugin;
    const tools = new Map<string, Tool>();
    plugin.default.register({
      pluginConfig: config,
      logger: { info: () => undefined, warn: (text) => { this.warnings.push(text); } },
      registerService: ({ stop }) => { this.#stops.push(stop); },
      on: (_hook, handler) => { this.beforeToolCall = handler; },
      registerTool: (factory, { name }) => { tools.set(name, factory({ agentId })); },
    });
    return tools;
  }

  /** Starts janee serve over HTTP: its URL, and at the first start the token that it prints. */
  serve(port = "0"): Promise<{ url: string; token: string }> {
    const server = spawn(janee, ["serve", "--transport", "http", "--port", port], {
      env: this.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      let said = "";
      server.stderr.on("data", (part: Buffer) => {
        said += part.toString();
        if (said.includes("\nLogs: "))
          resolve({
            url: /running on (\S+)/.exec(said)?.[1] ?? "",
            token: /^ +(janee_\S+)$/m.exec(said)?.[1] ?? "",
          });
      });
      server.once("exit", () => reject(new Error(said)));
    });
  }

  /** Ends janee serve. */
  async unserve(): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const gone = new Promise((done) => server.once("exit", done));
    server.kill("SIGTERM");
    await gone;
  }

  /**
   * Stops the services of the plugin, as OpenClaw does before it loads it again and when it ends.
   * Each call must have come to its end by then, or have been dropped.
   */
  async halt(): Promise<void> {
    for (const stop of this.#stops) await stop();
    const left = this.warnings.findIndex((text) => /calls have not ended/.test(text));
    if (left >= 0) assert.fail(this.warnings.splice(left, 1).join());
  }

  async stop(): Promise<void> {
    try {
      await this.halt();
    } finally {
      await this.unserve();
      this.api.closeAllConnections();
      this.api.close();
      rmSync(this.dir, { recursive: true, force: true });
    }
  }

  #serve(req: IncomingMessage, res: ServerResponse): void {
    this.seen.push(`${req.method} ${req.url}`);
    if (req.headers.authorization !== `Bearer ${key}`) res.writeHead(401).end();
    else this.handler(req, res);
  }
}

/** Calls a tool and reads its answer. */
export async function call(
  tools: Map<string, Tool>,
  name: string,
  params: unknown = {},
  signal?: AbortSignal,
): Promise<Answer> {
  return JSON.parse(await say(tools, name, params, signal)) as Answer;
}

/** Calls a tool for the text of its answer: of a refusal the JSON, which has prose before it. */
export async function say(
  tools: Map<string, Tool>,
  name: string,
  params: unknown = {},
  signal?: AbortSignal,
): Promise<string> {
  return said(await tools.get(name)?.execute("call", params, signal));
}

/** The JSON of a result, which is all of it or, of a refusal, what follows the prose. */
export function said(result: ToolResult | undefined): string {
  const texts = result?.content.map(({ text }) => text) ?? [], json = texts.at(-1) ?? "";
  const refused = json.startsWith('{"error":');
  assert.equal(texts.length, refused ? 2 : 1, json);
  if (refused) reaches(texts, json);
  return json;
}

// reaches fails where a client that makes structured content of a first text that is JSON would
// lose the refusal, as Gemini CLI does, or where the prose lacks what a model needs.
function reaches(texts: string[], json: string): void {
  const { error, denial } = JSON.parse(json) as Required<Answer>, [prose = ""] = texts;
  assert.throws(() => { JSON.parse(prose); }, SyntaxError, prose);
  assert.ok(prose.startsWith(`${denial.reasonCode}: `), prose);
  for (const part of [error, denial.nextStep, denial.approvalId ?? ""])
    assert.ok(prose.includes(part), prose);
}
