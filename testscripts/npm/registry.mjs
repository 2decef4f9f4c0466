// An npm registry on loopback: every tarball of a directory, in its one version, and nothing else.
// Everything that was asked is in asked.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { manifest } from './tarball.mjs';

export class Registry {
  asked = [];
  #replies = new Map();
  #server = createServer((req, res) => {
    const path = decodeURIComponent(req.url);
    this.asked.push(`${req.method} ${path}`);
    const reply = req.method === 'GET' ? this.#replies.get(path) : undefined;
    res.statusCode = reply ? 200 : 404;
    res.end(reply ?? '{}');
  });

  /** Serves dir on a free port. */
  async start(dir) {
    await new Promise((done) => this.#server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${this.#server.address().port}/`;
    for (const file of readdirSync(dir).filter((name) => name.endsWith('.tgz')))
      this.#add(join(dir, file), `/-/${file}`);
  }

  #add(file, path) {
    const tarball = readFileSync(file), { name, version, ...rest } = manifest(file);
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const dist = { tarball: new URL(path, this.url).href, integrity };
    const versions = { [version]: { name, version, ...rest, dist } };
    this.#replies.set(path, tarball);
    this.#replies.set(
      `/${name}`,
      JSON.stringify({ name, 'dist-tags': { latest: version }, versions }),
    );
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
