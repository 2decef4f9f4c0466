package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
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

const keyMoveLong = `Keep the root key in another place. The key stays the same, so nothing is
sealed again. The command writes the key to the new place and reads it back, then changes
config.yaml, and then removes the key from the old place. SOURCE is one of these:

  file        a file in your configuration directory
  passphrase  that file, protected with a passphrase (argon2id)
  keyring     the desktop keyring: Secret Service, Keychain, or that of Windows
  command     the output of a command, such as a password manager; write the
              words of the command after --
  systemd     a credential of the systemd service that runs janee, named after
              the vault

Commands ask for the passphrase on the terminal, and so does "janee serve --transport http". Over
stdio the terminal belongs to the client, so the passphrase must be in JANEE_PASSPHRASE, where all
your processes can read it.

For command and systemd, put the key there first; "janee key export" shows it. To change a
passphrase, move the key to passphrase again. JANEE_MASTER_KEY and JANEE_KEY_FILE still override all
of these.`

func keyMoveCommand(env *Env) *cobra.Command {
	var m keyMove
	c := &cobra.Command{
		Use:   "move --to SOURCE",
		Short: "Keep the root key in another place",
		Long:  keyMoveLong,
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
		return fmt.Errorf("--to: unknown source %q: use one of %s", m.to,
			strings.Join(config.Sources, ", "))
	case m.to == config.SourceCommand && (len(m.command) == 0 || dash != 0):
		return errors.New("write the words of the command after --, as in `janee key move --to " +
			"command -- pass show janee`")
	case m.to != config.SourceCommand && len(m.command) > 0:
		return fmt.Errorf("unexpected argument %q", m.command[0])
	case m.to != config.SourcePassphrase && m.stdin:
		return errors.New("--stdin is for --to passphrase")
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
	if err := recordAct(s, "key.move", detail); err != nil {
		return err
	}
	where, left, err := s.MoveKey(env.Keys(), root, m.vault(from), passphrase)
	switch {
	case errors.Is(err, opened.ErrMoved):
		return changedMeanwhile("moving the root key")
	case err != nil && s.Config.Vault.Kept() == m.to && from.Kept() != m.to:
		return hint.Errorf(hint.Failed, "remove it from the old place yourself",
			"the root key is now in %s, but it could not be removed from the old place: %w",
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

// refused says how the person can put the key where Janee cannot.
func (m keyMove) refused(env *Env, v config.Vault, err error) error {
	next := ""
	switch m.to {
	case config.SourceCommand:
		next = "store the line that `janee key export` shows so that this command prints it, " +
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
	return strings.Join([]string{"run these commands in this order",
		"  janee key export --yes | sudo systemd-creds encrypt --name=" + id +
			" - /etc/credstore.encrypted/" + id,
		"  " + run + " " + home.Quote(janee) + " key move --to systemd",
		"then add this to the [Service] section of the unit that runs janee:",
		"  " + load}, "\n")
}

// newPassphrase asks twice for the new passphrase.
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
		return p, hint.Errorf(hint.Usage,
			"run the command in a terminal, or pipe the passphrase in with --stdin",
			"moving the root key to passphrase: there is no terminal to ask for a new passphrase")
	}
	t.Print("Without this passphrase, or a copy of the key that `janee key export` shows, no " +
		"credential can be decrypted.\n")
	if p, err = t.Secret(fmt.Sprintf("New passphrase, at least %d characters",
		keysource.MinPassphrase)); err != nil {
		return p, err
	}
	if err := keysource.CheckPassphrase(p); err != nil {
		return p, err
	}
	again, err := t.Secret("Repeat the passphrase")
	if err == nil && again.Reveal() != p.Reveal() {
		err = hint.Errorf(hint.Failed, "run the command again",
			"choosing a passphrase: the two entries differ; nothing was changed")
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
		lines = append(lines, "It is still in "+left+"; remove it there yourself.")
	}
	for _, name := range []string{keysource.MasterKeyEnv, keysource.KeyFileEnv} {
		if env.Getenv(name) != "" {
			lines = append(lines,
				"As long as "+name+
					" is set, Janee uses that instead: unset it, and remove the key it names.")
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
