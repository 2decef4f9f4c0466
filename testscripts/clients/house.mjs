// A house of its own for each client: an empty HOME with Janee in it, an API that repeats the key
// it was sent, and a model. All of it is on loopback, and a proxy that is not there takes the rest.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Model } from './model.mjs';

const janee = process.env.JANEE ?? new URL('../../bin/janee', import.meta.url).pathname;
const key = 'clients_test_key_2b7e151628aed2a6';
const nowhere = 'http://127.0.0.1:9';

export class House {
  dir = mkdtempSync(join(tmpdir(), 'janee-clients-'));
  home = join(this.dir, 'home');
  work = join(this.dir, 'work'); // where the client is started
  model = new Model();
  seen = []; // what the API was asked with the key: "METHOD path"
  said = ''; // all that the client and Janee's commands printed
  #bin = join(this.dir, 'bin');
  #tmp = join(this.dir, 'tmp');
  #api = createServer((req, res) => {
    const { authorization } = req.headers;
    if (authorization !== `Bearer ${key}`) return res.writeHead(401).end();
    this.seen.push(`${req.method} ${req.url}`);
    res.end(`The balance is 42, and you said ${authorization}`);
  });

  /** Sets up all but the client. commands are those on the PATH of run: { name: [argument, …] }. */
  async start(commands) {
    for (const d of [this.home, this.work, this.#bin, this.#tmp]) mkdirSync(d);
    for (const [name, argv] of Object.entries(commands)) this.#command(name, argv);
    await this.model.start();
    await new Promise((done) => this.#api.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${this.#api.address().port}`;
    const add = ['add', 'bank', '-u', url, '--auth-type', 'bearer', '-k', '-', '--no-capability'];
    await this.janee(['init']);
    await this.janee(add, { input: key });
    const may = ['-s', 'bank', '--allow', 'GET *'];
    await this.janee(['cap', 'add', 'bank', ...may]);
    await this.janee(['cap', 'add', 'asked', ...may, '--no-auto-approve']);
    await this.janee(['config', 'set', 'approvals.wait', '5s']);
  }

  async stop() {
    this.#endAll();
    await this.model.stop();
    this.#api.closeAllConnections();
    await new Promise((done) => this.#api.close(done));
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Runs a command of Janee and returns what it prints. */
  async janee(args, options) {
    const { code, said, stdout } = await this.run([janee, ...args], options);
    assert.equal(code, 0, `janee ${args.join(' ')}: ${said}`);
    return stdout;
  }

  /** Runs a command to its end, without the client's commands on the PATH if it is alone. */
  async run([command, ...args], { env = {}, input = '', alone = false } = {}) {
    const child = spawn(command, args, {
      cwd: this.work,
      env: { ...this.#env(alone), ...env },
    });
    let stdout = '', said = '';
    child.stdout.on('data', (part) => { stdout += part; said += part; });
    child.stderr.on('data', (part) => { said += part; });
    child.stdin.on('error', () => { /* it does not read */ });
    child.stdin.end(input);
    const late = setTimeout(() => { child.kill('SIGKILL'); this.#endAll(); }, 180_000);
    const code = await new Promise((done, fail) => {
      child.once('error', fail);
      child.once('close', done);
    });
    clearTimeout(late);
    this.said += said;
    return { code, stdout, said };
  }

  /** Has the model make the calls in a turn of the client, and returns what each came to. */
  async turn(argv, env, calls) {
    this.model.script(calls);
    const { code, said } = await this.run(argv, { env });
    assert.equal(code, 0, said);
    const seen = `${said}\n${this.model.answers.join('\n')}`;
    assert.equal(this.model.fault, null, seen);
    assert.equal(this.model.answers.length, calls.length, seen);
    return this.model.answers;
  }

  /** Writes a file below the HOME. */
  write(name, text) {
    const path = join(this.home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Names where the key is, in any usual spelling: in a file, with the model, or in an output. */
  leaks() {
    const places = { 'the model': this.model.transcript, 'an output': this.said };
    for (const f of readdirSync(this.dir, { recursive: true, withFileTypes: true }))
      if (f.isFile()) places[join(f.parentPath, f.name)] = readFileSync(join(f.parentPath, f.name));
    const base64 = Buffer.from(key).toString('base64').replace(/.{3}$/, '');
    const forms = [key, base64, Buffer.from(key).toString('hex')];
    return Object.keys(places).filter((p) => forms.some((form) => places[p].includes(form)));
  }

  #env(alone) {
    const dirs = [dirname(process.execPath), '/usr/bin', '/bin'];
    return {
      PATH: (alone ? dirs : [this.#bin, ...dirs]).join(':'),
      HOME: this.home,
      TMPDIR: this.#tmp,
      HTTP_PROXY: nowhere,
      HTTPS_PROXY: nowhere,
      NO_PROXY: '127.0.0.1,localhost',
      DO_NOT_TRACK: '1',
    };
  }

  // Ends what runs with this HOME. Some clients start processes that leave their group and stay.
  #endAll() {
    if (!existsSync('/proc')) return;
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        if (readFileSync(`/proc/${pid}/environ`).includes(`HOME=${this.home}\0`))
          process.kill(pid, 'SIGKILL');
      } catch { /* it has ended, or is of another user */ }
  }

  #command(name, argv) {
    const path = join(this.#bin, name);
    writeFileSync(path, `#!/bin/sh\nexec ${argv.map((a) => `'${a}'`).join(' ')} "$@"\n`);
    chmodSync(path, 0o755);
  }
}
