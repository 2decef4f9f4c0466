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

// maxShown is how many characters of a request a notification shows.
const maxShown = 200

// desktop shows which agent asks for what. It leaves out the reason, which the agent writes and
// which could not be told apart here from Janee's own words. It also leaves out query values,
// because anyone can read notifications on a locked screen.
func (n *Notifier) desktop(ctx context.Context, q approval.Question) {
	name, arguments := desktopCommand(runtime.GOOS, n.getenv, q)
	path, err := exec.LookPath(name)
	if name == "" || err != nil {
		return // no desktop here
	}
	cmd := exec.CommandContext(ctx, path, arguments...)
	cmd.Env = withoutOurs(os.Environ())
	if err := cmd.Run(); err != nil && n.ctx.Err() == nil {
		n.warn(fmt.Sprintf("showing approval %s on the desktop: %v", q.Short(), err))
	}
}

// withoutOurs removes Janee's variables: JANEE_MASTER_KEY and JANEE_PASSPHRASE open the vault, and
// other processes of the same user can read the environment of the program, though not Janee's own.
func withoutOurs(environ []string) []string {
	return slices.DeleteFunc(environ, func(pair string) bool {
		return strings.HasPrefix(pair, "JANEE_")
	})
}

// desktopCommand returns the program and its arguments, or "" if there is no desktop. The question
// is passed as arguments and is never part of a script.
func desktopCommand(
	system string, getenv func(string) string, q approval.Question,
) (name string, arguments []string) {
	title := "Janee: " + q.Agent + " asks"
	text := plain.Line(fmt.Sprintf("%s %s%s", q.Method, q.Host, policy.Redact(q.Path)))
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + "…"
	}
	text += "\njanee approve " + q.Short()
	switch {
	case system == "darwin":
		return "osascript", []string{
			"-e", "on run argv", "-e",
			"display notification (item 2 of argv) with title (item 1 of argv)", "-e", "end run",
			plain.Line(title), text,
		}
	case system == "linux" && (getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != ""):
		// some desktops read the text as markup (Desktop Notifications Specification, "Markup")
		return "notify-send", []string{
			"--app-name=Janee", "--", plain.Line(title), html.EscapeString(text),
		}
	}
	return "", nil
}
