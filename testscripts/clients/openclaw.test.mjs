// The loop by MCP; the plugin has tests of its own (`make test-openclaw`).
import { fileURLToPath } from 'node:url';
import { loop } from './loop.mjs';

const openclaw = fileURLToPath(new URL('node_modules/openclaw/openclaw.mjs', import.meta.url));
const model = {
  id: 'scripted',
  name: 'Scripted',
  reasoning: false,
  input: ['text'],
  cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  contextWindow: 128000,
  maxTokens: 4096,
};

loop({
  name: 'openclaw',
  commands: { openclaw: [process.execPath, openclaw] },
  configure: (house) => house.write('.openclaw/openclaw.json', JSON.stringify({
    models: {
      mode: 'replace',
      providers: {
        scripted: {
          baseUrl: `${house.model.url}/v1`,
          apiKey: 'none',
          api: 'openai-completions',
          models: [model],
        },
      },
    },
    agents: {
      defaults: {
        model: { primary: 'scripted/scripted' },
        workspace: house.work,
        skipBootstrap: true,
      },
    },
  })),
  list: { argv: ['openclaw', 'mcp', 'probe', 'janee'], says: /^- janee: 7 tools/m },
  turn: ['openclaw', 'agent', '--local', '--agent', 'main', '--message', 'go'],
  tool: (name) => `janee__${name}`,
  search: ['tool_search', { query: 'janee', limit: 20 }],
  call: (id, args) => ['tool_call', { id, args }],
});
