import { fileURLToPath } from 'node:url';
import { loop } from '../loop.mjs';

const qwen = fileURLToPath(
  new URL('node_modules/@qwen-code/qwen-code/cli-entry.js', import.meta.url),
);

loop({
  name: 'qwen',
  commands: { qwen: [process.execPath, qwen] },
  configure: (house) => house.write('.qwen/settings.json', JSON.stringify({
    security: { auth: { selectedType: 'openai' } },
    general: { enableAutoUpdate: false },
    privacy: { usageStatisticsEnabled: false },
    permissions: { allow: ['mcp__janee'] },
  })),
  env: ({ model }) => ({
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: `${model.url}/v1`,
    OPENAI_MODEL: 'scripted',
  }),
  list: { argv: ['qwen', 'mcp', 'list'], says: /janee: .* serve \(stdio\) - Connected/ },
  turn: ['qwen', 'go'],
  tool: (name) => `mcp__janee__${name}`,
  search: ['tool_search', { query: 'janee', max_results: 20 }],
  call: (name, args) => ['tool_call', { name, arguments: args }],
});
