// The chat completions of OpenAI, which most other clients speak.
import { events, json } from './sse.mjs';

export const path = /\/chat\/completions(\?|$)/;

export function read({ tools = [], messages }) {
  return {
    offered: tools.map((t) => t.function.name),
    answers: messages.filter(({ role }) => role === 'tool').map(({ content }) => content),
  };
}

export function reply({ model, stream }, call) {
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const message = call
    ? {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            index: 0,
            id: `call_${call.id}`,
            type: 'function',
            function: { name: call.name, arguments: JSON.stringify(call.args) },
          },
        ],
      }
    : { role: 'assistant', content: 'FINAL' };
  const finish_reason = call ? 'tool_calls' : 'stop';
  const base = { id: 'chat_1', created: 1, model };
  if (!stream) {
    const choices = [{ index: 0, message, finish_reason }];
    return json({ ...base, object: 'chat.completion', choices, usage });
  }
  const chunk = (choices) => ({ ...base, object: 'chat.completion.chunk', choices });
  const reply = events([
    chunk([{ index: 0, delta: message, finish_reason: null }]),
    chunk([{ index: 0, delta: {}, finish_reason }]),
    { ...chunk([]), usage },
  ]);
  return { ...reply, text: `${reply.text}data: [DONE]\n\n` };
}
