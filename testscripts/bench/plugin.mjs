// Makes calls through the built OpenClaw plugin, which carries the core as WebAssembly, with a host
// that offers it nothing but what OpenClaw does: node plugin.mjs INDEX.JS HOME KEYFILE. It says
// "ready" when the core is started; each line of standard input is a load, and is answered by a
// line with its calls, [end, took] in µs from its beginning.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [, , index, home, keyFile] = process.argv;
const { default: plugin } = await import(pathToFileURL(index).href);
const tools = new Map();
let stop = async () => {};
plugin.register({
  pluginConfig: { home, keyFile },
  logger: { info() {}, warn: (text) => console.error(text) },
  on() {},
  registerService: (service) => { stop = service.stop; },
  registerTool: (make, { name }) => tools.set(name, make({ agentId: "bench" })),
});
let last = 0;

async function ask(tool, params) {
  const { content: [{ text }] } = await tools.get(tool).execute(`call-${++last}`, params);
  return text;
}

async function call({ path, bytes }) {
  const text = await ask("janee_execute", {
    capability: "api",
    method: "GET",
    path,
    maxBytes: Math.max(bytes, 1 << 18),
    reason: "a benchmark",
  });
  if (text.length < bytes || !text.startsWith('{"status":200,'))
    throw new Error(`not the reply that was wanted: ${text.slice(0, 500)}`);
}

async function drive(load) {
  const began = performance.now(), samples = [];
  let left = load.calls || Infinity;
  await Promise.all(Array.from({ length: load.outstanding }, async () => {
    for (let from; from = performance.now() - began, load.calls ? left-- > 0 : from < load.ms;) {
      await call(load);
      const end = performance.now() - began;
      samples.push([Math.round(1000 * end), Math.round(1000 * (end - from))]);
    }
  }));
  return samples;
}

await ask("janee_whoami", {});
console.log("ready");
for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await drive(JSON.parse(line))));
await stop();
