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
		Short: "Have \"janee approve\" ask for a PIN",
		Long: `Set the PIN that "janee approve" and "janee approvals --watch" ask for on the terminal before a yes counts,
or change it. config.yaml keeps a slow hash of it. Wrong PINs are recorded, and after three of them the
next try has to wait. A no needs no PIN.

It keeps out an agent that may run janee but not read your files. One that can edit config.yaml or read
the root key is not kept out by it.`,
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
			"run it in a terminal: a PIN on a command line could be read by agents",
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
		fmt.Fprintln(env.Stderr, "No PIN is asked for any more.")
		return nil
	}
	fmt.Fprintln(env.Stderr, "From now on a yes needs the PIN.")
	return nil
}

func newPIN(tty *term.Terminal) (hash string, err error) {
	first, err := tty.Secret("New PIN")
	if err != nil {
		return "", err
	}
	if first.Len() < answers.MinPIN {
		return "", hint.Errorf(hint.Usage, "",
			"a PIN needs at least %d characters; nothing was changed", answers.MinPIN)
	}
	second, err := tty.Secret("Once more")
	if err != nil {
		return "", err
	}
	if second.Reveal() != first.Reveal() {
		return "", hint.Errorf(hint.Usage, "", "the two are not the same; nothing was changed")
	}
	return answers.HashPIN(first), nil
}

// checkPIN asks on the terminal, never anywhere else: what an agent can type into is no second
// factor.
func checkPIN(env *Env, desk *answers.Desk, tty *term.Terminal, hash string) error {
	if tty == nil {
		own, err := env.Terminal()
		if err != nil {
			return hint.Errorf(hint.Denied, "run it in a terminal",
				"a PIN has to be asked for: %w", err)
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
