// Makes dist: node scripts/build.ts JANEE.WASM. What agents are offered, and the sum of the wasm, are read from the wasm itself.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Module } from "../src/module.ts";

interface Definition { name: string; title: string; description: string; inputSchema: object }

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wasm = process.argv[2] ?? join(root, "..", "bin", "janee.wasm");
const manifest = JSON.parse(readFileSync(join(root, "openclaw.plugin.json"), "utf8")) as { version: string; contracts: { tools: string[] } };
const offered = manifest.contracts.tools.map((name) => name.replace(/^janee_/, ""));

const core = await Module.start(await WebAssembly.compile(readFileSync(wasm)));
const { tools } = core.call<{ tools: Definition[] }>("tools").answer;
const list = offered.map((name) => {
  const tool = tools.find((t) => t.name === name);
  if (!tool) throw new Error(`the core knows no tool ${name}, which openclaw.plugin.json promises`);
  return prefixed({ name, title: tool.title, description: tool.description, parameters: tool.inputSchema });
});

// Texts name the other tools as MCP does; in OpenClaw each has the prefix of the plugin. Only names with an underscore are beyond doubt.
function prefixed(tool: { name: string; title: string; description: string; parameters: object }): object {
  const { name, ...said } = tool;
  const names = tools.map((t) => t.name).filter((n) => n.includes("_")).join("|");
  return { name, ...JSON.parse(JSON.stringify(said).replace(new RegExp(`\\b(?:${names})\\b`, "g"), "janee_$&")) as object };
}

rmSync(join(root, "dist"), { recursive: true, force: true });
mkdirSync(join(root, "dist"));
writeFileSync(join(root, "src", "generated.ts"), `// Made by scripts/build.ts from janee.wasm and openclaw.plugin.json.
export const version = ${JSON.stringify(manifest.version)};
export const sha256 = ${JSON.stringify(createHash("sha256").update(readFileSync(wasm)).digest("hex"))};
export const tools: { name: string; title: string; description: string; parameters: object }[] = ${JSON.stringify(list, null, 2)};
`);
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
for (const args of [["-p", root], ["-p", join(root, "tsconfig.build.json")]]) execFileSync(process.execPath, [tsc, ...args], { stdio: "inherit" });
copyFileSync(wasm, join(root, "dist", "janee.wasm"));
