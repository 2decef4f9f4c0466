// The interface of Gemini (generateContent, streamGenerateContent), as Gemini CLI speaks it.
import { events, json } from './sse.mjs';

export const path = /enerateContent(\?|$)/;

export function read({ tools = [], contents }) {
  return {
    offered: tools.flatMap((t) => t.functionDeclarations ?? []).map(({ name }) => name),
    answers: contents
      .flatMap(({ parts = [] }) => parts)
      .flatMap((p) => p.functionResponse?.response ?? []),
  };
}

export function reply(_, call, url) {
  const part = call ? { functionCall: { name: call.name, args: call.args } } : { text: 'FINAL' };
  const message = {
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  };
  return url.includes('stream') ? events([message]) : json(message);
}
