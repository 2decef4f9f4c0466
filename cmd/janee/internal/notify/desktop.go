package notify

import (
	"context"
	"fmt"
	"html"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/plain"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/policy"
)

// maxShown is how many characters of a request a notification has room for.
const maxShown = 200

// desktop shows who asks for what. The reason is left out: it is the agent's to write, and there is
// no room here to tell it apart. So are the values of the query, which anybody may see who looks at
// a locked screen.
func (n *Notifier) desktop(ctx context.Context, q approval.Question) {
	name, arguments := desktopCommand(runtime.GOOS, n.getenv, q)
	path, err := exec.LookPath(name)
	if name == "" || err != nil {
		return // no desktop here
	}
	cmd := exec.CommandContext(ctx, path, arguments...)
	cmd.Env = withoutOurs(os.Environ())
	if err := cmd.Run(); err != nil && n.ctx.Err() == nil {
		n.warn(fmt.Sprintf("showing approval %s on the desktop: %v", q.ID[:8], err))
	}
}

// withoutOurs leaves out what is for Janee alone: JANEE_MASTER_KEY and JANEE_PASSPHRASE open the
// vault, and another process of the person can read the environment of a program, though not that
// of Janee itself.
func withoutOurs(environ []string) []string {
	return slices.DeleteFunc(environ, func(pair string) bool {
		return strings.HasPrefix(pair, "JANEE_")
	})
}

// desktopCommand is the program and its arguments, "" where there is no desktop. Nothing of the
// question is part of a script.
func desktopCommand(
	system string, getenv func(string) string, q approval.Question,
) (name string, arguments []string) {
	title := "Janee: " + q.Agent + " asks"
	text := plain.Line(fmt.Sprintf("%s %s%s", q.Method, q.Host, policy.Redact(q.Path)))
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + "…"
	}
	text += "\njanee approve " + q.ID[:8]
	switch {
	case system == "darwin":
		return "osascript", []string{
			"-e", "on run argv", "-e",
			"display notification (item 2 of argv) with title (item 1 of argv)", "-e", "end run",
			plain.Line(title), text,
		}
	case system == "linux" && (getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != ""):
		// The text is markup to some desktops (Desktop Notifications Specification, "Markup").
		return "notify-send", []string{
			"--app-name=Janee", "--", plain.Line(title), html.EscapeString(text),
		}
	}
	return "", nil
}
