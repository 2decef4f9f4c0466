package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/backup"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core/audit"
	manifest "github.com/true-and-useful/janee/core/backup"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/vault"
)

func restoreCommand(env *Env) *cobra.Command {
	var r restore
	c := &cobra.Command{
		Use:   "restore --from FILE",
		Short: "Restore the home from a backup",
		Long: `Restore the home from a file that "janee backup" wrote. The command checks the whole
file before it changes anything, then puts the home in place as a whole. If a home exists already,
the command asks, and keeps it beside the new one. Sessions and approvals are not restored. Whatever
is locked or revoked, in the backup or in the existing home, stays so. Rules, agents and their
tokens go back to what they were when the backup was made. Stop running servers first.

If the root key is available, the command refuses a backup of another vault and one that was
changed. Without the root key it restores the home anyway and names the key; then put the key
back.`,
		Example: "  janee restore --from janee-2026-11-26.backup\n" +
			"  janee restore --from latest.backup --yes --json",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return r.run(env) },
	}
	c.Flags().StringVar(&r.from, "from", "", "backup `FILE` to read")
	c.Flags().BoolVar(&r.yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&r.json, "json", false, "print JSON and never ask")
	_ = c.MarkFlagRequired("from")
	return c
}

// restore is what the command line says.
type restore struct {
	from      string
	yes, json bool
}

// staged is a home that is put together beside the one that it replaces.
type staged struct {
	dir, at  string // where it will be, and where it is
	manifest manifest.Manifest
	signed   []byte // the manifest's bytes
	config   *config.Config
	vault    *vault.Vault // nil: the root key is not at hand, and keyErr says why
	keyErr   error
}

func (r restore) run(env *Env) (err error) {
	dir, err := home.Dir(env.Getenv)
	if err != nil {
		return err
	}
	now := time.Now()
	stamp := now.UTC().Format("20060102-150405.000")
	at, err := home.Staged(dir, stamp)
	if err != nil {
		return fmt.Errorf("restoring %q: %w", dir, err)
	}
	installed := false
	defer func() {
		if !installed {
			err = errors.Join(err, os.RemoveAll(at))
		}
	}()
	s := &staged{dir: dir, at: at}
	if err := s.extract(r.from); err != nil {
		return hint.New(hint.ExitCode(err), "use another backup",
			fmt.Errorf("restoring from %q, nothing was changed: %w", r.from, err))
	}
	if err := r.unlock(env, s); err != nil {
		return err
	}
	if err := r.agree(env, s); err != nil {
		return err
	}
	if err := s.finish(r.from, now); err != nil {
		return err
	}
	aside, err := home.Install(at, dir, stamp)
	if err != nil {
		return err
	}
	installed = true
	return r.tell(env, s, aside)
}

// extract reads the file, which may not be Janee's, and what it says about itself.
func (s *staged) extract(from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if fi, err := in.Stat(); err != nil || !fi.Mode().IsRegular() {
		return errors.Join(err, errors.New("it is not a regular file"))
	}
	m, signed, err := backup.Extract(in, s.at)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(s.at, "config.yaml"))
	if err != nil {
		return err
	}
	if s.config, err = config.Parse(text); err != nil {
		return opened.ConfigError("config.yaml", err)
	}
	if v := s.config.Vault; v.ID == "" || v.ID != m.Vault || v.Check != m.Check ||
		s.config.HasPlaintext() {
		return fmt.Errorf(
			"%w: its config.yaml belongs to another vault than it names, or contains plaintext",
			backup.ErrBackup)
	}
	s.manifest, s.signed = m, signed
	return nil
}

// unlock verifies the backup, if the root key that it names is available. It asks before it runs a
// command that the backup names: the command is no more trustworthy than the file.
func (r restore) unlock(env *Env, s *staged) error {
	v := s.config.Vault
	overridden := env.Getenv(keysource.MasterKeyEnv)+env.Getenv(keysource.KeyFileEnv) != ""
	if v.Kept() == config.SourceCommand && !overridden {
		question := "The backup names a command that prints its root key. Run it? " +
			printable(keysource.Words(v.Command))
		if err := consent(env, r.yes, r.json,
			"running "+printable(keysource.Words(v.Command)), question); err != nil {
			return err
		}
	}
	root, _, err := env.Keys().Load(v)
	if errors.Is(err, keysource.ErrMissing) || errors.Is(err, keysource.ErrLocked) {
		s.keyErr = err
		return nil
	}
	if errors.Is(err, term.ErrInterrupted) {
		return err
	}
	if err != nil {
		return hint.New(hint.Locked,
			"restore the root key of that vault first, or unset the variable that names another",
			fmt.Errorf("restoring vault %s, nothing was changed: %w", v.ID, err))
	}
	s.vault = vault.New(root, v.ID)
	if _, err := manifest.Decode(s.vault.Key(manifest.Label), s.signed); err != nil {
		return hint.Errorf(hint.Failed, "use another backup",
			"restoring from %q, nothing was changed: the file was changed after it was written: %w",
			r.from, err)
	}
	return nil
}

// agree asks before an existing home is replaced.
func (r restore) agree(env *Env, s *staged) error {
	empty, err := home.Empty(s.dir)
	if err != nil || empty {
		return err
	}
	question := fmt.Sprintf("%s already exists. Put it aside and restore the backup of %s?",
		printable(s.dir), time.UnixMilli(s.manifest.At).Local().Format("2006-01-02 15:04:05"))
	return consent(env, r.yes, r.json, "restoring to "+s.dir, question)
}

// finish keeps closed what the existing home has closed, and records the restore in the restored
// log.
func (s *staged) finish(from string, now time.Time) error {
	h, err := home.Create(s.at)
	if err != nil {
		return err
	}
	if err := s.keepClosed(h); err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	if s.vault == nil {
		return nil
	}
	detail := map[string]string{
		"vault": s.manifest.Vault, "file": from,
		"written": time.UnixMilli(s.manifest.At).UTC().Format(time.RFC3339),
	}
	return recordAll(&opened.Home{Home: h, Vault: s.vault},
		[]audit.Record{{TS: now.UnixMilli(), Event: "restore", Via: "cli", Detail: detail}})
}

// keepClosed carries over the lock, whoever set it, and the orders of the same vault. Those of
// another vault mean nothing here.
func (s *staged) keepClosed(into *home.Home) error {
	if empty, err := home.Empty(s.dir); err != nil || empty {
		return err
	}
	old, err := home.Open(s.dir)
	if err != nil {
		return err
	}
	names, err := state.Orders(old)
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := old.Read(name)
		if err == nil && (name == session.LockFile || s.ours(old, data)) {
			err = state.Put(into, name, data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ours reports whether an order belongs to the restored vault, according to config.yaml or, if that
// is broken, to its signature. An order that nobody can verify counts: `janee reopen` fixes what is
// closed needlessly.
func (s *staged) ours(old *home.Home, order []byte) bool {
	if text, _, err := old.ReadConfig(); err == nil {
		if c, err := config.Parse(text); err == nil {
			return c.Vault.ID == s.manifest.Vault
		}
	}
	if s.vault == nil {
		return true
	}
	_, one := session.DecodeRevocation(s.vault.Key("state"), order)
	_, many := session.DecodeClosures(s.vault.Key("state"), order)
	return one == nil || many == nil
}

type restored struct {
	OK       bool   `json:"ok"`
	Home     string `json:"home"`
	Aside    string `json:"aside,omitempty"` // where the home before it is
	Vault    string `json:"vault"`
	Written  string `json:"written"`
	Files    int    `json:"files"`
	Verified bool   `json:"verified"` // by the root key
	Error    string `json:"error,omitempty"`
	Hint     string `json:"hint,omitempty"`
}

func (r restore) tell(env *Env, s *staged, aside string) error {
	a := restored{
		OK:       true,
		Home:     s.dir,
		Aside:    aside,
		Vault:    s.manifest.Vault,
		Written:  time.UnixMilli(s.manifest.At).UTC().Format(time.RFC3339),
		Files:    len(s.manifest.Files),
		Verified: s.vault != nil,
	}
	if s.keyErr != nil {
		a.Error, a.Hint = s.keyErr.Error(), hint.Of(s.keyErr)
	}
	if r.json {
		return writeJSON(env.Stdout, a)
	}
	say := func(format string, args ...any) {
		fmt.Fprintln(env.Stderr, printable(fmt.Sprintf(format, args...)))
	}
	say("Restored %s: %s, as they were at %s", a.Home, count(a.Files, "file", "files"), a.Written)
	if aside != "" {
		say("The previous home is in %s", aside)
	}
	if n := len(s.config.AgentNames); n > 0 {
		say("%s that time again; `janee agent list` lists them",
			count(n, "agent has its token of", "agents have their tokens of"))
	}
	if s.keyErr != nil {
		say("The root key of its vault, %s, is not available, so Janee cannot tell whether "+
			"the backup was changed: %s", a.Vault, a.Error)
		say("Next: %s", a.Hint)
	}
	return nil
}
