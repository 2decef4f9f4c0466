import { fileURLToPath } from 'node:url';
import { loop } from '../loop.mjs';

const cline = fileURLToPath(new URL('node_modules/cline/bin/cline', import.meta.url));

loop({
  name: 'cline',
  commands: { cline: [process.execPath, cline] },
  configure: (house) => house.write('.cline/data/settings/providers.json', JSON.stringify({
    version: 1,
    lastUsedProvider: 'openai-compatible',
    modes: {},
    providers: {
      'openai-compatible': {
        settings: {
          provider: 'openai-compatible',
          apiKey: 'none',
          model: 'scripted',
          baseUrl: `${house.model.url}/v1`,
        },
        updatedAt: '2026-11-30T00:00:00.000Z',
        tokenSource: 'manual',
      },
    },
  })),
  turn: ['cline', 'say go'],
  tool: (name) => `janee__${name}`,
  stop: ['cline', 'hub', 'stop'],
});
