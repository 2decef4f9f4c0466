package clients

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// machines are one of each system. env and exists may be changed.
func machine(os string, env map[string]string, exists ...string) Machine {
	m := Machine{OS: os, Home: "/home/me", ConfigDir: "/home/me/.config", WorkDir: "/work",
		Getenv:   func(name string) string { return env[name] },
		LookPath: func(string) (string, error) { return "", errors.New("not found") },
		Exists:   func(path string) bool { return slices.Contains(exists, path) }}
	switch os {
	case "darwin":
		m.Home, m.ConfigDir = "/Users/me", "/Users/me/Library/Application Support"
	case "windows":
		m.Home, m.ConfigDir, m.WorkDir = `C:\Users\me`, `C:\Users\me\AppData\Roaming`, `C:\work`
		if env == nil {
			m.Getenv = func(name string) string {
				return map[string]string{"LOCALAPPDATA": `C:\Users\me\AppData\Local`}[name]
			}
		}
	}
	return m
}

// TestPlaces holds the usual path of each system, below the home.
func TestPlaces(t *testing.T) {
	const (
		library  = "Library/Application Support/"
		roaming  = "AppData/Roaming/"
		packaged = "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/"
		desktop  = "claude_desktop_config.json"
		cline    = "Code/User/globalStorage/" + clineSettings
	)
	for name, want := range map[string][]string{ // everywhere, or on Linux, macOS and Windows
		"claude-code":    {".claude.json"},
		"codex":          {".codex/config.toml"},
		"gemini":         {".gemini/settings.json"},
		"cursor":         {".cursor/mcp.json"},
		"vscode":         split("Code/User/mcp.json", ".config/", library, roaming),
		"claude-desktop": split(desktop, ".config/Claude/", library+"Claude/", packaged),
		"cline":          split(cline, ".config/", library, roaming),
		"windsurf":       {".codeium/windsurf/mcp_config.json"},
		"opencode":       {".config/opencode/opencode.json"},
		"qwen":           {".qwen/settings.json"},
		"copilot":        {".copilot/mcp-config.json"},
		"continue":       {".continue/config.yaml"},
		"zed":            split("settings.json", ".config/zed/", ".config/zed/", roaming+"Zed/"),
		"openclaw":       {".openclaw/openclaw.json"},
	} {
		c, ok := Find(name)
		if !ok {
			t.Errorf("%s is not in the table", name)
			continue
		}
		for i, os := range []string{"linux", "darwin", "windows"} {
			m := machine(os, nil)
			places := c.Places(m)
			if path := m.join(m.Home, want[i%len(want)]); len(places) == 0 ||
				places[0].File != path {
				t.Errorf("%s on %s: %+v, not %q", name, os, places, path)
			}
			for _, p := range places {
				if p.Root != m.Home || len(p.signs) == 0 {
					t.Errorf("%s on %s: root %q, signs %q", name, os, p.Root, p.signs)
				}
			}
		}
	}
	if len(All()) != 14 {
		t.Errorf("%d clients in the table", len(All()))
	}
}

// split puts each directory before a name.
func split(name string, dirs ...string) (paths []string) {
	for _, dir := range dirs {
		paths = append(paths, dir+name)
	}
	return paths
}

func TestJoin(t *testing.T) {
	if got := machine("windows", nil).join(`C:\x\`, "a/b"); got != `C:\x\a\b` {
		t.Error(got)
	}
	if got := machine("linux", nil).join("/x/", "a/../b"); got != "/x/b" {
		t.Error(got)
	}
}

func TestVariablesMoveFiles(t *testing.T) {
	for _, c := range []struct{ client, variable, value, want string }{
		{"claude-code", "CLAUDE_CONFIG_DIR", "/etc/claude", "/etc/claude/.claude.json"},
		{"codex", "CODEX_HOME", "/home/me/cx", "/home/me/cx/config.toml"},
		{"opencode", "OPENCODE_CONFIG", "/x/oc.jsonc", "/x/oc.jsonc"},
		{"opencode", "XDG_CONFIG_HOME", "/x", "/x/opencode/opencode.json"},
		{"copilot", "COPILOT_HOME", "/x", "/x/mcp-config.json"},
		{"continue", "CONTINUE_GLOBAL_DIR", "/x", "/x/config.yaml"},
		{"zed", "XDG_CONFIG_HOME", "/x", "/x/zed/settings.json"},
		{"zed", "XDG_CONFIG_HOME", "x", "/home/me/.config/zed/settings.json"},
		{"openclaw", "OPENCLAW_CONFIG_PATH", "/x/o.json", "/x/o.json"},
	} {
		client, _ := Find(c.client)
		// what exists elsewhere does not count
		m := machine("linux", map[string]string{c.variable: c.value}, "/home/me/.codex/config.toml",
			"/home/me/.config/opencode/opencode.jsonc")
		if p := client.Places(m); p[0].File != c.want || p[0].Root == "" ||
			!strings.HasPrefix(p[0].File, p[0].Root) {
			t.Errorf("%s with %s: %+v", c.client, c.variable, p)
		}
	}
	cline, _ := Find("cline")
	m := machine("linux", map[string]string{"CLINE_MCP_SETTINGS_PATH": "/x/c.json"})
	if p := cline.Places(m); p[len(p)-1].File != "/x/c.json" {
		t.Errorf("cline: %+v", p)
	}
	opencode, _ := Find("opencode")
	m = machine("linux", nil, "/home/me/.config/opencode/opencode.jsonc")
	if p := opencode.Places(m); p[0].File != "/home/me/.config/opencode/opencode.jsonc" {
		t.Errorf("the opencode.jsonc that is there is not used: %+v", p)
	}
}

func TestInUse(t *testing.T) {
	m := machine("linux", nil, "/home/me/.cursor", "/home/me/.config/Code/User",
		"/home/me/.config/Cursor/User/globalStorage/saoudrizwan.claude-dev", "/home/me/.cline/data")
	m.LookPath = func(name string) (string, error) {
		if name == "codex" {
			return "/usr/bin/codex", nil
		}
		return "", errors.New("not found")
	}
	var names []string
	for _, c := range Found(m) {
		names = append(names, c.Name)
	}
	if !slices.Equal(names, []string{"codex", "cursor", "vscode", "cline"}) {
		t.Errorf("found %q", names)
	}
	cline, _ := Find("cline")
	if used := cline.InUse(m); len(used) != 2 ||
		used[1].File != "/home/me/.cline/data/settings/cline_mcp_settings.json" {
		t.Errorf("Cline in use: %+v", used)
	}
	if len(Found(machine("linux", nil))) != 0 {
		t.Error("clients on an empty machine")
	}
	if len(Found(Machine{OS: "linux", Getenv: func(string) string { return "" },
		LookPath: m.LookPath, Exists: m.Exists})) != 0 {
		t.Error("a client without a place for its file")
	}
}

// TestEntries holds what every entry has in common: the words of the command line, the
// environment, and the token by name only.
func TestEntries(t *testing.T) {
	server := Server{Command: "/opt/janee", Args: []string{"serve", "--agent", "x"},
		Env: []splice.Field{{Key: "JANEE_HOME", Value: "/h"}}}
	for _, c := range All() {
		text, err := c.Format.Set(nil, c.Path, c.Stdio(server))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		entry, _, found, err := c.Format.Find(text, c.Path)
		if !found || err != nil {
			t.Errorf("%s: not found in %s: %v", c.Name, text, err)
		}
		if got := CommandOf(entry); !slices.Equal(got, append([]string{server.Command},
			server.Args...)) {
			t.Errorf("%s: command line %q", c.Name, got)
		}
		if !strings.Contains(string(text), "JANEE_HOME") {
			t.Errorf("%s: no environment in %s", c.Name, text)
		}
		if strings.Contains(strings.Join(slices.Collect(maps.Keys(entry.(map[string]any))), " "),
			"trust") {
			t.Errorf("%s: setup must not write trust", c.Name)
		}
		if (c.HTTP == nil) == (c.NoHTTP == "") {
			t.Errorf("%s: HTTP or NoHTTP must be set, and not both", c.Name)
		}
		if c.HTTP == nil {
			continue
		}
		const url = "https://h.example/mcp"
		remote, err := c.Format.Set(nil, c.Path, c.HTTP(Remote{url, "MY_TOKEN"}))
		if err != nil || strings.Count(string(remote), "MY_TOKEN") != 1 ||
			strings.Count(string(remote), url) != 1 {
			t.Errorf("%s: %v\n%s", c.Name, err, remote)
		}
	}
}

// TestEntriesAreNotShared: an entry that is made must not change one that was made before.
func TestEntriesAreNotShared(t *testing.T) {
	for _, c := range All() {
		one := c.Stdio(Server{Command: "/a", Args: []string{"serve"}})
		before := splice.Object(slices.Clone(one))
		c.Stdio(Server{Command: "/b", Args: []string{"serve", "--agent", "y"}})
		if !reflect.DeepEqual(one, before) {
			t.Errorf("%s: %v became %v", c.Name, before, one)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, c := range All() {
		if c.Title == "" || c.Docs == "" || !strings.HasPrefix(c.Docs, "https://") {
			t.Errorf("%s: title %q, docs %q", c.Name, c.Title, c.Docs)
		}
		for _, text := range append([]string{c.Restart}, c.Notes...) {
			if !strings.HasSuffix(text, ".") || strings.ToUpper(text[:1]) != text[:1] {
				t.Errorf("%s: %q is not a sentence", c.Name, text)
			}
		}
	}
}

func TestClaudeDeny(t *testing.T) {
	linux, windows := machine("linux", nil), machine("windows", nil)
	for _, c := range []struct {
		m    Machine
		path string
		dir  bool
		want string
	}{
		{linux, "/home/me/.janee", true, "~/.janee/**"},
		{linux, "/home/me/root.key", false, "~/root.key"},
		{linux, "/srv/janee", true, "//srv/janee/**"},
		{linux, "/srv/root.key", false, "//srv/root.key"},
		{linux, "/home/me2/x", false, "//home/me2/x"},
		{windows, `C:\Users\me\.janee`, true, "~/.janee/**"},
		{windows, `D:\keys\root.key`, false, "//d/keys/root.key"},
		{windows, `D:\keys`, true, "//d/keys/**"},
	} {
		want := []string{"Read(" + c.want + ")", "Edit(" + c.want + ")"}
		if got := claudeDeny(c.m, c.path, c.dir); !slices.Equal(got, want) {
			t.Errorf("%s: %q, not %q", c.path, got, want)
		}
	}
	for _, path := range []string{"/srv/a*b", "/srv/(x)", "/srv/[x]", "/srv/!x", "/srv/a\nb"} {
		if got := claudeDeny(linux, path, false); got != nil {
			t.Errorf("%q: %q is another pattern", path, got)
		}
	}
}
