package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/revocations"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/session"
)

func lockCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "lock",
		Short: "Refuse every call of every agent, at once",
		Long: `Refuse every call in every process from now on, and cut the calls in flight. This
works even if config.yaml is broken or the root key is missing. "janee unlock" ends it; a restart
does not.`,
		Example: "  janee lock\n  janee lock --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runLock(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// lockAnswer says whether Janee is locked now, and whether the command changed that.
type lockAnswer struct {
	OK      bool   `json:"ok"`
	Locked  bool   `json:"locked"`
	Changed bool   `json:"changed"`
	Warning string `json:"warning,omitempty"`
}

func (a lockAnswer) say(env *Env, asJSON bool, text string) error {
	if asJSON {
		a.OK = true
		return writeJSON(env.Stdout, a)
	}
	if a.Warning != "" {
		fmt.Fprintf(env.Stderr, "janee: warning: %s\n", a.Warning)
	}
	fmt.Fprintln(env.Stderr, text)
	return nil
}

func runLock(env *Env, asJSON bool) error {
	dir, err := home.Dir(env.Getenv)
	if err != nil {
		return err
	}
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	locked, err := brake(env, h).Lock()
	if !locked {
		if err != nil {
			return err
		}
		return lockAnswer{Locked: true}.say(env, asJSON,
			"Janee is already locked; `janee unlock` unlocks it.")
	}
	a := lockAnswer{Locked: true, Changed: true}
	if err != nil {
		a.Warning = err.Error()
	}
	return a.say(env,
		asJSON,
		"Locked: Janee refuses every call of every agent and cuts calls in flight. "+
			"`janee unlock` unlocks it.")
}

// brake is a desk that can lock without a configuration and without a root key: only the record
// needs them. What may take long, such as a command that prints the key, is left to the record.
func brake(env *Env, s state.Store) *revocations.Desk {
	record := func(r audit.Record) error {
		keys := env.Keys()
		keys.Ask = nil // a brake waits for no passphrase
		o, err := opened.Open(keys)
		if err != nil {
			return err
		}
		desk, err := newDesk(o)
		if err != nil {
			return err
		}
		return desk.Record(r)
	}
	return &revocations.Desk{State: s, Record: record, Now: time.Now}
}

func unlockCommand(env *Env) *cobra.Command {
	var yes, asJSON bool
	c := &cobra.Command{
		Use:   "unlock",
		Short: "Let agents make calls again after \"janee lock\"",
		Long: `Let agents make calls again, within their sessions and rules. The command asks on
the terminal first.`,
		Example: "  janee unlock\n  janee unlock --yes --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runUnlock(env, yes, asJSON) },
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON and never ask")
	return c
}

func runUnlock(env *Env, yes, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	there, err := s.Home.Read(session.LockFile)
	if err != nil {
		return err
	}
	if there == nil {
		return lockAnswer{}.say(env, asJSON, "Janee is not locked.")
	}
	if err := consent(env, yes, asJSON, "unlocking", "Let agents make calls again?"); err != nil {
		return err
	}
	desk, err := newDesk(s)
	if err != nil {
		return err
	}
	if err := desk.Unlock(); err != nil {
		return err
	}
	return lockAnswer{Changed: true}.say(env, asJSON,
		"Unlocked: agents may make calls again, within their sessions and rules.")
}
