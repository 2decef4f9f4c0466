// The OpenClaw plugin janee. register is called often and only offers the tools; the broker behind
// them is made at the first call and kept as long as this module is loaded.
import { EmbeddedBroker, type Broker } from "./embedded.ts";
import { Engine } from "./engine.ts";
import { sha256, tools, version } from "./generated.ts";
import { compile } from "./module.ts";
import type { PluginApi, Tool } from "./openclaw.ts";
import { RemoteBroker } from "./remote.ts";
import { settings, type PluginConfig } from "./settings.ts";

const brokers = new Map<string, Broker>(); // by settings

function brokerOf(api: PluginApi): Broker {
  const s = settings((api.pluginConfig ?? {}) as PluginConfig), key = JSON.stringify(s);
  const warn = (text: string): void => api.logger.warn(`janee: ${text}`);
  let broker = brokers.get(key);
  if (!broker) {
    broker =
      s.mode === "remote"
        ? new RemoteBroker(s, version, warn)
        : new EmbeddedBroker(
            new Engine({
              settings: s,
              program: version,
              warn,
              compiled: () => compile(new URL("./janee.wasm", import.meta.url), sha256),
            }),
            s.approvals,
            warn,
          );
    brokers.set(key, broker);
  }
  return broker;
}

// close syncs the log and ends sessions with a server.
async function close(): Promise<void> {
  const open = [...brokers.values()];
  brokers.clear();
  await Promise.all(open.map((broker) => broker.close()));
}

/** An agent id, [A-Za-z0-9._@-]{1,64}: every other byte becomes "-". */
function agentOf(id: string | undefined): string {
  return Buffer.from(id || "unnamed")
    .subarray(0, 64)
    .toString("latin1")
    .replace(/[^A-Za-z0-9._@-]/g, "-");
}

export default {
  id: "janee",
  name: "Janee",
  description: "Agents use APIs with stored credentials and never see a key",
  register(api: PluginApi): void {
    for (const { name, title, description, parameters } of tools) {
      api.registerTool(
        (ctx): Tool => ({
          name: `janee_${name}`,
          label: title,
          description,
          parameters,
          catalogMode: "direct-only", // OpenClaw's tool search, on by default, would hide the tools
          async execute(id, params, signal) {
            const texts = await brokerOf(api).call(
              { tool: name, args: params, agent: agentOf(ctx.agentId) },
              signal ?? new AbortController().signal,
              id,
            );
            return { content: texts.map((text) => ({ type: "text", text })), details: {} };
          },
        }),
        { name: `janee_${name}` },
      );
    }
    api.on(
      "before_tool_call",
      async ({ params, toolCallId }, ctx) => {
        const broker = brokerOf(api);
        if (!toolCallId || !broker.ask) return undefined;
        const prompt = await broker.ask(
          { tool: "execute", args: params, agent: agentOf(ctx.agentId) },
          toolCallId,
        );
        return prompt ? { requireApproval: prompt } : undefined;
      },
      { matcher: ["janee_execute"] },
    );
    // calls that come after a stop make new brokers
    api.registerService({ id: "janee", start: () => undefined, stop: close });
  },
};
