// A model that says what a test has written down for it, over the chat completions interface that
// OpenClaw speaks.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** One tool call that the model makes. */
export interface Turn { tool: string; args: object }

interface Message {
  role: string;
  content: unknown;
}
interface Request {
  stream?: boolean;
  model: string;
  messages: Message[];
  tools?: { function: { name: string } }[];
}

export class Model {
  turns: Turn[] = [];
  transcript = ""; // all that the model was sent
  tools: string[] = []; // that the model was offered last
  readonly server = createServer((req, res) => { void this.#serve(req, res); });

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of req) body += String(part);
    this.transcript += body;
    if (req.url?.endsWith("/models"))
      return json(res, { object: "list", data: [{ id: "scripted", object: "model" }] });
    const request = JSON.parse(body) as Request;
    this.tools = (request.tools ?? []).map((t) => t.function.name);
    // Sessions keep their history: only the results since the person spoke last count.
    const results = request.messages
      .slice(request.messages.map((m) => m.role).lastIndexOf("user") + 1)
      .filter((m) => m.role === "tool");
    const turn = this.turns[results.length];
    const message = turn
      ? {
          role: "assistant",
          content: null,
          tool_calls: [
            {
              index: 0,
              id: `call_${results.length}_${Date.now()}`,
              type: "function",
              function: { name: turn.tool, arguments: JSON.stringify(turn.args) },
            },
          ],
        }
      : { role: "assistant", content: `FINAL ${JSON.stringify(results.at(-1)?.content ?? null)}` };
    answer(res, request, message, turn ? "tool_calls" : "stop");
  }
}

function answer(res: ServerResponse, request: Request, message: object, finish: string): void {
  const base = { id: "c1", created: 1, model: request.model },
    usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  if (!request.stream)
    return json(res, {
      ...base,
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason: finish }],
      usage,
    });
  res.writeHead(200, { "content-type": "text/event-stream" });
  const event = (o: object): void => {
    res.write(`data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", ...o })}\n\n`);
  };
  event({ choices: [{ index: 0, delta: message, finish_reason: null }] });
  event({ choices: [{ index: 0, delta: {}, finish_reason: finish }] });
  event({ choices: [], usage });
  res.end("data: [DONE]\n\n");
}

function json(res: ServerResponse, o: object): void {
  res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(o));
}
