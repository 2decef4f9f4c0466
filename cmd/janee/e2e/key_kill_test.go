//go:build !race

package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKilledMove kills moves of the root key at any moment: whatever is cut off, the home opens,
// with the same key.
func TestKilledMove(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "JANEE_KEY_FILE=", "XDG_CONFIG_HOME="+filepath.Join(p.dir, "xdg"),
		"HOME="+p.dir, "JANEE_PASSPHRASE=correct horse battery")
	p.home = filepath.Join(p.dir, "moving")
	p.env = append(p.env, "JANEE_HOME="+p.home)
	p.run("", "init")
	p.run("a-key-of-some-length\n", "add", "base", "-u", "https://api.example.com", "--auth-type",
		"bearer", "-k", "-")
	root := p.run("", "key", "export", "--yes")
	copied := filepath.Join(p.dir, "copied.key")
	if err := os.WriteFile(copied, []byte(root), 0o600); err != nil {
		t.Fatal(err)
	}
	moves := [][]string{{"passphrase", "--stdin"}, {"file"}, {"command", "--", "cat", copied}}
	ended, rounds := 0, rounds(24)
	for round := range rounds {
		// A move that asks argon2 takes longer than the others.
		after := time.Duration(rand.IntN(250_000)) * time.Microsecond
		if p.killedWith("correct horse battery\n", after,
			append([]string{"key", "move", "--to"}, moves[round%len(moves)]...)...) {
			ended++
		}
		if got, err := p.try("", "key", "export", "--yes"); err != nil || got != root {
			t.Fatalf("round %d: the home does not open with its key: %v", round, err)
		}
		if out, err := p.try("", "list"); err != nil || !strings.Contains(out, "base") {
			t.Fatalf("round %d: %v\n%s", round, err, out)
		}
	}
	t.Logf("%d of %d moves ended before they were killed", ended, rounds)
	p.run("", "key", "move", "--to", "command", "--", "cat", copied)
	if left, err := filepath.Glob(filepath.Join(p.dir, "xdg", "janee", "*.key")); err != nil ||
		len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}

// TestKilledRestore kills restores over a home that is there: at every moment there is one of the
// two, whole.
func TestKilledRestore(t *testing.T) {
	p := newPlace(t)
	p.run("a-key-of-some-length\n", "add", "base", "-u", "https://api.example.com", "--auth-type",
		"bearer", "-k", "-")
	file := filepath.Join(p.dir, "of-then.backup")
	p.run("", "backup", "--to", file)
	ended, rounds := 0, rounds(24)
	for round := range rounds {
		p.run("another-key-of-some-length\n", "add", "later", "-u", "https://api.example.com",
			"--auth-type", "bearer", "-k", "-")
		restored := p.killed(time.Duration(rand.IntN(60_000))*time.Microsecond, "restore",
			"--from", file, "--yes")
		have := p.listed()
		switch n := len(have.Services); {
		case restored && n != 1, n < 1 || n > 2:
			t.Fatalf("round %d: restored %v, services %v", round, restored, have.Services)
		case n == 2:
			p.run("", "remove", "later", "--yes")
		}
		if restored {
			ended++
		}
		wants(t, p.run("", "logs", "verify"), "the log is whole")
	}
	t.Logf("%d of %d restores ended before they were killed", ended, rounds)
}

// TestMovedUnderARunningServer moves the root key while a server over stdio runs, which nobody can
// type a passphrase into: it goes on with its key.
func TestMovedUnderARunningServer(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "JANEE_KEY_FILE=", "XDG_CONFIG_HOME="+filepath.Join(p.dir, "xdg"))
	p.home = filepath.Join(p.dir, "moving")
	p.env = append(p.env, "JANEE_HOME="+p.home)
	p.run("", "init")
	api := startAPI(t)
	p.configure(strings.ReplaceAll(reloadConfig, "$API", api.url))
	p.run("", "list") // seals
	s := p.serve("mover")
	wants(t, s.get("api", "/one"), `"status":200`)
	p.run("correct horse battery\n", "key", "move", "--to", "passphrase", "--stdin")
	wants(t, s.get("api", "/two"), `"status":200`)
	p.env = append(p.env, "JANEE_PASSPHRASE=correct horse battery")
	p.run("", "key", "rotate")
	wants(t, s.get("api", "/three"), `"status":200`)
	p.run("", "key", "move", "--to", "file")
	wants(t, s.get("api", "/four"), `"status":200`)
	if out := s.stderr.String(); strings.Contains(out, "not in force") {
		t.Errorf("a configuration was refused:\n%s", out)
	}
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}
