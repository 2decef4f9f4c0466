//go:build !race

package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/ptytest"
)

// TestInterruptedAdd has a person press Ctrl-C, and the terminal go away, while the key is asked
// for.
func TestInterruptedAdd(t *testing.T) {
	for name, act := range map[string]struct {
		do   func(*exec.Cmd, *ptytest.Terminal)
		code int
	}{
		"Ctrl-C": {func(_ *exec.Cmd, tty *ptytest.Terminal) { tty.Type("sk_live_half\x03") }, 130},
		"killed": {func(cmd *exec.Cmd, _ *ptytest.Terminal) {
			_ = cmd.Process.Signal(syscall.SIGTERM)
		}, 143},
	} {
		t.Run(name, func(t *testing.T) {
			home, janee := newHome(t)
			before := tree(t, home)
			cmd, stderr := janee("add", "stripe", "-u", "https://api.stripe.com",
				"--auth-type", "bearer"), &bytes.Buffer{}
			cmd.Stderr = stderr
			tty := ptytest.Start(t, cmd)
			tty.Expect("(not shown): ")
			if tty.Echo() {
				t.Error("the key would be shown")
			}
			act.do(cmd, tty)
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != act.code ||
				!strings.Contains(stderr.String(), "interrupted") {
				t.Errorf("%v, want exit code %d\n%s", err, act.code, stderr)
			}
			if !tty.Echo() {
				t.Error("the echo of the terminal stays off")
			}
			if after := tree(t, home); after != before {
				t.Errorf("files changed:\n%s\nwere\n%s", after, before)
			}
		})
	}
}

// newHome runs janee init in a directory of its own and returns it, with what makes further
// commands there.
func newHome(t *testing.T) (home string, janee func(args ...string) *exec.Cmd) {
	t.Helper()
	home = t.TempDir()
	janee = func(args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(binDir(), "janee"), args...)
		cmd.Env = []string{
			"HOME=" + home, "JANEE_KEY_FILE=" + filepath.Join(home, "key", "root.key"),
		}
		return cmd
	}
	if out, err := janee("init").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return home, janee
}

// TestPassphraseIsNotShown chooses a passphrase, and has a server over HTTP that a person starts at
// a terminal ask for it.
func TestPassphraseIsNotShown(t *testing.T) {
	home, janee := newHome(t)
	run := func(args ...string) *exec.Cmd {
		cmd := janee(args...)
		cmd.Env = []string{"HOME=" + home, "JANEE_HOME=" + filepath.Join(home, "locked")}
		return cmd
	}
	if out, err := run("init").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	move, stderr := run("key", "move", "--to", "passphrase"), &bytes.Buffer{}
	move.Stderr = stderr
	tty := ptytest.Start(t, move)
	for _, question := range []string{
		"characters (not shown): ", "Repeat the passphrase (not shown): ",
	} {
		tty.Expect(question)
		if tty.Echo() {
			t.Error("the passphrase would be shown")
		}
		tty.Type("correct horse battery\n")
	}
	if err := move.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}

	serve := run("serve", "--transport", "http", "--port", "0")
	out, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	tty = ptytest.Start(t, serve)
	tty.Expect("Passphrase of the root key (not shown): ")
	if tty.Echo() {
		t.Error("the passphrase would be shown")
	}
	tty.Type("correct horse battery\n")
	lines := bufio.NewScanner(out)
	running := false
	for !running && lines.Scan() {
		running = strings.Contains(lines.Text(), "running on http://")
	}
	_ = serve.Process.Signal(syscall.SIGTERM)
	if err := serve.Wait(); err != nil || !running {
		t.Errorf("running %v, %v", running, err)
	}
}

// TestTrustHoldsForWhatWasShown has config.yaml pointed elsewhere once more while the person reads
// the question.
func TestTrustHoldsForWhatWasShown(t *testing.T) {
	home, janee := newHome(t)
	path := filepath.Join(home, ".janee", "config.yaml")
	add := janee("add", "api", "-u", "https://one.example", "--auth-type", "bearer", "-k", "-")
	add.Stdin = strings.NewReader("key_of_the_api_1")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	point := func(from, to string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), "https://"+from, "https://"+to, 1)
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		return changed
	}
	point("one.example", "two.example")
	cmd, stderr := janee("trust", "api"), &bytes.Buffer{}
	cmd.Stderr = stderr
	tty := ptytest.Start(t, cmd)
	tty.Expect("Send this credential to https://two.example? [y/N]: ")
	want := point("two.example", "evil.example")
	tty.Type("yes\n")
	if err := cmd.Wait(); err == nil ||
		!strings.Contains(stderr.String(), "changed in the meantime") {
		t.Errorf("%v\n%s", err, stderr)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%v, config.yaml was written:\n%s", err, got)
	}
}

// tree is the names and contents of all files below dir.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all.WriteString(path + "\n" + string(text) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
