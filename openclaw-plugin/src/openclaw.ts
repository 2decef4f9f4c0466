// The part of OpenClaw's plugin interface that is used here, so that the build does not need
// OpenClaw.

export interface ToolResult { content: { type: "text"; text: string }[]; details: unknown }

export interface Tool {
  name: string;
  label: string;
  description: string;
  parameters: object;
  catalogMode: "direct-only";
  execute(toolCallId: string, params: unknown, signal?: AbortSignal): Promise<ToolResult>;
}

/** Of one run of an agent. */
export interface RunContext { agentId?: string }

/** A tool call that is about to be made. */
export interface ToolCallEvent { toolName: string; params: unknown; toolCallId?: string }

export type BeforeToolCall = (
  event: ToolCallEvent,
  ctx: RunContext,
) => Promise<{ requireApproval: object } | undefined>;

export interface PluginApi {
  pluginConfig?: unknown;
  logger: { info(text: string): void; warn(text: string): void };
  on(hook: "before_tool_call", handler: BeforeToolCall, options: { matcher: string[] }): void;
  registerService(service: { id: string; start(): void; stop(): Promise<void> }): void;
  registerTool(factory: (ctx: RunContext) => Tool, options: { name: string }): void;
}
