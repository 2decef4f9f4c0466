package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/answers"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/config"
)

type approveOptions struct {
	once, session, json bool
	length              string
}

func approveCommand(env *Env) *cobra.Command {
	var o approveOptions
	c := &cobra.Command{
		Use:   "approve ID",
		Short: "Approve a request that waits for you",
		Long: `Approve a request of an agent that waits for a person. The first digits of its id
are enough. The command shows the request that it approves. Without flags the approval is for that
exact request, and for one call.

With --session it approves a session: the agent may make every request that the rules of the
capability allow, and you are not asked again until the ttl is over. --for ends the session
earlier.`,
		Example: "  janee approve 3f9a02c1\n  janee approve 3f9a02c1 --session\n" +
			"  janee approve 3f9a02c1 --for 10m",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runAnswer(env, args[0], approval.Allow, o)
		},
	}
	c.Flags().BoolVar(&o.once, "once", false, "approve this one request (the default)")
	c.Flags().BoolVar(&o.session, "session", false,
		"approve a session, for the ttl of the capability")
	c.Flags().StringVar(&o.length, "for", "",
		"approve a session of this `DURATION`, such as 10m; at most the ttl")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func denyCommand(env *Env) *cobra.Command {
	var o approveOptions
	c := &cobra.Command{
		Use:   "deny ID",
		Short: "Deny a request that waits for you",
		Long: `Deny a request of an agent that waits for a person. The first digits of its id are
enough. Janee then refuses the same request, without asking you again, until the ten minutes of this
one are over.`,
		Example: "  janee deny 3f9a02c1",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runAnswer(env, args[0], approval.Deny, o)
		},
	}
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func runAnswer(env *Env, id, decision string, o approveOptions) error {
	if o.once && (o.session || o.length != "") {
		return hint.Errorf(hint.Usage,
			"--once approves one request; --session and --for approve a session",
			"--once cannot be combined with --session or --for")
	}
	s, desk, err := openApprovalDesk(env)
	if err != nil {
		return err
	}
	now := time.Now()
	items, err := answers.Read(s.Home, s.Vault, now)
	if err != nil {
		return err
	}
	item, err := answers.Find(items, id)
	if err != nil {
		return err
	}
	if item.State == approval.Open && !o.json {
		printQuestion(env.Stderr, item.Question, now)
	}
	v, err := say(env, s, desk, nil, item.Question, decision, o)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(env.Stdout, answerJSON(item.Question, v.answer))
	}
	fmt.Fprintln(env.Stderr, v.text)
	return nil
}

// say answers a question. It asks for a PIN on tty, or on a terminal that it opens where tty is
// nil.
func say(
	env *Env, s *opened.Home, desk *answers.Desk, tty *term.Terminal, q approval.Question,
	decision string, o approveOptions,
) (v verdict, err error) {
	scope, length, ttl, err := scopeOf(s.Config, q, o)
	if err != nil {
		return v, err
	}
	if decision == approval.Allow && s.Config.Approvals.PIN != "" &&
		q.Live(time.Now().UnixMilli()) {
		if err := checkPIN(env, desk, tty, s.Config.Approvals.PIN); err != nil {
			return v, err
		}
	}
	a, mine, err := desk.Say(q, decision, scope, length)
	short := q.Short()
	switch {
	case errors.Is(err, answers.ErrOver):
		return v, hint.Errorf(hint.Failed,
			"if the agent makes the call again, you are asked again",
			"answering %s: the request expired at %s", short, clock(time.Now(), q.Expires))
	case err != nil:
		return v, fmt.Errorf("answering %s: %w", short, err)
	case !mine:
		return v, hint.Errorf(hint.Failed, "the first answer counts",
			"answering %s: it was already %s, by %s at %s", short, said(a), printable(a.By),
			clock(time.Now(), a.At))
	}
	return verdictOf(q, a, ttl), nil
}

func said(a approval.Answer) string {
	switch {
	case a.Decision == approval.Deny:
		return "denied"
	case a.Scope == approval.Session:
		return "approved for a session"
	}
	return "approved once"
}

// scopeOf reads how far an approval reaches. A session may be shorter than the ttl of the
// capability, never longer.
func scopeOf(
	c *config.Config, q approval.Question, o approveOptions,
) (scope string, length, ttl time.Duration, err error) {
	if !o.session && o.length == "" {
		return approval.Once, 0, 0, nil
	}
	p := c.Capabilities[q.Capability]
	if p == nil {
		return "", 0, 0, hint.Errorf(hint.Failed, "",
			"capability %q no longer exists", q.Capability)
	}
	if o.length == "" {
		return approval.Session, 0, p.TTL, nil
	}
	length, ok := config.ParseDuration(strings.TrimSpace(o.length), config.MaxTTL)
	switch {
	case !ok:
		return "", 0, 0, hint.Errorf(hint.Usage, "write a number with s, m, h or d, such as 10m",
			"--for: %q is not a duration", o.length)
	case length > p.TTL:
		return "", 0, 0, hint.Errorf(hint.Usage,
			"give a shorter time, or --session for the whole ttl",
			"--for: %q is longer than the ttl of %q, which is %s", o.length, q.Capability,
			config.FormatDuration(p.TTL))
	}
	return approval.Session, length, p.TTL, nil
}

type answerLine struct {
	OK       bool         `json:"ok"`
	ID       string       `json:"id"`
	Decision string       `json:"decision"`
	Scope    string       `json:"scope,omitempty"`
	Until    string       `json:"until,omitempty"`
	Approval answers.View `json:"approval"`
}

func answerJSON(q approval.Question, a approval.Answer) answerLine {
	line := answerLine{
		OK:       true,
		ID:       q.ID,
		Decision: a.Decision,
		Until:    utc(a.Until),
		Approval: answers.ViewOf(q),
	}
	if a.Decision == approval.Allow {
		line.Scope = a.Scope
	} else {
		line.Until = utc(q.Expires)
	}
	return line
}
