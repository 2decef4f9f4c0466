import { fileURLToPath } from 'node:url';
import { loop } from './loop.mjs';

const gemini = fileURLToPath(
  new URL('node_modules/@google/gemini-cli/bundle/gemini.js', import.meta.url),
);

loop({
  name: 'gemini',
  commands: { gemini: [process.execPath, gemini] },
  configure: (house) => house.write('.gemini/settings.json', JSON.stringify({
    security: { auth: { selectedType: 'gemini-api-key' } },
    general: { enableAutoUpdate: false },
    privacy: { usageStatisticsEnabled: false },
  })),
  env: ({ model }) => ({
    GEMINI_API_KEY: 'none',
    GOOGLE_GEMINI_BASE_URL: model.url,
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
  }),
  list: { argv: ['gemini', 'mcp', 'list'], says: /janee: .* serve \(stdio\) - Connected/ },
  turn: ['gemini', '--yolo', '--model', 'gemini-2.5-pro', '--prompt', 'go'],
  tool: (name) => `mcp_janee_${name}`,
});
