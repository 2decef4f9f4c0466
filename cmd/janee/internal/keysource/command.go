package keysource

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/vault"
)

// commandWait is how long the command may take, because a person may have to type a PIN.
var commandWait = time.Minute

// maxOutput is far more than a key line.
const maxOutput = 4096

// passed are the variables that the command gets. Password stores need them to find their files,
// their agents and a display; none is Janee's own.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TERM", "TMPDIR", "DISPLAY",
	"WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
	"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "GNUPGHOME", "GPG_TTY", "PASSWORD_STORE_DIR",
	"OP_SERVICE_ACCOUNT_TOKEN", "BW_SESSION", "VAULT_ADDR", "VAULT_TOKEN", "SystemRoot",
	"USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "PATHEXT",
}

// command is a program that prints the key line. It is run without a shell.
type command struct {
	words  []string
	getenv func(string) string
}

func (c command) where() string { return fmt.Sprintf("the command %q", c.words[0]) }
func (c command) cheap() bool   { return false }

func (c command) read() (vault.Root, error) {
	out, err := c.run()
	if err != nil {
		// its standard error is not shown, because a script with tracing on writes the key there
		return vault.Root{}, hint.Errorf(hint.Locked, "run it yourself to see what it says: "+
			Words(c.words), "%w: %s of vault.command: %w", ErrLocked, c.where(), err)
	}
	root, err := vault.ParseRoot(out)
	return root, hint.New(hint.Locked,
		"it must print the line that `janee key export` shows, and nothing else: "+Words(c.words),
		wrapError(c.where(), err))
}

// Words joins the words of a command, quoted for a shell.
func Words(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = home.Quote(w)
	}
	return strings.Join(quoted, " ")
}

func (c command) run() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.words[0], c.words[1:]...)
	cmd.Env = []string{} // nil would pass all of Janee's environment
	for _, name := range passed {
		if value := c.getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Dir = c.getenv("HOME") // not the working directory of an agent's client
	out := &bounded{}
	cmd.Stdout = out
	cmd.WaitDelay = time.Second // in case a child of the command keeps the pipe open
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case out.over:
		return "", fmt.Errorf("it printed more than %d bytes", maxOutput)
	case ctx.Err() != nil:
		return "", fmt.Errorf("it did not end within %v", commandWait)
	case errors.As(err, &exit):
		return "", errors.New(exit.String())
	case errors.Is(err, exec.ErrNotFound):
		return "", exec.ErrNotFound
	case err != nil:
		return "", errors.New("it could not be run")
	}
	return out.text.String(), nil
}

// bounded keeps at most maxOutput bytes and fails if there are more.
type bounded struct {
	text strings.Builder
	over bool
}

var errOutput = errors.New("too much output")

func (b *bounded) Write(p []byte) (int, error) {
	if b.over = b.over || b.text.Len()+len(p) > maxOutput; b.over {
		return 0, errOutput
	}
	return b.text.Write(p)
}
