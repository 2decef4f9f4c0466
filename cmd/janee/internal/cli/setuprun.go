package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/setup"
)

// setupRun is one run of the command.
type setupRun struct {
	env *Env
	ctx context.Context
	setupFlags

	request setup.Request
	from    string // the program to copy to the path of the entry; "" if it is there
	unknown []string
	changes []setupChange
}

// setupChange is a change and whether it was made.
type setupChange struct {
	*setup.Change
	done bool
}

func (s *setupRun) run(names []string) error {
	if err := s.prepare(); err != nil {
		return err
	}
	chosen, unknown := chooseClients(names)
	s.unknown = unknown
	if s.list {
		return s.tellList(chosen)
	}
	if len(names) == 0 {
		chosen = clients.Found(s.request.Machine)
	}
	plan := s.request.Plan
	if s.remove {
		plan = s.request.PlanRemoval
	}
	for _, c := range plan(chosen...) {
		s.changes = append(s.changes, setupChange{Change: c})
	}
	s.show()
	if !s.dryRun {
		if err := s.write(len(names) == 0); err != nil {
			return err
		}
	}
	return s.tell(len(chosen) == 0)
}

func (s *setupRun) writes() bool {
	return slices.ContainsFunc(s.changes, func(c setupChange) bool { return c.Writes() })
}

// show prints what will change, which is data: a person reads it before the question.
func (s *setupRun) show() {
	for _, c := range s.changes {
		if c.Writes() && !s.asJSON {
			_, _ = io.WriteString(s.env.Stdout, printableLines(c.Diff()))
		}
	}
}

func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

var errNotWanted = hint.Errorf(hint.Failed, "", "nothing was changed")

// write asks if it should, sees that the entry works, and makes the changes.
func (s *setupRun) write(ask bool) error {
	if s.writes() && ask {
		if err := s.ask(); err != nil {
			return err
		}
	}
	if !s.remove {
		if err := s.copy(); err != nil {
			return err
		}
	}
	if s.writes() && !s.remove {
		if err := s.try(); err != nil {
			return err
		}
	}
	for i := range s.changes {
		s.changes[i].apply(s.ctx)
	}
	return nil
}

func (c *setupChange) apply(ctx context.Context) {
	if !c.Writes() {
		return
	}
	if err := c.Apply(ctx); err != nil {
		c.Action, c.Err = setup.Refuse, err
		return
	}
	c.done = true
}

// copy puts this program where the entries look for it, also the one that a person is to paste. A
// newer one replaces an older one even if no entry changes.
func (s *setupRun) copy() error {
	used := func(c setupChange) bool { return c.Err == nil }
	pasted := len(s.unknown) > 0 || len(s.changes) == 0
	if s.from == "" || s.request.Remote != nil ||
		!pasted && !slices.ContainsFunc(s.changes, used) {
		return nil
	}
	to := s.request.Server.Command
	if err := setup.Copy(s.from, to); err != nil {
		return hint.New(hint.Failed, "", err)
	}
	s.env.warn("copied this program to " + to +
		": where it was started from, it may be removed at any time")
	return nil
}

// ask asks once. In a pipe, and with --json, nobody is asked.
func (s *setupRun) ask() error {
	if s.asJSON || !isTerminal(s.env.Stdin) {
		return nil
	}
	t, err := s.env.Terminal()
	if err != nil {
		return nil
	}
	defer t.Close()
	agreed, err := t.Agree("Write these changes?")
	if err != nil {
		return err
	}
	if !agreed {
		return errNotWanted
	}
	return nil
}

// try makes sure that the entry works before any client gets it.
func (s *setupRun) try() error {
	if s.request.Remote != nil {
		return s.tryRemote()
	}
	server := s.request.Server
	said, err := setup.Try(s.ctx, server, s.env.Getenv)
	if err != nil {
		return hint.Errorf(hint.Failed, "run it by hand: "+home.Quote(server.Command)+" serve",
			"starting %q for a trial: %w; nothing was changed", server.Command, err)
	}
	s.sayTrial(said)
	return nil
}

// sayTrial passes on why the server, which answers, refuses calls.
func (s *setupRun) sayTrial(said string) {
	if strings.Contains(said, "Janee MCP server running") {
		return
	}
	first := true
	for line := range strings.Lines(said) {
		line = printable(strings.TrimSpace(line))
		if text, ok := strings.CutPrefix(line, "janee: "); ok && first {
			s.env.warn("the server starts, but refuses calls until this is fixed: " + text)
			first = false
		} else if strings.HasPrefix(line, "hint: ") {
			fmt.Fprintln(s.env.Stderr, line)
		}
	}
}

func (s *setupRun) tryRemote() error {
	token := s.env.Getenv(s.tokenEnv)
	if token == "" {
		s.env.warn(s.tokenEnv + " is not set here, so the server was not tried")
		return nil
	}
	if err := setup.TryRemote(s.ctx, *s.request.Remote, token); err != nil {
		return hint.Errorf(hint.Failed, "check the URL, and the token in "+s.tokenEnv,
			"trying %q: %w; nothing was changed", s.url, err)
	}
	return nil
}
