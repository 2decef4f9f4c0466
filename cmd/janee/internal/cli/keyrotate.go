package cli

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
)

func keyRotateCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Seal every credential again, with a new sealing key",
		Long: `Derive a new sealing key from the root key and seal every credential in config.yaml
with it, in one write. The backups directory of the home keeps the last three versions of
config.yaml. The root key stays the same and still decrypts what was sealed before, so this does not
help if somebody else has seen the root key. Running servers keep their sessions. If a value cannot
be decrypted, the command names it and changes nothing. It records the change in the audit log
first.`,
		Example: "  janee key rotate\n  janee key rotate --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runKeyRotate(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runKeyRotate(env *Env, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Vault == nil {
		return errNoKey("changing the sealing key")
	}
	plan, err := s.PlanRotation()
	if err != nil {
		return err
	}
	detail := map[string]string{
		"vault": s.Config.Vault.ID, "from": plan.From, "to": plan.To,
		"values": strconv.Itoa(plan.Values),
	}
	if err := recordAct(s, "key.rotate", detail); err != nil {
		return err
	}
	done, err := s.Rotate(env.Keys(), plan)
	if errors.Is(err, opened.ErrRotated) {
		return changedMeanwhile("changing the sealing key")
	}
	if err != nil {
		return err
	}
	message := fmt.Sprintf(
		"Sealed %s again, with key %s instead of %s. The previous config.yaml is in %s",
		count(done.Values, "value", "values"), done.To, done.From, s.Home.Path(done.Kept))
	if asJSON {
		return writeJSON(env.Stdout,
			rotated{true, done.From, done.To, done.Values, s.Home.Path(done.Kept), message})
	}
	fmt.Fprintln(env.Stderr, message)
	return nil
}

type rotated struct {
	OK      bool   `json:"ok"`
	From    string `json:"from"`
	To      string `json:"to"`
	Values  int    `json:"values"`
	Kept    string `json:"kept"`
	Message string `json:"message"`
}

// errNoKey refuses what needs a root key in a home that has none.
func errNoKey(doing string) error {
	return hint.Errorf(hint.Locked, "`janee add` creates it with the first credential",
		"%s: there is no root key yet", doing)
}
