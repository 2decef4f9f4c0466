// Continue has no command that lists servers.
import { fileURLToPath } from 'node:url';
import { loop } from '../loop.mjs';

const cn = fileURLToPath(new URL('node_modules/@continuedev/cli/dist/cn.js', import.meta.url));

loop({
  name: 'continue',
  commands: { cn: [process.execPath, cn] },
  configure: (house) => house.write('.continue/config.yaml', `name: Test
version: 1.0.0
schema: v1
models:
  - name: scripted
    provider: openai
    model: scripted
    apiBase: ${house.model.url}/v1
    apiKey: none
    roles: [chat]
    capabilities: [tool_use]
`),
  env: () => ({ CONTINUE_TELEMETRY_ENABLED: '0', CONTINUE_METRICS_ENABLED: '0' }),
  turn: ['sh', '-c', 'exec cn --print --config "$HOME/.continue/config.yaml" go'],
  tool: (name) => name,
});
