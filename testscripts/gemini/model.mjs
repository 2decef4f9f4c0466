// A model on loopback that makes the calls it is told, one a turn, over the interface of Gemini
// (streamGenerateContent), and keeps what it was sent.
import { createServer } from 'node:http';

export class Model {
  calls = []; // { name, args } of the function calls still to be made
  offered = []; // names of the functions of the last request
  answers = []; // what the calls came to
  transcript = '';
  #server = createServer((req, res) => { void this.#serve(req, res); });

  async start() {
    await new Promise((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(req, res) {
    let body = '';
    for await (const part of req) body += part;
    if (!req.url.includes('enerateContent')) return res.writeHead(404).end();
    this.transcript += body;
    const { contents, tools = [] } = JSON.parse(body);
    this.offered = tools.flatMap((t) => t.functionDeclarations ?? []).map((f) => f.name);
    this.answers = contents
      .flatMap((c) => c.parts ?? [])
      .flatMap((p) => p.functionResponse?.response ?? []);
    const functionCall = this.calls[this.answers.length];
    const parts = [functionCall ? { functionCall } : { text: 'FINAL' }];
    const message = {
      candidates: [{ index: 0, content: { role: 'model', parts }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
    };
    const streams = req.url.includes('stream');
    res.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
    res.end(streams ? `data: ${JSON.stringify(message)}\r\n\r\n` : JSON.stringify(message));
  }
}
