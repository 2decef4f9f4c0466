package setup

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// request is one for a home of its own, without programs.
func request(t *testing.T) Request {
	t.Helper()
	home := t.TempDir()
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	m := clients.Machine{OS: runtime.GOOS, Home: home, ConfigDir: filepath.Join(home, ".config"),
		WorkDir: home, Getenv: func(string) string { return "" },
		LookPath: func(string) (string, error) { return "", exec.ErrNotFound },
		Exists: func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		}}
	return Request{Machine: m, Server: clients.Server{Command: "/opt/janee/janee",
		Args: []string{"serve"}}}
}

func client(t *testing.T, name string) clients.Client {
	t.Helper()
	c, ok := clients.Find(name)
	if !ok {
		t.Fatalf("no client %s", name)
	}
	return c
}

// put writes a file of the home.
func (r Request) put(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(r.Machine.Home, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestChangedMeanwhile: what the client writes between plan and change is not lost.
func TestChangedMeanwhile(t *testing.T) {
	r := request(t)
	path := r.put(t, ".cursor/mcp.json", `{"mcpServers": {}}`)
	change := r.Plan(client(t, "cursor"))[0]
	r.put(t, ".cursor/mcp.json", `{"mcpServers": {"new": {}}}`)
	if err := change.Apply(context.Background()); err == nil ||
		!strings.Contains(err.Error(), "changed in the meantime") {
		t.Errorf("%v", err)
	}
	if got := text(t, path); got != `{"mcpServers": {"new": {}}}` {
		t.Errorf("the file is now %s", got)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".janee-*"))
	if len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	created := r.Plan(client(t, "gemini"))[0]
	path = r.put(t, ".gemini/settings.json", `{}`)
	if err := created.Apply(context.Background()); err == nil || text(t, path) != `{}` {
		t.Errorf("a file that has come up since: %v, %s", err, text(t, path))
	}
}

// TestDiffShowsNothingElse: what stands beside the entry may be a credential.
func TestDiffShowsNothingElse(t *testing.T) {
	for _, before := range []string{
		`{"mcpServers": {"gh": {"env": {"T": "tok-en"}}}}`,
		"{\n  \"mcpServers\": {\n    \"gh\": {\"env\": \"tok-en\"} // tok-en\n  }\n}\n",
		"{\n  \"a\": \"tok-en\"\n}\n",
		"{\n  \"mcpServers\": {\n    \"janee\": {\"command\": \"x\", \"y\": \"tok-en\"}\n  }\n}\n",
	} {
		r := request(t)
		r.Replace = true
		path := r.put(t, ".cursor/mcp.json", before)
		c := client(t, "cursor")
		for _, plan := range []func(...clients.Client) []*Change{r.Plan, r.PlanRemoval} {
			change := plan(c)[0]
			diff := change.Diff()
			if change.Err != nil || strings.Contains(diff, "tok-en") ||
				!strings.Contains(diff, "/opt/janee/janee") {
				t.Errorf("%s: %v\n%s", before, change.Err, diff)
			}
			if err := change.Apply(context.Background()); err != nil {
				t.Error(err)
			}
		}
		if got := text(t, path); got != before {
			t.Errorf("%q became %q", before, got)
		}
	}
}

// TestBackupOfUpdate: an entry that has been updated is removed as one that was added.
func TestBackupOfUpdate(t *testing.T) {
	const before = "{ // mine\n}\n"
	r := request(t)
	path := r.put(t, ".cursor/mcp.json", before)
	c := client(t, "cursor")
	apply := func(r Request, plan func(...clients.Client) []*Change) {
		t.Helper()
		if err := plan(c)[0].Apply(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	apply(r, r.Plan)
	r.Server.Args = []string{"serve", "--agent", "x"}
	apply(r, r.Plan)
	if backups, _ := filepath.Glob(path + ".janee-*.bak"); len(backups) != 1 {
		t.Errorf("backups: %q", backups)
	}
	// the client writes the file, and an update makes a backup that has an entry of setup
	if err := os.WriteFile(path, []byte(text(t, path)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.Server.Args = []string{"serve"}
	apply(r, r.Plan)
	apply(r, r.PlanRemoval)
	if got := text(t, path); got != before+"\n" {
		t.Errorf("%q", got)
	}
	if backups, _ := filepath.Glob(path + ".janee-*"); len(backups) != 0 {
		t.Errorf("left behind: %q", backups)
	}
}

// TestWhatAPersonHasAddedStays: an entry with a longer wait is set up.
func TestWhatAPersonHasAddedStays(t *testing.T) {
	r := request(t)
	r.put(t, ".codex/config.toml", "[mcp_servers.janee]\ncommand = \"/opt/janee/janee\"\n"+
		"args = [\"serve\"]\ndefault_tools_approval_mode = \"approve\"\ntool_timeout_sec = 300\n")
	if change := r.Plan(client(t, "codex"))[0]; change.Action != Keep {
		t.Errorf("%s: %v", change.Action, change.Err)
	}
}

// TestWhatAProjectHasAdded: a repository can have an entry that is Janee but for a library.
func TestWhatAProjectHasAdded(t *testing.T) {
	r := request(t)
	r.Project = true
	for more, action := range map[string]Action{"": Keep, `,"env":{"LD_PRELOAD":"x.so"}`: Refuse} {
		r.put(t, ".cursor/mcp.json", `{"mcpServers":{"janee":{"command":"/opt/janee/janee",`+
			`"args":["serve"]`+more+`}}}`)
		if change := r.Plan(client(t, "cursor"))[0]; change.Action != action {
			t.Errorf("%q: %s, not %s: %v", more, change.Action, action, change.Err)
		}
	}
}

// TestChoicesStay: an update must not turn on what a person has turned off.
func TestChoicesStay(t *testing.T) {
	r := request(t)
	codex := r.put(t, ".codex/config.toml", "[mcp_servers.janee]\ncommand = \"/old/janee\"\n"+
		"args = [\"serve\"]\ndefault_tools_approval_mode = \"prompt\"\n")
	cline := r.put(t, ".cline/data/settings/cline_mcp_settings.json",
		`{"mcpServers": {"janee": {"command": "/old/janee", "args": ["serve"], "disabled": true}}}`)
	copilot := r.put(t, ".copilot/mcp-config.json", `{"mcpServers": {"janee": {"type": "local",
		"command": "/old/janee", "args": ["serve"], "tools": ["whoami"]}}}`)
	changes := r.Plan(client(t, "codex"), client(t, "cline"), client(t, "copilot"))
	for _, change := range changes {
		if err := change.Apply(context.Background()); err != nil || change.Action != Update {
			t.Errorf("%s: %s, %v", change.File, change.Action, err)
		}
	}
	for path, want := range map[string]string{codex: `default_tools_approval_mode = "prompt"`,
		cline: `"disabled": true`, copilot: `["whoami"]`} {
		if got := text(t, path); !strings.Contains(got, want) ||
			!strings.Contains(got, "/opt/janee/janee") {
			t.Errorf("%s: %s", path, got)
		}
	}
	for _, change := range r.Plan(client(t, "codex"), client(t, "cline"), client(t, "copilot")) {
		if change.Action != Keep {
			t.Errorf("again: %s: %s", change.File, change.Action)
		}
	}
}

// TestOldHomeGoes: an entry that setup made with another home has none once that is the usual one.
func TestOldHomeGoes(t *testing.T) {
	for _, c := range clients.All() {
		r := request(t)
		usual := r.Server.Env
		r.Server.Env = []splice.Field{{Key: "JANEE_HOME", Value: "/srv/old"}}
		apply(t, r.Plan(c))
		r.Server.Env = usual
		apply(t, r.Plan(c))
		change := r.Plan(c)[0]
		if change.Action != Keep {
			t.Errorf("%s: then %s %s", c.Name, change.Action, change.File)
		}
		if got := text(t, change.File); strings.Contains(got, "/srv/old") {
			t.Errorf("%s: %s", c.Name, got)
		}
	}
}

func apply(t *testing.T, changes []*Change) {
	t.Helper()
	for _, change := range changes {
		if err := change.Apply(context.Background()); err != nil || change.Err != nil {
			t.Fatal(err, change.Err)
		}
	}
}

// TestHomeIsALink: the whole home may be behind a link, as /tmp is on macOS.
func TestHomeIsALink(t *testing.T) {
	r := request(t)
	link := filepath.Join(t.TempDir(), "me")
	if err := os.Symlink(r.Machine.Home, link); err != nil {
		t.Skip(err)
	}
	r.Machine.Home = link
	change := r.Plan(client(t, "cursor"))[0]
	if err := change.Apply(context.Background()); err != nil || change.Err != nil {
		t.Error(err, change.Err)
	}
	if !strings.HasPrefix(change.File, link) || !r.Has(client(t, "cursor")) {
		t.Errorf("%s was set up: %v", change.File, r.Has(client(t, "cursor")))
	}
}

// TestMade: another program is not ours, whatever its name, and neither is one with other words.
func TestMade(t *testing.T) {
	r := request(t)
	other := filepath.ToSlash(r.put(t, "other/janee", "another program of this name"))
	r.Known = []string{r.put(t, "bin/janee", "this program")}
	for entry, want := range map[string]Action{
		`{"command": "` + filepath.ToSlash(r.Known[0]) + `", "args": ["serve"]}`: Update,
		`{"command": "/gone/janee", "args": ["serve", "--agent", "x"]}`:          Update,
		`{"command": "janee", "args": ["serve"]}`:                                Update,
		`{"command": "` + other + `", "args": ["serve"]}`:                        Refuse,
		`{"command": "/gone/other", "args": ["serve"]}`:                          Refuse,
		`{"command": "/gone/janee", "args": ["run"]}`:                            Refuse,
		`{"command": "/gone/janee", "args": ["serve"], "env": {"PATH": "/x"}}`:   Refuse,
		`{"command": "/gone/janee"}`:                                             Refuse,
		`{"url": "https://h.example/mcp"}`:                                       Refuse,
		`"janee"`:                                                                Refuse,
	} {
		r.put(t, ".cursor/mcp.json", `{"mcpServers": {"janee": `+entry+`}}`)
		if change := r.Plan(client(t, "cursor"))[0]; change.Action != want {
			t.Errorf("%s: %s, %v", entry, change.Action, change.Err)
		}
	}
}

func TestHas(t *testing.T) {
	r := request(t)
	c := client(t, "cursor")
	if r.Has(c) {
		t.Error("an empty home has Janee")
	}
	if err := r.Plan(c)[0].Apply(context.Background()); err != nil || !r.Has(c) {
		t.Errorf("set up: %v", err)
	}
	r.put(t, ".cursor/mcp.json", "{")
	if r.Has(c) {
		t.Error("a broken file has Janee")
	}
}

func TestPassing(t *testing.T) {
	for path, want := range map[string]bool{
		"/home/me/.npm/_npx/1a2b/node_modules/@x/janee-linux-x64/bin/janee":    true,
		"/home/me/.cache/pnpm/dlx/abc/node_modules/x/janee":                    true,
		"/home/me/.local/share/pnpm/dlx-12/node_modules/x/janee":               true,
		"/tmp/bunx-1000-janee@latest/node_modules/x/janee":                     true,
		"/tmp/go-build123/b001/exe/janee":                                      true,
		"/usr/local/bin/janee":                                                 false,
		"/home/me/.local/share/pnpm/global/5/.pnpm/x@1.0/node_modules/x/janee": true,
		"/home/npx/bin/janee":                                                  false,
	} {
		if got := Passing(filepath.FromSlash(path)); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestCheckRemote(t *testing.T) {
	for url, ok := range map[string]bool{
		"http://127.0.0.1:9100/mcp": true, "http://[::1]:9100/mcp": true,
		"http://localhost/mcp": true, "http://janee:9100/mcp": true, "https://h.example/mcp": true,
		"http://janee.localhost/mcp": true,
		"http://h.example/mcp":       false, "http://192.168.1.2/mcp": false, "http:///mcp": false,
		"https://u:p@h.example/": false, "https://h.example/?a=b": false,
		"https://h.example/#x": false, "ws://h.example/": false, "h.example": false, "://": false,
		"http://134744072/": false, "http://0x08080808/": false, "http://h。example/": false,
		"http://h%E3%80%82example/": false, "http://[fe80::1%25eth0]/": false,
		"https://h.example/${HOME}": false, "https://h.example/{env:HOME}": false,
	} {
		err := CheckRemote(clients.Remote{URL: url, TokenEnv: "JANEE_TOKEN"})
		if (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, name := range []string{"", "A B", "1A", "A}", "${A}", "A-B"} {
		if CheckRemote(clients.Remote{URL: "https://h.example/", TokenEnv: name}) == nil {
			t.Errorf("%q passes", name)
		}
	}
}
