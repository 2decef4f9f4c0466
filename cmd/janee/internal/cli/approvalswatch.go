package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/answers"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core/approval"
)

// watcher asks about each request once on the terminal.
type watcher struct {
	env    *Env
	opened *opened.Home
	desk   *answers.Desk
	tty    *term.Terminal
	seen   map[string]bool
}

func (w *watcher) look() error {
	items, err := answers.Read(w.opened.Home, w.opened.Vault, time.Now())
	if err != nil {
		return err
	}
	for _, i := range answers.Open(items) {
		if !w.seen[i.ID] {
			w.seen[i.ID] = true
			if err := w.ask(i.Question); err != nil {
				return err
			}
		}
	}
	return nil
}

const bell = "\a"

func (w *watcher) ask(q approval.Question) error {
	var text strings.Builder
	printQuestion(&text, q, time.Now())
	w.tty.Print("%s\n%s", bell, text.String())
	for {
		answer, err := w.tty.Line("y approve once, s approve a session, n deny, Enter decide later",
			"")
		if err != nil {
			return err
		}
		o := approveOptions{session: answer == "s"}
		switch answer {
		case "":
			w.tty.Print("It still waits; run `janee approve %s`\n", q.Short())
			return nil
		case "y", "s":
			return w.tell(say(w.env, w.opened, w.desk, w.tty, q, approval.Allow, o))
		case "n":
			return w.tell(say(w.env, w.opened, w.desk, w.tty, q, approval.Deny, o))
		}
	}
}

// tell prints an error and goes on: it is about one question alone, which was over or was answered
// by another, or about a wrong PIN.
func (w *watcher) tell(v verdict, err error) error {
	if err != nil {
		w.tty.Print("%v\n", err)
		return nil
	}
	w.tty.Print("%s\n", v.text)
	return nil
}

// verdict is an answer that was given.
type verdict struct {
	answer approval.Answer
	text   string
}

func verdictOf(q approval.Question, a approval.Answer, ttl time.Duration) verdict {
	text := fmt.Sprintf("Denied: Janee refuses the same request until %s.",
		time.UnixMilli(q.Expires).Local().Format(time.TimeOnly))
	switch {
	case a.Decision == approval.Deny:
	case a.Scope == approval.Once:
		text = fmt.Sprintf(
			"Approved once: %s can make this request again within ten minutes.",
			printable(q.Agent))
	case a.Until != 0:
		text = fmt.Sprintf(
			"Approved: %s may make every request that the rules of %s allow, until %s.",
			printable(q.Agent), printable(q.Capability),
			time.UnixMilli(a.Until).Local().Format(time.TimeOnly))
	default:
		text = fmt.Sprintf("Approved: %s may make every request that the rules of %s allow, "+
			"for %s from its next call on.", printable(q.Agent), printable(q.Capability), span(ttl))
	}
	return verdict{a, text}
}
