// Sends one message to an MCP server and reads the answer, which comes as JSON or at the end of a
// stream of events.
import * as http from "node:http";
import * as https from "node:https";

const maxAnswer = 64 << 20; // bytes
const idle = 15 * 60_000; // ms without a byte: longer than any call may take

/** An answer: the HTTP status, the session it names, and the message if there is one. */
export interface Answer { status: number; session: string; message: unknown }

/** Sends message to url. Redirects are not followed, no proxy of the environment is asked. */
export function post(
  url: string,
  method: string,
  headers: Record<string, string>,
  message: object | null,
  signal?: AbortSignal,
): Promise<Answer> {
  const to = new URL(url),
    body = message ? JSON.stringify(message) : "";
  const { request, Agent } = to.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const r = request(to, {
      method,
      agent: new Agent({ keepAlive: false }),
      timeout: idle,
      ...(signal && { signal }),
      headers: {
        ...headers,
        ...(body && {
          "Content-Type": "application/json",
          "Content-Length": String(Buffer.byteLength(body)),
        }),
      },
    });
    r.on("error", reject);
    r.on("timeout", () => r.destroy(new Error("no answer")));
    r.on("response", (reply) => { read(reply).then(resolve, reject); });
    r.end(body);
  });
}

async function read(reply: http.IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of reply as AsyncIterable<Buffer>) {
    if ((size += part.length) > maxAnswer) throw new Error("the answer is too large");
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString();
  const session = reply.headers["mcp-session-id"];
  const events = reply.headers["content-type"]?.startsWith("text/event-stream") ?? false;
  return {
    status: reply.statusCode ?? 0,
    session: typeof session === "string" ? session : "",
    message: events ? lastOf(text) : jsonOf(text),
  };
}

// lastOf finds the answer among the messages that the server sends with it, such as progress: it is
// the one with a result or an error.
function lastOf(text: string): unknown {
  for (const event of text.split(/\r?\n\r?\n/)) {
    const data = event
      .split(/\r?\n/)
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5))
      .join("\n");
    const message = jsonOf(data);
    if (
      typeof message === "object" &&
      message !== null &&
      ("result" in message || "error" in message)
    )
      return message;
  }
  return null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
