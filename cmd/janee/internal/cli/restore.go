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
		Short: "Make the home anew from a backup",
		Long: `Make the home from a file that "janee backup" wrote. Everything in it is looked at before anything is changed, and then the
home is put in place as a whole. A home that is there is kept beside the new one, after a question. Sessions and
approvals do not come back; what is closed or revoked, in the backup or in the home that is there, stays closed. Rules,
agents and their tokens are those of the backup. Stop running servers first.

With the root key at hand the backup must be one of its vault, unchanged. Without it the home is restored all the same
and named; put the key back, from where you keep it.`,
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

// staged is a home that is being put together beside the one it is to replace.
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
		return hint.New(hint.ExitCode(err), "nothing was changed",
			fmt.Errorf("restoring from %q: %w", r.from, err))
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

// extract reads the file, which need not be ours, and what it says of itself.
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
			"%w: its config.yaml is not that of the vault it names, or holds plaintext",
			backup.ErrBackup)
	}
	s.manifest, s.signed = m, signed
	return nil
}

// unlock verifies the backup, if the root key that it names is at hand. A command that the backup
// names is run after a question alone: it is no more trustworthy than the file.
func (r restore) unlock(env *Env, s *staged) error {
	v := s.config.Vault
	overridden := env.Getenv(keysource.MasterKeyEnv)+env.Getenv(keysource.KeyFileEnv) != ""
	if v.Kept() == config.SourceCommand && !overridden {
		question := "The backup names a command for its root key. Run it? " +
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
			"nothing was changed; restore the root key of that vault first, "+
				"or unset what names another", fmt.Errorf("restoring vault %s: %w", v.ID, err))
	}
	s.vault = vault.New(root, v.ID)
	if _, err := manifest.Decode(s.vault.Key(manifest.Label), s.signed); err != nil {
		return hint.Errorf(hint.Failed, "nothing was changed; use another backup",
			"restoring from %q: it was changed since it was written: %w", r.from, err)
	}
	return nil
}

// agree asks before a home that is there is replaced.
func (r restore) agree(env *Env, s *staged) error {
	empty, err := home.Empty(s.dir)
	if err != nil || empty {
		return err
	}
	question := fmt.Sprintf("%s is there already. Put it aside and restore the backup of %s?",
		printable(s.dir), time.UnixMilli(s.manifest.At).Local().Format("2006-01-02 15:04:05"))
	return consent(env, r.yes, r.json, "restoring over "+s.dir, question)
}

// finish keeps closed what the home that is there has closed, and records the act in the log that
// is restored.
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

// keepClosed carries over the brake, whoever pulled it, and the orders of the same vault. Those of
// another say nothing here.
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

// ours reports whether an order is of the vault that is restored: by config.yaml, or where that is
// what has broken, by its signature. Where nobody can tell, it counts: too much closed is mended by
// `janee reopen`.
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
		say("The home before it is %s", aside)
	}
	if n := len(s.config.AgentNames); n > 0 {
		say("%s the tokens of then: `janee agent list` names them",
			count(n, "agent has", "agents have"))
	}
	if s.keyErr != nil {
		say("Its root key is that of vault %s, and is not at hand, so nobody can tell whether "+
			"the backup was changed: %s", a.Vault, a.Error)
		say("Next: %s", a.Hint)
	}
	return nil
}
