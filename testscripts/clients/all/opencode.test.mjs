import { fileURLToPath } from 'node:url';
import { loop } from '../loop.mjs';

// Its postinstall script puts the program of this platform in this place.
const opencode = fileURLToPath(
  new URL('node_modules/opencode-ai/bin/opencode.exe', import.meta.url),
);

loop({
  name: 'opencode',
  commands: { opencode: [opencode] },
  configure: (house) => house.write('.config/opencode/opencode.json', JSON.stringify({
    autoupdate: false,
    share: 'disabled',
    model: 'scripted/scripted',
    provider: {
      scripted: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Scripted',
        options: { baseURL: `${house.model.url}/v1`, apiKey: 'none' },
        models: { scripted: { name: 'Scripted' } },
      },
    },
  })),
  env: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1' }),
  list: { argv: ['opencode', 'mcp', 'list'], says: /✓ janee .*connected/ },
  turn: ['opencode', 'run', 'go'],
  tool: (name) => `janee_${name}`,
});
