package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/sessions"
	"github.com/true-and-useful/janee/cmd/janee/internal/store"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/session"
)

func lockCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "lock",
		Short: "Refuse every call of every agent, at once",
		Long: `Refuse every call in every process from now on, and cut those in flight. It works even where config.yaml
is broken or the root key is missing. "janee unlock" ends it; a restart does not.`,
		Example: "  janee lock",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runLock(env) },
	}
}

func runLock(env *Env) error {
	dir, err := home.Dir(env.Getenv)
	if err != nil {
		return err
	}
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	locked, err := brake(env, h).Lock()
	switch {
	case err != nil && !locked:
		return err
	case !locked:
		fmt.Fprintln(env.Stderr, "Janee is locked already; `janee unlock` ends it.")
		return nil
	case err != nil:
		fmt.Fprintf(env.Stderr, "janee: warning: %v\n", err)
	}
	fmt.Fprintln(env.Stderr, "Locked: every call of every agent is refused, and calls in flight are cut. `janee unlock` ends it.")
	return nil
}

// brake is a desk that can lock without a configuration and without a root key: only the record needs those.
func brake(env *Env, h *home.Home) *sessions.Desk {
	s, err := store.Open(env.Getenv)
	if err == nil {
		var desk *sessions.Desk
		if desk, err = newDesk(s); err == nil {
			return desk
		}
	}
	return &sessions.Desk{Home: h, Record: func(audit.Record) error { return err }, Now: time.Now}
}

func unlockCommand(env *Env) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:     "unlock",
		Short:   "End what \"janee lock\" began",
		Long:    `Let agents make calls again, by their sessions and rules as they are. It asks on the terminal.`,
		Example: "  janee unlock\n  janee unlock --yes",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runUnlock(env, yes) },
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func runUnlock(env *Env, yes bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	there, err := s.Home.Read(session.LockFile)
	if err != nil {
		return err
	}
	if there == nil {
		fmt.Fprintln(env.Stderr, "Janee is not locked.")
		return nil
	}
	if err := agree(env, yes, "Let agents make calls again?"); err != nil {
		return err
	}
	desk, err := newDesk(s)
	if err != nil {
		return err
	}
	if err := desk.Unlock(); err != nil {
		return err
	}
	fmt.Fprintln(env.Stderr, "Unlocked: agents may call again, by their sessions and rules.")
	return nil
}
