// A transport that makes structured content of a first text that is JSON, as the one of Gemini CLI
// 0.61 does before the SDK holds it against the tool's output schema. A refusal whose first text is
// JSON is lost in it: callTool throws.
export class Parsing {
  constructor(inner) {
    this.inner = inner;
    inner.onmessage = (message, extra) => this.onmessage?.(parsed(message), extra);
    inner.onclose = () => this.onclose?.();
    inner.onerror = (err) => this.onerror?.(err);
  }

  start() { return this.inner.start(); }
  send(message, options) { return this.inner.send(message, options); }
  close() { return this.inner.close(); }
  setProtocolVersion(version) { this.inner.setProtocolVersion?.(version); }
}

function parsed(message) {
  const { result } = message, first = result?.content?.[0];
  if (first?.type !== 'text' || result.structuredContent) return message;
  try {
    return { ...message, result: { ...result, structuredContent: JSON.parse(first.text) } };
  } catch {
    return message;
  }
}

/** What a refusal says, whose prose and JSON say the same. */
export function refusal({ isError, structuredContent, content }) {
  const [prose, json] = content.map(({ text }) => text),
    { error, denial } = JSON.parse(json);
  const said = [
    `${denial.reasonCode}: ${error}`,
    `\nNext: ${denial.nextStep}`,
    denial.approvalId ?? '',
  ];
  if (
    !isError ||
    structuredContent ||
    content.length !== 2 ||
    !said.every((part) => prose.includes(part))
  ) {
    throw new Error(`not a refusal that every client shows: ${JSON.stringify(content)}`);
  }
  return denial;
}
