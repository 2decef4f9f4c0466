package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
)

// keyMove is what the command line says.
type keyMove struct {
	to      string
	command []string // words behind --
	stdin   bool     // the passphrase comes from standard input
	json    bool
}

func keyMoveCommand(env *Env) *cobra.Command {
	var m keyMove
	c := &cobra.Command{
		Use:   "move --to SOURCE",
		Short: "Keep the root key in another place",
		Long: `Keep the root key in another place. It stays the same key, so nothing is sealed anew. It is put there and read back;
then config.yaml says so; then it is taken away from where it was.

  file        a file in your configuration directory
  passphrase  that file, opened by a passphrase (argon2id)
  keyring     the keyring of the desktop: Secret Service, Keychain, Windows'
  command     what a command prints, as a password manager does; its words
              stand behind --
  systemd     a credential of the service that runs janee, named after the vault

Commands ask for the passphrase on the terminal, and so does "janee serve --transport http". Over stdio it has to be in
JANEE_PASSPHRASE, where every process of yours can read it: the terminal there is the client's.

For command and systemd the key has to be there already: "janee key export" shows it. To change a passphrase, move to
passphrase again. JANEE_MASTER_KEY and JANEE_KEY_FILE go on to win over all of these.`,
		Example: `  janee key move --to passphrase
  janee key move --to keyring
  janee key move --to command -- pass show janee
  janee key move --to file`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			m.command = args
			if err := m.check(cmd.ArgsLenAtDash()); err != nil {
				return usage(cmd, err)
			}
			return m.run(env)
		},
	}
	c.Flags().StringVar(&m.to, "to", "",
		"`SOURCE` to keep it in: "+strings.Join(config.Sources, ", "))
	c.Flags().BoolVar(&m.stdin, "stdin", false, "read the new passphrase from standard input")
	c.Flags().BoolVar(&m.json, "json", false, "print JSON and never ask for a new passphrase")
	_ = c.MarkFlagRequired("to")
	_ = c.RegisterFlagCompletionFunc("to",
		cobra.FixedCompletions(config.Sources, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (m keyMove) check(dash int) error {
	switch {
	case !slices.Contains(config.Sources, m.to):
		return fmt.Errorf("--to %q is not known: it is one of %s", m.to,
			strings.Join(config.Sources, ", "))
	case m.to == config.SourceCommand && (len(m.command) == 0 || dash != 0):
		return errors.New("the words of the command stand behind --, as in `janee key move --to " +
			"command -- pass show janee`")
	case m.to != config.SourceCommand && len(m.command) > 0:
		return fmt.Errorf("unexpected argument %q", m.command[0])
	case m.to != config.SourcePassphrase && m.stdin:
		return errors.New("--stdin goes with --to passphrase")
	}
	return nil
}

func (m keyMove) run(env *Env) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Vault == nil {
		return errNoKey("moving the root key")
	}
	from := s.Config.Vault
	root, _, err := env.Keys().Load(from)
	if err != nil {
		return err
	}
	passphrase, err := m.newPassphrase(env)
	if err != nil {
		return err
	}
	if err := env.Keys().Try(m.vault(from), root); err != nil {
		return m.refused(env, from, err)
	}
	detail := map[string]string{"vault": from.ID, "from": from.Kept(), "to": m.to}
	if err := recordAll(s,
		[]audit.Record{{TS: time.Now().UnixMilli(), Event: "key.move", Via: "cli",
			Detail: detail}}); err != nil {
		return err
	}
	where, left, err := s.MoveKey(env.Keys(), root, m.vault(from), passphrase)
	switch {
	case errors.Is(err, opened.ErrMoved):
		return changedMeanwhile("moving the root key")
	case err != nil && s.Config.Vault.Kept() == m.to && from.Kept() != m.to:
		return hint.Errorf(hint.Failed, "remove it there yourself",
			"the root key is in %s now, but could not be taken away from where it was: %w",
			where, err)
	case err != nil:
		return m.refused(env, from, err)
	}
	return m.tell(env, from, where, left)
}

// vault is v with the key in the new place.
func (m keyMove) vault(v config.Vault) config.Vault {
	v.Source, v.Command = m.to, m.command
	return v
}

// refused says how the key gets to where Janee cannot put it.
func (m keyMove) refused(env *Env, v config.Vault, err error) error {
	next := ""
	switch m.to {
	case config.SourceCommand:
		next = "store the line that `janee key export` shows so that this prints it, " +
			"and nothing else: " + keysource.Words(m.command)
	case config.SourceSystemd:
		next = systemdSteps(env, v.ID)
	}
	return hint.New(hint.ExitCode(err), next,
		fmt.Errorf("moving the root key to %s, nothing was changed: %w", m.to, err))
}

func systemdSteps(env *Env, id string) string {
	janee, err := env.Executable()
	if err != nil {
		janee = "janee"
	}
	load := "LoadCredentialEncrypted=" + id + ":/etc/credstore.encrypted/" + id
	run := "sudo systemd-run --pipe --wait --uid=$USER --setenv=HOME=$HOME --setenv=JANEE_HOME=" +
		home.Quote(env.Getenv("JANEE_HOME")) + " -p " + load
	return strings.Join([]string{"in this order",
		"  janee key export --yes | sudo systemd-creds encrypt --name=" + id +
			" - /etc/credstore.encrypted/" + id,
		"  " + run + " " + home.Quote(janee) + " key move --to systemd",
		"and into the [Service] part of the unit that runs janee:",
		"  " + load}, "\n")
}

// newPassphrase is asked twice.
func (m keyMove) newPassphrase(env *Env) (p secret.Text, err error) {
	switch {
	case m.to != config.SourcePassphrase:
		return p, nil
	case m.stdin:
		line, err := bufio.NewReader(io.LimitReader(env.Stdin, 4096)).ReadString('\n')
		if err != nil && err != io.EOF {
			return p, fmt.Errorf("reading the passphrase: %w", err)
		}
		p = secret.New(strings.TrimSpace(line))
		return p, keysource.CheckPassphrase(p)
	}
	ask := &asker{env: env, quiet: m.json}
	defer ask.close()
	t, err := ask.terminal("--stdin")
	if err != nil {
		return p, hint.Errorf(hint.Usage, "run it in a terminal, or pipe it in with --stdin",
			"moving the root key to passphrase: nobody can be asked for a new passphrase")
	}
	t.Print("Without this passphrase, or a copy that `janee key export` shows, nothing that is " +
		"sealed can be opened again.\n")
	if p, err = t.Secret(fmt.Sprintf("New passphrase, at least %d characters",
		keysource.MinPassphrase)); err != nil {
		return p, err
	}
	if err := keysource.CheckPassphrase(p); err != nil {
		return p, err
	}
	again, err := t.Secret("Once more")
	if err == nil && again.Reveal() != p.Reveal() {
		err = hint.Errorf(hint.Failed, "run the command again",
			"choosing a passphrase: the two are not the same; nothing was changed")
	}
	return p, err
}

type movedKey struct {
	OK      bool   `json:"ok"`
	From    string `json:"from"`
	To      string `json:"to"`
	Where   string `json:"where"`
	Left    string `json:"left,omitempty"` // where it still is
	Message string `json:"message"`
}

func (m keyMove) tell(env *Env, from config.Vault, where, left string) error {
	lines := []string{"The root key is in " + where + "."}
	if left != "" {
		lines = append(lines, "It is still in "+left+", which is yours to remove.")
	}
	for _, name := range []string{keysource.MasterKeyEnv, keysource.KeyFileEnv} {
		if env.Getenv(name) != "" {
			lines = append(lines,
				"As long as "+name+
					" is set, that is used all the same: unset it, and remove what it names.")
		}
	}
	message := strings.Join(lines, "\n")
	if m.json {
		return writeJSON(env.Stdout, movedKey{true, from.Kept(), m.to, where, left, message})
	}
	for _, line := range lines {
		fmt.Fprintln(env.Stderr, printable(line))
	}
	return nil
}
