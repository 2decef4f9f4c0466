// With a model of its user's own Copilot CLI needs no login to GitHub.
import { fileURLToPath } from 'node:url';
import { loop } from '../loop.mjs';

const copilot = fileURLToPath(
  new URL('node_modules/@github/copilot/npm-loader.js', import.meta.url),
);

loop({
  name: 'copilot',
  commands: { copilot: [process.execPath, copilot] },
  env: ({ model }) => ({
    COPILOT_PROVIDER_BASE_URL: `${model.url}/v1`,
    COPILOT_MODEL: 'scripted',
    COPILOT_OFFLINE: 'true',
    COPILOT_AUTO_UPDATE: 'false',
  }),
  list: { argv: ['copilot', 'mcp', 'list'], says: /^ +janee \(local\)/m },
  turn: ['copilot', '--allow-tool', 'janee', '--prompt', 'go'],
  tool: (name) => `janee-${name}`,
});
