// A model on loopback that makes the calls it is told, one a turn, in the dialect of whoever asks,
// and keeps what it was sent.
import { createServer } from 'node:http';
import * as anthropic from './dialects/anthropic.mjs';
import * as chat from './dialects/chat.mjs';
import * as gemini from './dialects/gemini.mjs';
import * as responses from './dialects/responses.mjs';

const dialects = [anthropic, chat, gemini, responses];

export class Model {
  calls = []; // [tool, arguments] of each call; a function returns them when it is their turn
  offered = []; // names of the tools that the model was offered last
  answers = []; // what the calls came to, as text
  transcript = ''; // all that was sent
  fault = null; // of a function in calls; the model makes no call then
  #old = -1; // answers of the turns before, which clients may send again
  #made = 0; // calls of this turn
  #server = createServer((req, res) => { void this.#serve(req, res); });

  async start() {
    await new Promise((done) => this.#server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** Starts a turn. */
  script(calls) {
    Object.assign(this, { calls, answers: [], fault: null });
    [this.#old, this.#made] = [-1, 0];
  }

  async #serve(req, res) {
    let body = '';
    for await (const part of req) body += part;
    this.transcript += `${req.method} ${req.url}\n${body}\n`;
    const dialect = dialects.find(({ path }) => path.test(req.url));
    if (req.method !== 'POST' || !dialect) return res.writeHead(404).end();
    const request = JSON.parse(body);
    const call = await this.#next(dialect.read(request));
    const { type, text } = dialect.reply(request, call, req.url);
    res.writeHead(200, { 'content-type': type }).end(text);
  }

  // Clients ask for more than the turn: for a title, or for what to remember of it. Such a request
  // offers other tools, or none.
  async #next({ offered, answers }) {
    if (!this.calls.length || !offered.includes(this.calls[0][0])) return undefined;
    if (this.#old < 0) this.#old = answers.length;
    this.answers = answers.slice(this.#old).map((a) => JSON.stringify(a));
    this.offered = offered;
    // A client that loses answers would never come to an end.
    if (this.#made++ > 2 * this.calls.length) return undefined;
    const [name, args] = await this.#call(this.calls[this.answers.length]);
    return name && { id: answers.length + 1, name, args };
  }

  async #call(next = []) {
    try {
      return typeof next === 'function' ? await next() : next;
    } catch (err) {
      this.fault = err;
      return [];
    }
  }
}
