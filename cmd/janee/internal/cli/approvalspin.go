package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/answers"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core/config"
)

func pinCommand(env *Env) *cobra.Command {
	var remove bool
	c := &cobra.Command{
		Use:   "pin",
		Short: "Set the PIN that an approval needs",
		Long: `Set or change the PIN that "janee approve" and "janee approvals --watch" ask for on
the terminal before they approve anything. config.yaml keeps a slow hash of the PIN. Wrong PINs are
recorded in the audit log; after three of them the next try has to wait. Denying a request needs no
PIN.

The PIN stops an agent that can run janee but cannot read your files. It does not stop an agent that
can edit config.yaml or read the root key.`,
		Example: "  janee approvals pin\n  janee approvals pin --remove",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runPIN(env, remove) },
	}
	c.Flags().BoolVar(&remove, "remove", false, "remove the PIN")
	return c
}

func runPIN(env *Env, remove bool) error {
	s, desk, err := openApprovalDesk(env)
	if err != nil {
		return err
	}
	tty, err := env.Terminal()
	if err != nil {
		return hint.Errorf(hint.Usage,
			"run the command in a terminal: agents could read a PIN on a command line",
			"setting the PIN: %w", err)
	}
	defer tty.Close()
	if old := s.Config.Approvals.PIN; old != "" {
		if err := checkPIN(env, desk, tty, old); err != nil {
			return err
		}
	}
	hash := ""
	if !remove {
		if hash, err = newPIN(tty); err != nil {
			return err
		}
	}
	if err := s.Edit(env.Keys(), func(text []byte) ([]byte, error) {
		return config.SetPIN(text, hash)
	}); err != nil {
		return err
	}
	if remove {
		fmt.Fprintln(env.Stderr, "Removed the PIN: approvals need none from now on.")
		return nil
	}
	fmt.Fprintln(env.Stderr, "Set the PIN: approvals need it from now on.")
	return nil
}

func newPIN(tty *term.Terminal) (hash string, err error) {
	first, err := tty.Secret("New PIN")
	if err != nil {
		return "", err
	}
	if first.Len() < answers.MinPIN {
		return "", hint.Errorf(hint.Usage, "",
			"setting the PIN: it needs at least %d characters; nothing was changed", answers.MinPIN)
	}
	second, err := tty.Secret("Repeat the PIN")
	if err != nil {
		return "", err
	}
	if second.Reveal() != first.Reveal() {
		return "", hint.Errorf(hint.Usage, "",
			"setting the PIN: the two entries differ; nothing was changed")
	}
	return answers.HashPIN(first), nil
}

// checkPIN asks on the terminal, never anywhere else: what an agent can type into is no second
// factor.
func checkPIN(env *Env, desk *answers.Desk, tty *term.Terminal, hash string) error {
	if tty == nil {
		own, err := env.Terminal()
		if err != nil {
			return hint.Errorf(hint.Denied, "run the command in a terminal",
				"asking for the PIN: %w", err)
		}
		defer own.Close()
		tty = own
	}
	pin, err := tty.Secret("PIN")
	if err != nil {
		return err
	}
	return desk.CheckPIN(hash, pin)
}
