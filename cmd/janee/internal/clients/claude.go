package clients

import (
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// claudeCode uses its own program where it is on PATH: Claude Code writes ~/.claude.json all the
// time, under a lock of its own. The program keeps links and the mode, and writes the file as it
// always does.
var claudeCode = Client{
	Name: "claude-code", Title: "Claude Code", Program: "claude", Reports: "claude-code",
	Wait:    Wait{Key: "MCP_TOOL_TIMEOUT"},
	Restart: newSession,
	Notes: []string{"It asks before it calls a tool of Janee, unless permissions.allow in its " +
		"settings.json has the rule mcp__" + Entry + "."},
	Docs:   "https://code.claude.com/docs/en/mcp",
	Format: splice.JSON, Path: splice.Keys("mcpServers", Entry),
	Project: ".mcp.json",
	Stdio:   typed("stdio"),
	HTTP:    first(splice.Field{Key: "type", Value: "http"}, remote("url", "${", "}")),
	Own: &Own{
		Add: func(entry string) []string {
			return []string{"mcp", "add-json", "--scope", "user", Entry, entry}
		},
		Remove: []string{"mcp", "remove", "--scope", "user", Entry},
	},
	Rules: &Rules{
		Path: splice.Keys("permissions", "deny"),
		Deny: claudeDeny,
		file: location{files: []string{"$CLAUDE_CONFIG_DIR/settings.json",
			"~/.claude/settings.json"}},
	},
	files: []location{{files: []string{"$CLAUDE_CONFIG_DIR/.claude.json", "~/.claude.json"},
		signs: []string{"$CLAUDE_CONFIG_DIR", "~/.claude", "~/.claude.json"}}},
}

// Rules is a list of rules in a settings file of a client that keep its file tools from a path.
// They are no wall: see docs/threat-model.md.
type Rules struct {
	Path splice.Path // of the list
	// Deny returns the rules for a file, or for a directory with all that is in it; nil if the path
	// has characters that mean something in a rule.
	Deny func(m Machine, path string, dir bool) []string

	file location
}

// Place returns the file that holds the rules.
func (r *Rules) Place(m Machine) (Place, bool) { return r.file.place(m) }

// claudeDeny writes the rules of https://code.claude.com/docs/en/permissions: ~/ is the home of the
// user, // the root of the file system, and Edit is for every tool that writes. On Windows C:\ is
// /c/ there.
func claudeDeny(m Machine, file string, dir bool) []string {
	slashed := "/" + file
	switch {
	case m.Home != "" && m.below(file, m.Home):
		slashed = "~" + file[len(m.Home):]
	case m.OS == "windows" && len(file) > 2 && file[1] == ':':
		slashed = "//" + strings.ToLower(file[:1]) + file[2:]
	}
	if m.OS == "windows" {
		slashed = strings.ReplaceAll(slashed, `\`, "/")
	}
	if strings.ContainsAny(slashed, "*?[]{}()!#\n") {
		return nil
	}
	if dir {
		slashed = strings.TrimRight(slashed, "/") + "/**"
	}
	return []string{"Read(" + slashed + ")", "Edit(" + slashed + ")"}
}
