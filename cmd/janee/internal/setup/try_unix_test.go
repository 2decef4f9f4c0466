//go:build unix

package setup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// script makes a program of the home.
func (r Request) script(t *testing.T, name, text string) string {
	t.Helper()
	path := r.put(t, name, "#!/bin/sh\n"+text)
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTry(t *testing.T) {
	const reply = `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18"}}`
	r := request(t)
	getenv := func(name string) string {
		return map[string]string{"HOME": "/h", "SHELL_SECRET": "x", "PATH": "/mine"}[name]
	}
	for _, c := range []struct{ script, said, err string }{
		{"read line; echo '" + reply + "'; echo ready >&2", "ready", ""},
		{"read line; echo '" + reply + "'; exit 1", "", ""}, // a home that cannot be opened
		{`test "$JANEE_HOME$HOME$SHELL_SECRET" = /j/h || exit 1` + "\n" +
			"case $PATH in *mine*) exit 1;; esac; read line; echo '" + reply + "'", "", ""},
		{"echo no such option >&2; exit 2", "", `does not answer: it has ended: "no such option"`},
		{"echo hello; cat", "", "what it says is not MCP"},
		{`echo '{"id":1,"error":{}}'; cat`, "", "what it says is not MCP"},
	} {
		path := r.script(t, "janee", c.script)
		server := clients.Server{Command: path, Args: []string{"serve"},
			Env: []splice.Field{{Key: "JANEE_HOME", Value: "/j"}}}
		said, err := Try(context.Background(), server, getenv)
		if !strings.Contains(said, c.said) || (err == nil) != (c.err == "") ||
			err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v", c.script, said, err)
		}
	}
	gone := clients.Server{Command: "/no/such/janee"}
	if _, err := Try(context.Background(), gone, getenv); err == nil {
		t.Error("a program that is not there was started")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	path := r.script(t, "janee", "cat >/dev/null; sleep 60")
	if _, err := Try(ctx, clients.Server{Command: path}, getenv); err == nil {
		t.Error("a program that never answers passes")
	}
}

// TestOwnProgram: the client's own program writes the file where it can, and what it writes is
// checked.
func TestOwnProgram(t *testing.T) {
	const good = `printf '{"mcpServers":{"janee":%s}}' "$6" >"$HOME/.claude.json"`
	for _, c := range []struct{ name, script, before, want, err string }{
		{"writes the entry", good, "{}", `{"mcpServers":{"janee":{"args":["serve"],` +
			`"command":"/opt/janee/janee","type":"stdio"}}}`, ""},
		{"fails and changes nothing", "exit 1", "{}", `"command": "/opt/janee/janee"`, ""},
		{"changes nothing", "exit 0", "{}", `"command": "/opt/janee/janee"`, ""},
		{"loses the entry", `echo '{}' >"$HOME/.claude.json"`, `{"a":1}`, "{}\n",
			"it has not written the entry"},
		{"writes another entry",
			`echo '{"mcpServers":{"janee":{"command":"sh"}}}' >"$HOME/.claude.json"`,
			`{"a":1}`, "", "it has not written the entry"},
		{"breaks the file", `echo '{' >"$HOME/.claude.json"; echo broken >&2; exit 1`,
			`{"a":1}`, "{\n", "broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t)
			claude := r.script(t, "bin/claude", c.script)
			r.Machine.LookPath = func(string) (string, error) { return claude, nil }
			t.Setenv("HOME", r.Machine.Home)
			t.Setenv("PATH", filepath.Dir(claude)+":/usr/bin:/bin")
			path := r.put(t, ".claude.json", c.before)
			change := r.Plan(client(t, "claude-code"))[0]
			if change.Own != "claude" {
				t.Fatalf("written by %q", change.Own)
			}
			err := change.Apply(context.Background())
			if (err == nil) != (c.err == "") || !strings.Contains(fmt.Sprint(err), c.err) {
				t.Errorf("%v, not %q", err, c.err)
			}
			if got := text(t, path); !strings.Contains(got, c.want) {
				t.Errorf("the file is %q", got)
			}
			backups, _ := filepath.Glob(path + ".janee-*.bak")
			if len(backups) != 1 || text(t, backups[0]) != c.before {
				t.Errorf("backups: %q", backups)
			}
			if err != nil {
				next := hint.Of(err)
				if strings.Contains(err.Error(), "\n") || !strings.Contains(next, backups[0]) {
					t.Errorf("%q, and the hint is %q", err, next)
				}
				return
			}
			for _, change := range r.PlanRemoval(client(t, "claude-code")) {
				if err := change.Apply(context.Background()); err != nil {
					t.Error(err)
				}
			}
			if got := text(t, path); got != c.before {
				t.Errorf("after --remove it is %q", got)
			}
		})
	}
}

// TestOwnProgramRemoves: where the file has changed since, the client's own program takes the entry
// out.
func TestOwnProgramRemoves(t *testing.T) {
	r := request(t)
	path := r.put(t, ".claude.json", `{"mcpServers":{"janee":{"type":"stdio",`+
		`"command":"/opt/janee/janee","args":["serve"],"env":{}}},"n":2}`)
	claude := r.script(t, "bin/claude",
		`echo "$@" >"$HOME/said"; echo '{"n":3}' >"$HOME/.claude.json"`)
	r.Machine.LookPath = func(string) (string, error) { return claude, nil }
	t.Setenv("HOME", r.Machine.Home)
	t.Setenv("PATH", filepath.Dir(claude)+":/usr/bin:/bin")
	if err := r.PlanRemoval(client(t, "claude-code"))[0].Apply(context.Background()); err != nil {
		t.Error(err)
	}
	said := text(t, filepath.Join(r.Machine.Home, "said"))
	if said != "mcp remove --scope user janee\n" {
		t.Errorf("it was told %q", said)
	}
	if got := text(t, path); got != "{\"n\":3}\n" {
		t.Errorf("the file is %q", got)
	}
}
