package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/setup"
	"github.com/true-and-useful/janee/core/config"
)

// setupFlags are the flags of the command.
type setupFlags struct {
	list, dryRun, remove, replace, project, asJSON bool
	url, tokenEnv, agent                           string
}

func setupCommand(env *Env) *cobra.Command {
	var f setupFlags
	c := &cobra.Command{
		Use:   "setup [CLIENT...]",
		Short: "Add Janee to your MCP clients, or remove it again",
		Long: `Add Janee to the settings of MCP clients: of those that are on this machine, or of
those that you name. The command shows each change, asks once on a terminal, starts the server to
see that it answers, keeps a backup beside each file, and changes nothing else in it. For a client
that it does not know it prints what to add.

With --remove the files are as they were before. A file that cannot be changed is left alone, with
the reason; the exit code is then 1.`,
		Example: `  janee setup
  janee setup claude-code codex --dry-run
  janee setup cursor --project --agent deploy-bot
  janee setup codex --http https://janee.example:9100/mcp --token-env JANEE_TOKEN
  janee setup --list`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: fixed(clientNames()...),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd.Flags().Changed); err != nil {
				return usage(cmd, err)
			}
			return (&setupRun{env: env, ctx: cmd.Context(), setupFlags: f}).run(args)
		},
	}
	flags := c.Flags()
	flags.BoolVar(&f.list, "list", false, "list the clients, and change nothing")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show the changes, and change nothing")
	flags.BoolVar(&f.remove, "remove", false, "remove Janee again")
	flags.BoolVar(&f.replace, "replace", false, "replace another server that is named janee")
	flags.BoolVar(&f.project, "project", false, "use the files of the project in this directory")
	flags.StringVar(&f.url, "http", "", "`URL` of a Janee that serves over HTTP")
	flags.StringVar(&f.tokenEnv, "token-env", "JANEE_TOKEN",
		"`NAME` of the client's environment variable with the token, for --http")
	flags.StringVar(&f.agent, "agent", "", "`AGENT` that the clients are, whatever they report")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON and never ask")
	_ = c.RegisterFlagCompletionFunc("agent", agentNames(env)) // fails for no flag that is there
	return c
}

func clientNames() (names []string) {
	for _, c := range clients.All() {
		names = append(names, c.Name)
	}
	return names
}

// check refuses flags that have no effect together, and bad values.
func (f setupFlags) check(given func(flag string) bool) error {
	for _, pair := range [][2]string{{"list", "remove"}, {"list", "dry-run"}, {"list", "replace"},
		{"list", "http"}, {"list", "agent"}, {"remove", "http"}, {"remove", "agent"},
		{"remove", "replace"}, {"http", "agent"}} {
		if given(pair[0]) && given(pair[1]) {
			return fmt.Errorf("--%s and --%s cannot be combined", pair[0], pair[1])
		}
	}
	if given("token-env") && !given("http") {
		return errors.New("--token-env is for --http")
	}
	if given("agent") && !config.ValidName(f.agent) {
		return fmt.Errorf("--agent: %q is not a valid agent name: use 1 to 64 letters, digits "+
			"or . _ @ -", f.agent)
	}
	if given("http") {
		return setup.CheckRemote(clients.Remote{URL: f.url, TokenEnv: f.tokenEnv})
	}
	return nil
}

// chooseClients returns the clients of these names, each once, and the names of no client.
func chooseClients(names []string) (chosen []clients.Client, unknown []string) {
	seen := map[string]bool{}
	for _, name := range names {
		c, ok := clients.Find(name)
		switch {
		case seen[name]:
		case ok:
			chosen = append(chosen, c)
		default:
			unknown = append(unknown, name)
		}
		seen[name] = true
	}
	return chosen, unknown
}
