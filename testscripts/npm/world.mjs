// A machine of a person without Go: a HOME of its own, a PATH with Node, npm and a shell, and the
// packages of the release in a registry on loopback. DIST names the directory of the release.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from './registry.mjs';
import { manifest } from './tarball.mjs';

export const dist = resolve(process.env.DIST ?? new URL('../../dist', import.meta.url).pathname);
export const tarballs = readdirSync(join(dist, 'npm')).map((name) => join(dist, 'npm', name));
export const shim = '@true-and-useful/janee';
export const platform = `${shim}-${process.platform}-${process.arch}`;
export const { version } = tarballs.map(manifest).find((m) => m.name === shim);

/** Where a program of this machine is. */
function which(name) {
  const files = process.env.PATH.split(':').map((dir) => join(dir, name));
  return realpathSync(files.find((file) => existsSync(file)));
}

export class World {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'janee-npm-')));
  home = this.path('person');
  registry = new Registry();
  #children = [];
  env = { HOME: this.home, PATH: this.path('bin') };

  path(...names) {
    return join(this.dir, ...names);
  }

  async start() {
    await this.registry.start(join(dist, 'npm'));
    for (const dir of [this.home, this.env.PATH]) mkdirSync(dir);
    const config = [`registry=${this.registry.url}`, 'update-notifier=false'];
    writeFileSync(join(this.home, '.npmrc'), config.join('\n'));
    const npm = dirname(which('npm'));
    const programs = {
      node: process.execPath,
      npm: join(npm, 'npm-cli.js'),
      npx: join(npm, 'npx-cli.js'),
    };
    for (const name of ['sh', 'dirname', 'sed', 'uname']) programs[name] = which(name); // for pnpm
    for (const [name, file] of Object.entries(programs)) symlinkSync(file, this.path('bin', name));
  }

  /** An empty project, for packages that are not installed globally. */
  project(name) {
    mkdirSync(this.path(name));
    writeFileSync(this.path(name, 'package.json'), '{"private":true}');
    return this.path(name);
  }

  /** Starts a program; its ended is { code, signal, stdout, stderr } once its output is closed. */
  spawn(file, args = [], options = {}) {
    // a process group of its own, which ends with the test: nothing that it started outlives it
    const its = { env: this.env, cwd: this.dir, detached: true, ...options };
    const child = spawn(file, args, its);
    const said = { stdout: '', stderr: '' };
    for (const name of Object.keys(said))
      child[name].setEncoding('latin1').on('data', (part) => (said[name] += part));
    child.stdin.on('error', () => {}); // it ended before it read all
    child.ended = new Promise((done, failed) => {
      child.once('error', failed);
      child.once('close', (code, signal) => done({ code, signal, ...said }));
    });
    /** Waits until it has said what matches. */
    child.says = async (pattern) => {
      for (let i = 0; !pattern.test(said.stdout + said.stderr); i++) {
        if (child.signalCode ?? child.exitCode !== null) throw new Error(`ended: ${said.stderr}`);
        if (i === 1000) throw new Error(`after 20 seconds it said ${said.stdout} ${said.stderr}`);
        await sleep(20);
      }
    };
    this.#children.push(child);
    return child;
  }

  /** Runs a program to its end. */
  run(file, args, { input = '', ...options } = {}) {
    const child = this.spawn(file, args, options);
    child.stdin.end(input);
    return child.ended;
  }

  /** Runs a program that has to succeed, and returns its standard output. */
  async must(file, args, options) {
    const { code, signal, stdout, stderr } = await this.run(file, args, options);
    assert.equal(code, 0, `${file} ${args.join(' ')}: ${signal} ${stdout} ${stderr}`);
    return stdout;
  }

  async stop() {
    for (const { pid } of this.#children) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch { /* all of it has ended */ }
    }
    this.registry.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
