package cli

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/audit"
)

func keyRotateCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Seal every credential anew, under another sealing key",
		Long: `Derive a new sealing key from the root key and seal every credential in config.yaml with it, in one write. The
file before it is kept in the backups directory of the home, the last three of them. The root key stays: what was
sealed before still opens with it, so this is no help once somebody else has seen the root key. Running servers go on with
their sessions. If one value does not open, it is named and nothing is changed. The audit log says so first.`,
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
	if err := recordAll(s,
		[]audit.Record{{TS: time.Now().UnixMilli(), Event: "key.rotate", Via: "cli",
			Detail: detail}}); err != nil {
		return err
	}
	done, err := s.Rotate(env.Keys(), plan)
	if errors.Is(err, opened.ErrRotated) {
		return changedMeanwhile("changing the sealing key")
	}
	if err != nil {
		return err
	}
	message := fmt.Sprintf("Sealed %s anew, under %s in place of %s. The file before it is %s",
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

// errNoKey refuses what needs a root key where nothing was ever sealed.
func errNoKey(doing string) error {
	return hint.Errorf(hint.Locked, "`janee add` makes it with the first credential",
		"%s: there is no root key yet", doing)
}
