package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/vault"
)

// eventExport is the event of a root key that was shown.
const eventExport = "key.export"

func keyCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "key",
		Short: "Show, move and export the root key, and change the sealing key",
		Long: `Show, move and export the root key, and change the sealing key. The root key
decrypts every credential that is sealed in config.yaml. It is kept outside of the home, so that a
copy of the home alone is of no use; a backup needs both.`,
		Example: "  janee key status\n  janee key move --to passphrase\n  janee key export\n" +
			"  janee key rotate",
	}
	c.AddCommand(keyStatusCommand(env), keyMoveCommand(env), keyExportCommand(env),
		keyRotateCommand(env))
	return c
}

func keyStatusCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show where the root key is and whether it fits",
		Long: `Show where the root key is, whether it fits this home, the mode of its file, and
when it was last exported. The key itself is not shown. The exit code is 4 if the key is missing,
wrong or locked.`,
		Example: "  janee key status\n  janee key status --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runKeyStatus(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type keyStatus struct {
	OK       bool       `json:"ok"`
	Vault    string     `json:"vault"`
	Key      string     `json:"key"`    // id of the sealing key that is derived from it
	Source   string     `json:"source"` // what vault.source says, or "environment"
	Where    string     `json:"where"`
	Check    string     `json:"check"` // "ok", "missing", "wrong", "locked" or "unreadable"
	Mode     string     `json:"mode,omitempty"`
	Exported *time.Time `json:"exported"` // null: never, or not known without the key
	Error    string     `json:"error,omitempty"`
	Hint     string     `json:"hint,omitempty"`
}

func runKeyStatus(env *Env, asJSON bool) error {
	v, err := lookAtConfig(env)
	if err != nil {
		return err
	}
	if v.config.Vault.ID == "" {
		return hint.Errorf(hint.Locked, "`janee add` creates it with the first credential",
			"there is no root key yet: this home has no sealed credential")
	}
	found, keyErr := env.Keys().Inspect(v.config.Vault)
	status := keyStatus{
		OK:     keyErr == nil,
		Vault:  v.config.Vault.ID,
		Key:    v.config.Vault.Key,
		Source: found.Source,
		Where:  found.Where,
		Check:  found.Check,
	}
	if found.Mode != 0 {
		status.Mode = fmt.Sprintf("%04o", found.Mode)
	}
	if status.Exported, err = v.lastExport(); err != nil {
		return err
	}
	if !asJSON {
		status.print(env)
		return keyErr
	}
	if keyErr != nil {
		status.Error, status.Hint = keyErr.Error(), hint.Of(keyErr)
	}
	if err := writeJSON(env.Stdout, status); err != nil || keyErr == nil {
		return err
	}
	return hint.New(hint.ExitCode(keyErr), "", errSaid)
}

// lastExport is when the root key was last shown: nil if never, or if it is not known without the
// key.
func (v *view) lastExport() (*time.Time, error) {
	if v.vault == nil {
		return nil, nil
	}
	at, err := auditlog.LastCommand(v.home, v.vault, eventExport)
	if err != nil || at.IsZero() {
		return nil, err
	}
	return &at, nil
}

func (k keyStatus) print(env *Env) {
	say := func(name, text string) {
		fmt.Fprintf(env.Stdout, "%-10s%s\n", name+":", printable(text))
	}
	say("Root key", k.Where)
	say("Source", k.Source)
	say("Check", k.Check)
	if k.Mode != "" {
		say("Mode", k.Mode)
	}
	say("Vault", k.Vault)
	say("Key id", k.Key)
	switch {
	case k.Exported != nil:
		say("Exported", k.Exported.Local().Format("2006-01-02 15:04:05"))
	case k.OK:
		say("Exported", "never; `janee key export` shows the key for a backup")
	}
}

func keyExportCommand(env *Env) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "export",
		Short: "Show the root key for a backup",
		Long: `Show the root key on the terminal, after asking. Keep it where no agent can read it,
apart from copies of the home: anyone who has both has every credential. With --yes the command does
not ask and prints the key to standard output. It records the export in the audit log first.`,
		Example: "  janee key export\n  janee key export --yes | age -r RECIPIENT > janee-key.age",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runKeyExport(env, yes) },
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask, and print the key to standard output")
	return c
}

const exportWarning = `This is the key to every credential in %s.
Anyone who sees it and has a copy of that directory has them all. Make sure that nobody is
watching, and clear the scrollback of this terminal afterwards.
`

func runKeyExport(env *Env, yes bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Vault == nil {
		return errNoKey("exporting the root key")
	}
	root, _, err := env.Keys().Load(s.Config.Vault)
	if err != nil {
		return err
	}
	record := func() error {
		return recordAct(s, eventExport, map[string]string{"vault": s.Config.Vault.ID})
	}
	if !yes {
		return showKey(env, s.Home.Path("."), root, record)
	}
	if err := record(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(env.Stdout, root.Line().Reveal())
	return err
}

// showKey shows the root key on the terminal, where the person has agreed: standard output may be a
// file or an agent's pipe.
func showKey(env *Env, dir string, root vault.Root, record func() error) error {
	t, err := env.Terminal()
	if err != nil {
		return hint.Errorf(hint.Usage,
			"run the command in a terminal, or add --yes to print the key to standard output",
			"exporting the root key: %w", err)
	}
	defer t.Close()
	t.Print(exportWarning, dir)
	agreed, err := t.Confirm("Show the root key?")
	if err != nil || !agreed {
		return err
	}
	if err := record(); err != nil {
		return err
	}
	t.Print("\n%s\n", root.Line().Reveal())
	return nil
}
