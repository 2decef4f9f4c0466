package term

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/ptytest"
)

const childEnv = "JANEE_TERM_TEST_CHILD"

// TestMain is also the program that asks: one line, two yes or no, one secret.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(m.Run())
	}
	os.Exit(hint.ExitCode(askAll()))
}

func askAll() error {
	t, err := Open()
	if err != nil {
		return err
	}
	defer t.Close()
	name, err := t.Line("Name", "nobody")
	if err != nil {
		return err
	}
	sure, err := t.Confirm("Sure?")
	if err != nil {
		return err
	}
	harmless, err := t.Agree("Go on?")
	if err != nil {
		return err
	}
	key, err := t.Secret("Key")
	if err != nil {
		return err
	}
	fmt.Printf("%s %v %v %s", name, sure, harmless, key.Reveal())
	return nil
}

func start(t *testing.T) (*exec.Cmd, *ptytest.Terminal, *strings.Builder) {
	t.Helper()
	cmd, out := exec.Command(os.Args[0]), &strings.Builder{}
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stdout = out
	return cmd, ptytest.Start(t, cmd), out
}

func TestQuestions(t *testing.T) {
	for _, c := range []struct{ name, sure, want string }{
		{"me\n", "yes\n", "me true true sk_live_1"},
		{"\n", "\n", "nobody false true sk_live_1"},
		{" me \n", " Y \n", "me true true sk_live_1"},
		{"me\n", "yess\n", "me false false sk_live_1"},
		{"me\n", "n\n", "me false false sk_live_1"},
	} {
		cmd, tty, out := start(t)
		tty.Expect("Name [nobody]: ")
		tty.Type(c.name)
		tty.Expect("Sure? [y/N]: ")
		tty.Type(c.sure)
		tty.Expect("Go on? [Y/n]: ")
		tty.Type(c.sure)
		tty.Expect("Key (not shown): ")
		if tty.Echo() {
			t.Error("the echo is on while a secret is typed")
		}
		tty.Type("sk_live_1\n")
		if err := cmd.Wait(); err != nil || out.String() != c.want {
			t.Errorf("%v, %q, not %q", err, out, c.want)
		}
		if !tty.Echo() || strings.Contains(tty.Output(), "sk_live_1") {
			t.Errorf("echo on afterwards: %v; shown: %q", tty.Echo(), tty.Output())
		}
	}
}

// TestTypedAhead types all answers before the questions come.
func TestTypedAhead(t *testing.T) {
	cmd, tty, out := start(t)
	tty.Type("me\nyes\nyes\nsk_live_1\n")
	if err := cmd.Wait(); err != nil || out.String() != "me true true sk_live_1" {
		t.Errorf("%v, %q", err, out)
	}
}

func TestInterrupted(t *testing.T) {
	for _, c := range []struct {
		name string
		act  func(*exec.Cmd, *ptytest.Terminal)
		code int
	}{
		{"Ctrl-C", func(_ *exec.Cmd, tty *ptytest.Terminal) { tty.Type("sk_live\x03") }, 130},
		{"Ctrl-backslash", func(_ *exec.Cmd, tty *ptytest.Terminal) { tty.Type("\x1c") }, 131},
		{"killed",
			func(cmd *exec.Cmd, _ *ptytest.Terminal) { _ = cmd.Process.Signal(syscall.SIGTERM) },
			143},
		{"hung up",
			func(cmd *exec.Cmd, _ *ptytest.Terminal) { _ = cmd.Process.Signal(syscall.SIGHUP) },
			129},
		{"Ctrl-D", func(_ *exec.Cmd, tty *ptytest.Terminal) { tty.Type("\x04") }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd, tty, out := start(t)
			tty.Type("me\nyes\nyes\n")
			tty.Expect("Key (not shown): ")
			c.act(cmd, tty)
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != c.code {
				t.Errorf("%v, want exit code %d", err, c.code)
			}
			if !tty.Echo() || out.Len() > 0 {
				t.Errorf("echo on afterwards: %v; answer %q", tty.Echo(), out)
			}
		})
	}
}

func TestNoTerminal(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("%v", err)
	}
}
