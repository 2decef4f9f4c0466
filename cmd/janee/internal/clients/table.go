package clients

import (
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// The table, as of 2026-11: what npm brings was run (docs/clients.md says which versions), the rest
// is from the pages that Docs names.
//
// Janee splices settings files itself wherever the client's own program would lose something. This
// was seen: `codex mcp add` loses comments at the end of a line, `gemini mcp add` changes CRLF and
// the indentation, `copilot mcp add` and `openclaw mcp set` lose all comments, and `qwen mcp add`
// replaces a file with a trailing comma by one that has nothing else in it.
var table = []Client{
	claudeCode,
	{
		Name: "codex", Title: "Codex", Program: "codex", Reports: "codex-mcp-client",
		Wait:    Wait{5 * time.Minute, "tool_timeout_sec"},
		Restart: newSession,
		Notes: []string{"Its entry has default_tools_approval_mode = \"approve\", because " +
			"`codex exec` cancels every call that it would have to ask about. Janee judges each " +
			"call itself."},
		Docs:   "https://developers.openai.com/codex/mcp",
		Format: splice.TOML, Path: splice.Keys("mcp_servers", Entry),
		Project: ".codex/config.toml",
		Choices: []string{codexApprove.Key},
		Stdio:   also(plain, codexApprove),
		HTTP: also(func(r Remote) splice.Object {
			return splice.Object{{Key: "url", Value: r.URL},
				{Key: "bearer_token_env_var", Value: r.TokenEnv}}
		}, codexApprove),
		files: []location{{files: []string{"$CODEX_HOME/config.toml", "~/.codex/config.toml"}}},
	},
	{
		Name: "gemini", Title: "Gemini CLI", Program: "gemini", Reports: "gemini-cli-mcp-client",
		Wait:    Wait{10 * time.Minute, "timeout"},
		Restart: newSession,
		Notes: []string{"It starts no server in a folder that it does not trust; its command " +
			"/permissions trusts one."},
		Docs:   "https://geminicli.com/docs/tools/mcp-server/",
		Format: splice.JSON, Path: splice.Keys("mcpServers", Entry),
		Project: ".gemini/settings.json",
		Stdio:   plain, HTTP: remote("httpUrl", "$", ""),
		files: []location{{files: []string{"~/.gemini/settings.json"}}},
	},
	{
		Name: "cursor", Title: "Cursor", Program: "cursor", Reports: "cursor-vscode",
		Restart: "Restart Cursor, and turn the server on in its MCP settings.",
		Docs:    "https://cursor.com/docs/mcp",
		Format:  splice.JSON, Path: splice.Keys("mcpServers", Entry),
		Project: ".cursor/mcp.json",
		Stdio:   plain, HTTP: remote("url", "${env:", "}"),
		files: []location{{files: []string{"~/.cursor/mcp.json"}}},
	},
	{
		Name: "vscode", Title: "VS Code", Program: "code", Reports: "Visual Studio Code",
		Restart: "Run \"MCP: List Servers\" and start the server. Its tools are in agent mode.",
		Docs:    "https://code.visualstudio.com/docs/copilot/reference/mcp-configuration",
		Format:  splice.JSON, Path: splice.Keys("servers", Entry),
		Project: ".vscode/mcp.json",
		Stdio:   typed("stdio"),
		HTTP:    first(splice.Field{Key: "type", Value: "http"}, remote("url", "${env:", "}")),
		files: []location{{files: []string{"@/Code/User/mcp.json"}},
			{files: []string{"@/Code - Insiders/User/mcp.json"}}},
	},
	{
		Name: "claude-desktop", Title: "Claude Desktop", Reports: "claude-ai",
		Restart: "Quit Claude Desktop entirely and start it again.",
		Docs:    "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
		Format:  splice.JSON, Path: splice.Keys("mcpServers", Entry),
		Stdio:  plain,
		NoHTTP: "its settings file takes stdio servers only: leave --http out",
		files: []location{
			// What the installer of claude.ai brings is an MSIX package, which sees this file in
			// place of the other (anthropics/claude-code issue 26073).
			{os: "windows", files: []string{"$LOCALAPPDATA/Packages/Claude_pzs8sxrjxfjjc/" +
				"LocalCache/Roaming/Claude/claude_desktop_config.json"},
				signs: []string{"$LOCALAPPDATA/Packages/Claude_pzs8sxrjxfjjc"}},
			{files: []string{"@/Claude/claude_desktop_config.json"}}},
	},
	{
		Name: "cline", Title: "Cline", Program: "cline", Reports: "@cline/core",
		Wait:    Wait{60 * time.Second, "timeout"},
		Restart: "Open its MCP page, or start a new session.",
		Notes:   []string{"Leave autoApprove empty: Cline calls the tools in it without asking."},
		Docs:    "https://docs.cline.bot/mcp/configuring-mcp-servers",
		Format:  splice.JSON, Path: splice.Keys("mcpServers", Entry),
		Choices: []string{"disabled"},
		Stdio:   also(plain, splice.Field{Key: "disabled", Value: false}),
		NoHTTP: "it cannot take the token from its environment: leave --http out, or add the " +
			"server in its MCP page, which writes the token to its settings",
		files: clineFiles,
	},
	{
		Name: "windsurf", Title: "Windsurf", Program: "windsurf", Reports: "windsurf-client",
		Restart: "Refresh the list of MCP servers in Cascade.",
		Docs:    "https://docs.windsurf.com/windsurf/cascade/mcp",
		Format:  splice.JSON, Path: splice.Keys("mcpServers", Entry),
		Stdio: plain, HTTP: remote("serverUrl", "${env:", "}"),
		files: []location{{files: []string{"~/.codeium/windsurf/mcp_config.json"}}},
	},
	{
		Name: "opencode", Title: "opencode", Program: "opencode", Reports: "opencode",
		Wait:    Wait{For: 60 * time.Second},
		Restart: newSession,
		Docs:    "https://opencode.ai/docs/mcp-servers/",
		Format:  splice.JSON, Path: splice.Keys("mcp", Entry),
		Project: "opencode.json", Choices: []string{"enabled"},
		Stdio: opencodeLocal, HTTP: opencodeRemote,
		files: []location{{files: []string{"$OPENCODE_CONFIG",
			"$XDG_CONFIG_HOME/opencode/opencode.json", "$XDG_CONFIG_HOME/opencode/opencode.jsonc",
			"~/.config/opencode/opencode.json",
			"~/.config/opencode/opencode.jsonc"}}},
	},
	{
		Name: "qwen", Title: "Qwen Code", Program: "qwen",
		Reports: "qwen-cli-mcp-client-" + Entry,
		Wait:    Wait{10 * time.Minute, "timeout"},
		Restart: newSession,
		Docs:    "https://qwenlm.github.io/qwen-code-docs/en/users/features/mcp/",
		Format:  splice.JSON, Path: splice.Keys("mcpServers", Entry),
		Project: ".qwen/settings.json",
		Stdio:   plain, HTTP: remote("httpUrl", "$", ""),
		files: []location{{files: []string{"~/.qwen/settings.json"}}},
	},
	{
		Name: "copilot", Title: "Copilot CLI", Program: "copilot", Reports: "copilot-cli",
		Wait:    Wait{3 * time.Minute, "timeout"},
		Restart: newSession,
		Docs:    "https://docs.github.com/en/copilot/how-tos/copilot-cli",
		Format:  splice.JSON, Path: splice.Keys("mcpServers", Entry),
		Project: ".github/mcp.json", Choices: []string{copilotTools.Key},
		Stdio: also(typed("local"), copilotTools),
		HTTP: also(first(splice.Field{Key: "type", Value: "http"}, remote("url", "${", "}")),
			copilotTools),
		files: []location{{files: []string{"$COPILOT_HOME/mcp-config.json",
			"~/.copilot/mcp-config.json"}}},
	},
	{
		Name: "continue", Title: "Continue", Program: "cn", Reports: "continue-cli-client",
		Wait:    Wait{For: 60 * time.Second},
		Restart: "Start a new session, or reload the window.",
		Docs:    "https://docs.continue.dev/customize/deep-dives/mcp",
		Format:  splice.YAML, Path: splice.Path{{Key: "mcpServers"}, {Key: "name", Item: Entry}},
		New:   "name: Local Config\nversion: 1.0.0\nschema: v1\n",
		Stdio: typed("stdio"), HTTP: continueRemote,
		files: []location{{files: []string{"$CONTINUE_GLOBAL_DIR/config.yaml",
			"~/.continue/config.yaml"}}},
	},
	{
		Name: "zed", Title: "Zed", Program: "zed", Reports: "Zed",
		Wait:    Wait{60 * time.Second, "context_server_timeout"},
		Restart: "Zed reads its settings when they change.",
		Docs:    "https://zed.dev/docs/ai/mcp",
		Format:  splice.JSON, Path: splice.Keys("context_servers", Entry),
		Project: ".zed/settings.json",
		Stdio:   first(splice.Field{Key: "source", Value: "custom"}, plain),
		// zed-industries/zed issue 60459: a header is sent as it is written
		NoHTTP: "it cannot take the token from its environment: leave --http out",
		files: []location{{os: "linux", files: []string{"$XDG_CONFIG_HOME/zed/settings.json",
			"~/.config/zed/settings.json"}},
			{os: "darwin", files: []string{"~/.config/zed/settings.json"}},
			{os: "windows", files: []string{"@/Zed/settings.json"}}},
	},
	{
		Name: "openclaw", Title: "OpenClaw", Program: "openclaw", Reports: "openclaw-bundle-mcp",
		Wait:    Wait{60 * time.Second, "requestTimeoutMs"},
		Restart: "Run `openclaw mcp reload`, or restart the gateway.",
		Docs:    "https://docs.openclaw.ai/tools/mcp",
		Format:  splice.JSON, Path: splice.Keys("mcp", "servers", Entry),
		Stdio: plain,
		HTTP: also(remote("url", "${", "}"),
			splice.Field{Key: "transport", Value: "streamable-http"}),
		files: []location{{files: []string{"$OPENCLAW_CONFIG_PATH", "~/.openclaw/openclaw.json"}}},
	},
}

const newSession = "Start a new session."

var (
	codexApprove = splice.Field{Key: "default_tools_approval_mode", Value: "approve"}
	copilotTools = splice.Field{Key: "tools", Value: []string{"*"}}
)

const clineSettings = "saoudrizwan.claude-dev/settings/cline_mcp_settings.json"

// clineFiles are those of the extension, in each editor that may have it, and of the command.
var clineFiles = []location{
	clineIn("Code"), clineIn("Code - Insiders"), clineIn("Cursor"), clineIn("Windsurf"),
	clineIn("VSCodium"),
	{files: []string{"$CLINE_MCP_SETTINGS_PATH", "~/.cline/data/settings/cline_mcp_settings.json"},
		signs: []string{"~/.cline/data"}},
}

func clineIn(editor string) location {
	base := "@/" + editor + "/User/globalStorage/"
	return location{files: []string{base + clineSettings},
		signs: []string{base + "saoudrizwan.claude-dev"}}
}

func opencodeLocal(s Server) splice.Object {
	o := splice.Object{{Key: "type", Value: "local"},
		{Key: "command", Value: append([]string{s.Command}, s.Args...)}}
	return append(with(o, "environment", s.Env), splice.Field{Key: "enabled", Value: true})
}

func opencodeRemote(r Remote) splice.Object {
	// without oauth: false it would look for a login where the token is refused
	return splice.Object{{Key: "type", Value: "remote"}, {Key: "url", Value: r.URL},
		bearer(r, "{env:", "}"), {Key: "oauth", Value: false}, {Key: "enabled", Value: true}}
}

func continueRemote(r Remote) splice.Object {
	return splice.Object{{Key: "type", Value: "streamable-http"}, {Key: "url", Value: r.URL},
		{Key: "requestOptions", Value: splice.Object{bearer(r, "${{ secrets.", " }}")}}}
}
