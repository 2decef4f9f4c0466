// Remote mode: every call goes to `janee serve --transport http` over MCP streamable HTTP, and no
// key is in this process. Each agent has an MCP session of its own, in which the server is told its
// name. After a restart the server knows none of them, and they are opened again.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
import type { Broker } from "./embedded.ts";
import type { Call } from "./talk.ts";
import { Refusal } from "./refusal.ts";
import { post, type Answer } from "./post.ts";
import type { RemoteServer } from "./settings.ts";

const protocol = "2025-11-25";

interface ToolAnswer {
  result?: { content?: { type: string; text?: string }[] };
  error?: { message?: string };
}

export class RemoteBroker implements Broker {
  #server: RemoteServer;
  #version: string;
  #sessions = new Map<string, Promise<string>>(); // by agent
  #last = 0;

  constructor(server: RemoteServer, version: string, warn: (text: string) => void) {
    this.#server = server;
    this.#version = version;
    if (/^http:\/\/(?!localhost|127\.|\[::1\])/.test(server.url))
      warn("the token goes over plain http; on a network that others share, use https");
  }

  async call({ tool, args, agent }: Call, signal: AbortSignal): Promise<string[]> {
    try {
      return await this.#call(tool, args, agent, signal);
    } catch (err) {
      if (err instanceof Refusal) return err.texts(agent);
      this.#sessions.delete(agent);
      if (signal.aborted)
        return new Refusal(
          "CANCELLED",
          "the call was cancelled",
          "repeat it if it is still wanted",
        ).texts(agent);
      return unreachable("it did not answer; the call may have been carried out").texts(agent);
    }
  }

  async close(): Promise<void> {
    const open = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    for (const s of open)
      if (s.status === "fulfilled")
        await this.#post("DELETE", s.value, null).catch(() => undefined);
  }

  async #call(tool: string, args: unknown, agent: string, signal: AbortSignal): Promise<string[]> {
    const params = { name: tool, arguments: args ?? {} };
    let answer = await this.#request("tools/call", params, await this.#session(agent), signal);
    // the session is over and nothing was done: repeat the call in a new one
    if (answer.status === 404) {
      this.#sessions.delete(agent);
      answer = await this.#request("tools/call", params, await this.#session(agent), signal);
    }
    if (answer.status !== 200) throw refused(answer.status);
    const { result, error } = answer.message as ToolAnswer;
    const texts = result?.content?.flatMap(({ text }) => text ?? []) ?? [];
    if (texts.length === 0)
      throw new Refusal(
        "INTERNAL",
        `the Janee server refused: ${error?.message ?? "no answer"}`,
        "tell your user",
      );
    return texts;
  }

  #session(agent: string): Promise<string> {
    let session = this.#sessions.get(agent);
    if (!session) {
      this.#sessions.set(agent, session = this.#open(agent));
      session.catch(() => this.#sessions.delete(agent));
    }
    return session;
  }

  async #open(agent: string): Promise<string> {
    const params = {
      protocolVersion: protocol,
      capabilities: {},
      clientInfo: { name: agent, version: this.#version },
    };
    let answer: Answer;
    try {
      answer = await this.#request("initialize", params, "", AbortSignal.timeout(30_000));
    } catch {
      throw unreachable("no connection");
    }
    if (answer.status !== 200 || !answer.session) throw refused(answer.status);
    await this.#post("POST", answer.session, {
      jsonrpc: "2.0",
      method: "notifications/initialized",
    });
    return answer.session;
  }

  async #request(
    method: string,
    params: object,
    session: string,
    signal: AbortSignal,
  ): Promise<Answer> {
    const id = ++this.#last;
    try {
      return await this.#post("POST", session, { jsonrpc: "2.0", id, method, params }, signal);
    } catch (err) {
      if (signal.aborted && session) {
        // the server stops what it still can
        await this.#post("POST", session, {
          jsonrpc: "2.0",
          method: "notifications/cancelled",
          params: { requestId: id },
        }).catch(() => undefined);
      }
      throw err;
    }
  }

  #post(
    method: string,
    session: string,
    message: object | null,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const headers: Record<string, string> = {
      Authorization: `Bearer ${this.#server.token}`,
      Accept: "application/json, text/event-stream",
      ...(session && { "Mcp-Session-Id": session, "Mcp-Protocol-Version": protocol }),
    };
    return post(this.#server.url, method, headers, message, signal);
  }
}

function refused(status: number): Refusal {
  if (status === 401)
    return new Refusal(
      "INTERNAL",
      "the Janee server does not know the token",
      "tell your user to set token in the plugin's configuration " +
        "to one that `janee agent add` gave",
    );
  return new Refusal(
    "INTERNAL",
    `the Janee server answered with status ${status}`,
    "tell your user to check the url in the plugin's configuration",
  );
}

function unreachable(how: string): Refusal {
  return new Refusal(
    "UPSTREAM_UNREACHABLE",
    `the Janee server could not be reached: ${how}`,
    "tell your user to check that `janee serve --transport http` runs " +
      "and that the url in the plugin's configuration is right",
  );
}
