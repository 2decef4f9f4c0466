package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/revocations"
)

type reopenOptions struct {
	scope       scopeFlags
	yes, asJSON bool
}

func reopenCommand(env *Env) *cobra.Command {
	var o reopenOptions
	c := &cobra.Command{
		Use:   "reopen [ID]",
		Short: "End a revocation early",
		Long: `Let an agent back in before a revocation runs out. The revoked session stays ended:
the next call opens a new one, and if the capability has autoApprove: false, a person is asked
again. With --agent, --capability or --all, the command lifts every revocation of that agent or
capability, including those of single sessions.`,
		Example: "  janee reopen 3f9a02c1\n  janee reopen --agent claude-ai\n" +
			"  janee reopen --all --yes --json",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runReopen(env, args, o) },
	}
	o.scope.register(c.Flags())
	c.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON and never ask")
	return c
}

func runReopen(env *Env, args []string, o reopenOptions) error {
	id, scope, err := o.scope.read(args)
	if err != nil {
		return err
	}
	s, err := open(env)
	if err != nil {
		return err
	}
	desk, err := newDesk(s)
	if err != nil {
		return err
	}
	overview, err := revocations.Read(s.Home, s.Config, s.Vault, time.Now())
	if err != nil {
		return err
	}
	if id != "" {
		return reopenOne(env, s, desk, overview, id, o)
	}
	if err := consent(env, o.yes, o.asJSON, "reopening",
		fmt.Sprintf("Stop refusing %s?", callsOf(scope))); err != nil {
		return err
	}
	if err := desk.ReopenAll(scope, overview); err != nil {
		return err
	}
	return sayReopened(env, s, scope, o.asJSON)
}

func reopenOne(
	env *Env, s *opened.Home, desk *revocations.Desk, overview *revocations.Overview,
	id string, o reopenOptions,
) error {
	x, err := overview.Find(id, func(x revocations.Session) bool {
		return x.Status == revocations.Revoked
	})
	if err != nil {
		return err
	}
	scope := revocations.Scope{Agent: x.Agent, Capability: x.Capability}
	if x.Status != revocations.Revoked {
		return hint.Errorf(hint.Failed, "", "reopening session %s (%s on %s): it is not revoked",
			short(x.ID, overview.Digits()), x.Agent, x.Capability)
	}
	if err := consent(env, o.yes, o.asJSON, "reopening",
		fmt.Sprintf("Stop refusing %s?", callsOf(scope))); err != nil {
		return err
	}
	if err := desk.Reopen(x); err != nil {
		return err
	}
	return sayReopened(env, s, scope, o.asJSON)
}

// sayReopened looks again: a wider order than the one that was lifted may still be in force.
func sayReopened(env *Env, s *opened.Home, scope revocations.Scope, asJSON bool) error {
	now := time.Now()
	overview, err := revocations.Read(s.Home, s.Config, s.Vault, now)
	if err != nil {
		return err
	}
	for _, order := range overview.Orders {
		if order.Covers(scope.Agent, scope.Capability) {
			wider := revocations.Scope{Agent: order.Agent, Capability: order.Capability}
			return hint.Errorf(hint.Failed, "`"+reopenLine(wider)+"`",
				"another revocation still refuses %s until %s", callsOf(wider),
				when(now, order.Until))
		}
	}
	if asJSON {
		return writeJSON(env.Stdout, struct {
			OK         bool   `json:"ok"`
			AgentID    string `json:"agentId,omitempty"`
			Capability string `json:"capability,omitempty"`
			Locked     bool   `json:"locked"`
		}{true, scope.Agent, scope.Capability, overview.Locked})
	}
	fmt.Fprintf(env.Stderr, "Reopened: the next permitted call opens a new session (%s).\n",
		callsOf(scope))
	if overview.Locked {
		fmt.Fprintln(env.Stderr,
			"Janee is locked: it refuses every call until you run `janee unlock`.")
	}
	return nil
}

// agree asks on the terminal, unless yes. Any answer other than yes ends the command.
func agree(env *Env, yes bool, question string) error {
	if yes {
		return nil
	}
	t, err := env.Terminal()
	if err != nil {
		return hint.Errorf(hint.Usage, "add --yes, or run the command in a terminal",
			"cannot ask %q: %w", question, err)
	}
	defer t.Close()
	if yes, err = t.Confirm(question); err != nil {
		return err
	}
	if !yes {
		fmt.Fprintln(env.Stderr, "Nothing was changed.")
		return errSaid
	}
	return nil
}
