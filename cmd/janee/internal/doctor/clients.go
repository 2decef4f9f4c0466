package doctor

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// maxClientFile is how much of one file is read, in bytes.
const maxClientFile = 8 << 20

// checkClients looks for credentials in the configuration files of MCP clients, which agents can
// read.
func checkClients(p *patient) []Check {
	var found []Check
	looked := 0
	for _, path := range p.clientFiles() {
		text, ok := readClientFile(path)
		if !ok {
			continue
		}
		looked++
		if names := secretNames(text); len(names) > 0 {
			found = append(found,
				warned("client configs", clientFix(names, path),
					"%s holds what looks like plaintext credentials: %s", path,
					strings.Join(names, ", ")))
		}
	}
	if found == nil {
		return passed("client configs", "%s found, without plaintext credentials",
			count(looked, "file", "files"))
	}
	return found
}

func clientFix(names []string, path string) string {
	if slices.Contains(names, masterKeyName) {
		return "keep the root key in its own file, and delete it from " + home.Quote(path)
	}
	return "janee add, then delete it from " + home.Quote(path) +
		" and have the agent use it through janee"
}

// clientFiles lists where clients keep their settings (according to their documentation, 2026-11),
// and the .env file of a project.
func (p *patient) clientFiles() []string {
	var files []string
	add := func(base string, names ...string) {
		for _, name := range names {
			if path := filepath.Join(base, filepath.FromSlash(name)); base != "" &&
				!slices.Contains(files, path) {
				files = append(files, path)
			}
		}
	}
	// ConfigDir is ~/.config, ~/Library/Application Support or %AppData%; below it Claude Desktop
	// and VS Code use the same names on all systems.
	if dir, err := p.ConfigDir(); err == nil {
		add(dir, "Claude/claude_desktop_config.json", "Code/User/mcp.json",
			"Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json")
	}
	add(p.UserHome, ".claude.json", ".cursor/mcp.json", ".codeium/windsurf/mcp_config.json",
		".cline/data/settings/cline_mcp_settings.json", ".codex/config.toml",
		".gemini/settings.json")
	add(p.Getenv("CODEX_HOME"), "config.toml")
	add(p.WorkDir, ".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json", ".codex/config.toml",
		".gemini/settings.json", ".env")
	if path := p.Getenv("CLINE_MCP_SETTINGS_PATH"); path != "" {
		add(filepath.Dir(path), filepath.Base(path))
	}
	return files
}

// readClientFile reads regular files only: a FIFO would hang the command.
func readClientFile(path string) (string, bool) {
	if fi, err := os.Stat(path); err != nil || !fi.Mode().IsRegular() {
		return "", false
	}
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxClientFile))
	return string(text), err == nil
}
