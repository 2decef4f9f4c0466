package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/anchor"
	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/core/audit"
)

func anchorCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "anchor",
		Short: "Print a signed line that tells how far the log has come",
		Long: `Print one signed line of JSON that names the last line of every chain of the log.
Keep it where nobody who can change the log can change it too: "janee logs verify --anchors FILE"
then finds lines that were cut off. "audit.anchor" in config.yaml makes "janee serve" write such
lines by itself.`,
		Example: "  janee logs anchor | ssh elsewhere 'cat >> anchors.jsonl'",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runAnchor(env) },
	}
}

func runAnchor(env *Env) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Vault == nil {
		return errNoKey("anchoring the log")
	}
	heads, err := auditlog.Heads(s.Home, s.Vault)
	if err != nil {
		return err
	}
	_, err = env.Stdout.Write(
		audit.Anchor{At: time.Now().UnixMilli(), Heads: heads}.Encode(s.Vault.Key("anchor")))
	return err
}

// anchorAnswer is what `janee status` says about anchors.
type anchorAnswer struct {
	LastAt string `json:"lastAt,omitempty"` // RFC 3339
	Error  string `json:"error,omitempty"`
}

// anchor is nil where nothing is anchored.
func (v *view) anchor() *anchorAnswer {
	if v.config.Audit.Anchor == nil {
		return nil
	}
	told, err := anchor.Last(v.home)
	if err != nil {
		return &anchorAnswer{Error: err.Error()}
	}
	a := &anchorAnswer{Error: told.Error}
	if !told.At.IsZero() {
		a.LastAt = told.At.Format(time.RFC3339)
	}
	return a
}

func (a anchorAnswer) text() string {
	switch {
	case a.Error != "":
		return "FAILING: " + printable(a.Error)
	case a.LastAt == "":
		return "none yet: a running server writes it"
	}
	return "last at " + a.LastAt
}
