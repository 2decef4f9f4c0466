import { createRequire } from 'node:module';
import { loop } from './loop.mjs';

// Its postinstall script, which does not run, would link the program of this platform.
const wrapper = createRequire(import.meta.url)
  .resolve('@anthropic-ai/claude-code/package.json')
  .replace('package.json', 'cli-wrapper.cjs');

loop({
  name: 'claude-code',
  commands: { claude: [process.execPath, wrapper] },
  own: true,
  env: ({ model }) => ({
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: 'none',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  }),
  list: { argv: ['claude', 'mcp', 'list'], says: /^janee: .* serve - ✔ Connected$/m },
  turn: ['claude', '--print', 'go', '--allowedTools', 'mcp__janee'],
  tool: (name) => `mcp__janee__${name}`,
  search: ['ToolSearch', { query: 'janee', max_results: 20 }],
});
