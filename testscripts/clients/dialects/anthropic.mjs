// The Messages API of Anthropic, as Claude Code speaks it.
import { events, json } from './sse.mjs';

export const path = /\/v1\/messages(\?|$)/;

export function read({ tools = [], messages }) {
  const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []));
  return {
    offered: tools.map(({ name }) => name),
    answers: blocks.filter(({ type }) => type === 'tool_result').map((b) => b.content),
  };
}

export function reply({ model, stream }, call) {
  const block = call
    ? { type: 'tool_use', id: `toolu_${call.id}`, name: call.name, input: call.args }
    : { type: 'text', text: 'FINAL' };
  const end = { stop_reason: call ? 'tool_use' : 'end_turn', stop_sequence: null };
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, usage };
  if (!stream) return json({ ...message, content: [block], ...end });
  const empty = call ? { ...block, input: {} } : { ...block, text: '' };
  const delta = call
    ? { type: 'input_json_delta', partial_json: JSON.stringify(call.args) }
    : { type: 'text_delta', text: block.text };
  return events([
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: empty },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: end, usage },
    { type: 'message_stop' },
  ]);
}
