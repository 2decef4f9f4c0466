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

// commandWait is how long the command has, with a person who types a PIN into its window.
var commandWait = time.Minute

// maxOutput is far more than a key line.
const maxOutput = 4096

// passed are the variables that the command gets: what password stores need to find their files,
// their agents and a display. Nothing of janee.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TERM", "TMPDIR", "DISPLAY",
	"WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
	"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "GNUPGHOME", "GPG_TTY", "PASSWORD_STORE_DIR",
	"OP_SERVICE_ACCOUNT_TOKEN", "BW_SESSION", "VAULT_ADDR", "VAULT_TOKEN", "SystemRoot",
	"USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "PATHEXT",
}

// command prints the key line. No shell reads its words.
type command struct {
	words  []string
	getenv func(string) string
}

func (c command) where() string { return fmt.Sprintf("the command %q", c.words[0]) }
func (c command) cheap() bool   { return false }

func (c command) read() (vault.Root, error) {
	out, err := c.run()
	if err != nil {
		// What it wrote to standard error is not shown: a script that traces itself writes the key
		// there.
		return vault.Root{}, hint.Errorf(hint.Locked, "run it yourself to see what it says: "+
			Words(c.words), "%w: %s of vault.command: %w", ErrLocked, c.where(), err)
	}
	root, err := vault.ParseRoot(out)
	return root, hint.New(hint.Locked,
		"it has to print the line that `janee key export` shows, and nothing else: "+Words(c.words),
		wrapError(c.where(), err))
}

// Words are the words of a command as a shell wants them.
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
	cmd.Env = []string{} // nil would be all of ours
	for _, name := range passed {
		if value := c.getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Dir = c.getenv("HOME") // not where an agent's client happens to stand
	out := &bounded{}
	cmd.Stdout = out
	cmd.WaitDelay = time.Second // a child of it that holds the pipe open
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

// bounded keeps a beginning.
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
