import { fileURLToPath } from 'node:url';
import { loop } from './loop.mjs';

const codex = fileURLToPath(new URL('node_modules/@openai/codex/bin/codex.js', import.meta.url));

loop({
  name: 'codex',
  commands: { codex: [process.execPath, codex] },
  configure: (house) => house.write('.codex/config.toml', `# mine
model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false

[model_providers.scripted]
name = "Scripted"
base_url = "${house.model.url}/v1"
wire_api = "responses"

[analytics]
enabled = false
`),
  list: { argv: ['codex', 'mcp', 'list'], says: /^janee +\S+janee +serve .* enabled/m },
  turn: ['codex', 'exec', '--skip-git-repo-check', 'go'],
  tool: (name) => `mcp__janee/${name}`,
});
