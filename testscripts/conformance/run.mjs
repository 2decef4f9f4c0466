// Starts the test build of the server and runs the MCP conformance suite against it. baseline.yml
// names the scenarios that do not apply; the suite also fails if one of those begins to pass.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const server =
  process.env.CONFORMANCE_SERVER ?? new URL('../../bin/conformance', import.meta.url).pathname;
const here = new URL('.', import.meta.url).pathname;
const out = mkdtempSync(join(tmpdir(), 'janee-conformance-'));
const child = spawn(server, { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((resolve, reject) => {
  child.stdout.once('data', (line) => resolve(String(line).trim()));
  child.once('exit', (code) => reject(new Error(`${server} ended with ${code}`)));
});
const suite = join(here, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
const run = spawnSync(
  process.execPath,
  [
    suite,
    'server',
    '--suite',
    'all',
    '--url',
    url,
    '--expected-failures',
    join(here, 'baseline.yml'),
    '-o',
    out,
  ],
  { encoding: 'utf8' },
);
child.removeAllListeners('exit');
child.kill('SIGTERM');
await new Promise((done) => child.once('exit', done));
rmSync(out, { recursive: true, force: true });
const summary = run.stdout.slice(run.stdout.indexOf('=== SUMMARY ==='));
console.log(run.status === 0 ? summary : run.stdout + run.stderr);
process.exitCode = run.status ?? 1;
