import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { House } from './house.mjs';
import { loop } from './loop.mjs';

// Its postinstall script, which does not run, would link the program of this platform.
const wrapper = createRequire(import.meta.url)
  .resolve('@anthropic-ai/claude-code/package.json')
  .replace('package.json', 'cli-wrapper.cjs');
const commands = { claude: [process.execPath, wrapper] };
const env = ({ model }) => ({
  ANTHROPIC_BASE_URL: model.url,
  ANTHROPIC_API_KEY: 'none',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
});

loop({
  name: 'claude-code',
  commands,
  own: true,
  env,
  list: { argv: ['claude', 'mcp', 'list'], says: /^janee: .* serve - ✔ Connected$/m },
  turn: ['claude', '--print', 'go', '--allowedTools', 'mcp__janee'],
  tool: (name) => `mcp__janee__${name}`,
  search: ['ToolSearch', { query: 'janee', max_results: 20 }],
});

test('its tools do not reach the files of Janee', { timeout: 60_000 }, async (t) => {
  const house = new House();
  t.after(() => house.stop());
  await house.start(commands);
  await house.janee(['setup', 'claude-code', '--json']);
  house.write('mine', 'a file of mine');
  const bash = (command) => ['Bash', { command, description: 'Show it' }];
  const argv = ['claude', '--print', 'go', '--allowedTools', 'Read,Write,Bash'];
  const [mine, ...answers] = await house.turn(argv, env(house), [
    ['Read', { file_path: join(house.home, 'mine') }],
    ['Read', { file_path: join(house.home, '.janee', 'config.yaml') }],
    ['Write', { file_path: join(house.home, '.janee', 'new'), content: 'new' }],
    bash('cat ~/.janee/config.yaml'),
    bash('cat ~/.config/janee/*'),
  ]);
  assert.match(mine, /a file of mine/);
  for (const answer of answers) assert.match(answer, /denied/);
});
