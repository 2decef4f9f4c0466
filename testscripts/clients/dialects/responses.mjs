// The Responses API of OpenAI, as Codex speaks it. The tools of an MCP server are in a namespace:
// here such a tool is called NAMESPACE/NAME.
import { events, json } from './sse.mjs';

export const path = /\/responses(\?|$)/;

export function read({ tools = [], input }) {
  return {
    offered: tools.flatMap((t) =>
      t.type === 'namespace' ? t.tools.map(({ name }) => `${t.name}/${name}`) : [t.name ?? t.type]),
    answers: input.filter(({ type }) => type === 'function_call_output').map((i) => i.output),
  };
}

export function reply({ model, stream }, call) {
  const [name, namespace] = (call?.name ?? '').split('/').reverse();
  const item = call
    ? {
        type: 'function_call',
        id: `fc_${call.id}`,
        call_id: `call_${call.id}`,
        name,
        namespace,
        arguments: JSON.stringify(call.args),
        status: 'completed',
      }
    : {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'FINAL', annotations: [] }],
      };
  const usage = {
    input_tokens: 1,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 1,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 2,
  };
  const response = { id: 'resp_1', object: 'response', model, status: 'completed' };
  const done = { ...response, output: [item], usage };
  if (!stream) return json(done);
  return events([
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: done },
  ]);
}
