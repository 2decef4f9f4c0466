package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/setup"
	"github.com/true-and-useful/janee/core/session"
)

const oneService = `services:
  github: {baseUrl: https://api.github.com, auth: {type: bearer, key: ghp_0123456789},
    testPath: "/user?a=b&c=d"}
`

const reachable = oneService + "capabilities: {gh: {service: github}}\n"

// connect adds an entry for Janee to Cursor.
func connect(t *testing.T, m *machine) {
	t.Helper()
	dir := filepath.Join(m.Getenv("HOME"), ".cursor")
	entry := `{"mcpServers": {"janee": {"command": "janee", "args": ["serve"]}}}`
	if err := errors.Join(os.Mkdir(dir, 0o700),
		os.WriteFile(filepath.Join(dir, "mcp.json"), []byte(entry), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// grant leaves the file of a session.
func grant(t *testing.T, m *machine) {
	t.Helper()
	path := filepath.Join(m.home, session.File(session.Pair("stdio", "claude-ai", "gh")))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700),
		os.WriteFile(path, []byte("{}\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestNextSteps has `janee` alone say the first command for homes in different states.
func TestNextSteps(t *testing.T) {
	for name, h := range map[string]struct {
		make func(t *testing.T, m *machine)
		says string // before the commands
		next string // the first command
	}{
		"none":  {func(*testing.T, *machine) {}, "", "janee init"},
		"fresh": {func(_ *testing.T, m *machine) { m.run("init") }, "", "janee add github"},
		"a key that no agent may use": {func(t *testing.T, m *machine) {
			m.write(t, oneService)
		}, "", `janee cap add github -s github --allow "GET *"`},
		"no client": {func(t *testing.T, m *machine) {
			m.write(t, reachable)
		}, "", "janee setup"},
		"a client": {func(t *testing.T, m *machine) {
			m.write(t, reachable)
			connect(t, m)
		}, "", "janee logs -f"},
		"used by a client that setup does not know": {func(t *testing.T, m *machine) {
			m.write(t, reachable)
			grant(t, m)
		}, "", "janee logs -f"},
		"locked": {func(_ *testing.T, m *machine) {
			m.run("init")
			m.run("lock")
		}, "Janee is locked", "janee unlock"},
		"wrong line": {func(t *testing.T, m *machine) {
			m.write(t, "services:\n  x: {baseUrl: 7}\n  y: {baseUrl: 8}\n")
		}, "config.yaml:2: ", "${EDITOR:-vi} +2 "},
		"empty config": {func(t *testing.T, m *machine) { m.write(t, "\n") }, "is empty",
			"save the file again"},
		"open to others": {brokenHomes["open to others"], "is open to other users", "chmod 700 "},
		"no directory":   {brokenHomes["home is a file"], "is not a directory", "mv "},
		"TypeScript 0.1": {func(t *testing.T, m *machine) {
			if err := os.Mkdir(m.home, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(m.home, "config.json")
			if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "The TypeScript Janee wrote", "janee import"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			h.make(t, m)
			out := alone(t, m)
			before, commands, _ := strings.Cut(out, "\nNext:\n")
			if h.says != "" && strings.Count(before, h.says) != 1 ||
				h.says == "" && len(before) > 80 ||
				!strings.HasPrefix(commands, "  "+h.next) {
				t.Errorf("want %q and %q:\n%s", h.says, h.next, out)
			}
		})
	}
}

// TestNextStepsNeedNoKey has a command give the root key. It must not run: it might ask for a PIN.
func TestNextStepsNeedNoKey(t *testing.T) {
	m := newMachine(t)
	mark := filepath.Join(t.TempDir(), "it-ran")
	m.write(t, fmt.Sprintf("vault: {id: abc, key: k1, check: 0123456789abcdef, source: command,\n"+
		"  command: [touch, %q]}\n", mark)+reachable)
	vars := m.Getenv
	m.keys, m.Getenv = nil, func(name string) string {
		return map[string]string{
			"HOME": vars("HOME"), "JANEE_HOME": m.home, "PATH": os.Getenv("PATH"),
		}[name]
	}
	alone(t, m)
	if _, err := os.Stat(mark); err == nil {
		t.Error("it asked for the root key")
	}
	if m.run("status"); runtime.GOOS != "windows" {
		if _, err := os.Stat(mark); err != nil {
			t.Errorf("the command would not have run: %v", err)
		}
	}
}

// TestNextStepsWithoutHome has a machine that names no directory for a home.
func TestNextStepsWithoutHome(t *testing.T) {
	m := newMachine(t)
	m.Getenv = func(string) string { return "" }
	if out := alone(t, m); !strings.Contains(out, "\n  export JANEE_HOME=") {
		t.Errorf("it does not say what to set:\n%s", out)
	}
}

var stepLine = regexp.MustCompile("(?m)^  (janee .*?)(?:  .*)?$")

// alone runs `janee` and holds it to what is true of any machine: it succeeds, is short, and names
// commands that exist.
func alone(t *testing.T, m *machine) string {
	t.Helper()
	code, out, stderr := m.run([]string{}...)
	if code != 0 || stderr != "" || strings.Count(out, "\n") > 11 {
		t.Fatalf("exit %d, %q\n%s", code, stderr, out)
	}
	for line := range strings.Lines(out) {
		if n := utf8.RuneCountInString(line); n > helpWidth+1 && !strings.Contains(line, m.home) &&
			!strings.Contains(line, "save the file again") {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	root := newRoot(m.Env)
	for _, found := range stepLine.FindAllStringSubmatch(out, -1) {
		words := strings.Fields(found[1])[1:]
		c, rest, err := root.Find(words)
		if err != nil || c == root {
			t.Errorf("%q is no command: %v", found[1], err)
			continue
		}
		if err := c.ParseFlags(rest); err != nil {
			t.Errorf("%q: %v", found[1], err)
		}
	}
	return out
}

// TestTryRule quotes what a shell would otherwise take apart.
func TestTryRule(t *testing.T) {
	m := newMachine(t)
	m.write(t, reachable)
	v, err := glance(m.Env)
	if err != nil || v.config == nil {
		t.Fatal(err, v.err)
	}
	want := "janee policy check gh GET " + home.Quote("/user?a=b&c=d")
	if got := v.tryRule(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestCalled has the commands be such that this machine's shell finds Janee.
func TestCalled(t *testing.T) {
	missing := func(string) (string, error) { return "", exec.ErrNotFound }
	for name, tt := range map[string]struct {
		program string
		onPath  bool
		want    string
	}{
		"on PATH": {"/usr/lib/node_modules/x/janee", true, "janee"},
		"an unpacked archive": {"/home/me/my downloads/janee", false,
			home.Quote("/home/me/my downloads/janee")},
		"npx":      {"/home/me/.npm/_npx/1a/x/janee", true, "npx -y " + setup.Package},
		"pnpm dlx": {"/home/me/.cache/pnpm/dlx/1a/x/janee", false, "pnpm dlx " + setup.Package},
		"bunx":     {"/tmp/bunx-1000-x/x/janee", false, "bunx " + setup.Package},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.Executable = func() (string, error) { return tt.program, nil }
			if !tt.onPath {
				m.LookPath = missing
			}
			_, out, _ := m.run([]string{}...)
			for _, want := range []string{"\n  " + tt.want + " init ", "\n  " + tt.want + " setup ",
				"\n`" + tt.want + " --help` lists"} {
				if !strings.Contains(out+"\n", want) && !strings.Contains(out,
					strings.TrimSuffix(want, " ")+"\n") {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
		})
	}
}

// TestSnippet has `janee init` print an entry that lasts: not the path in a cache, and where the
// home and the root key are.
func TestSnippet(t *testing.T) {
	m := newMachine(t)
	m.Executable = func() (string, error) { return "/home/me/.npm/_npx/1a/x/janee", nil }
	var entry clientConfig
	_, out, stderr := m.run("init")
	if err := json.Unmarshal([]byte(out), &entry); err != nil {
		t.Fatal(err)
	}
	want := clientServer{"npx", []string{"-y", setup.Package + "@" + version(), "serve"},
		map[string]string{"JANEE_HOME": m.home, "JANEE_KEY_FILE": m.Getenv("JANEE_KEY_FILE")}}
	if got := entry.Servers["janee"]; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if !strings.Contains(stderr, "`npx -y "+setup.Package+" setup`") {
		t.Error(stderr)
	}
}
