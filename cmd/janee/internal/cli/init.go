package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/legacy"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/setup"
)

func initCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "init",
		Short: "Create a home with a commented config.yaml and a root key",
		Long: `Create the directory ~/.janee (or $JANEE_HOME) with a commented config.yaml, and a
root key outside of it. An existing config.yaml is never changed. On a terminal the command offers to
connect the MCP clients that it finds, as "janee setup" does. Otherwise it prints the JSON that you
add to the settings of a client.`,
		Example: "  janee init\n  janee init --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runInit(c.Context(), env, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runInit(ctx context.Context, env *Env, asJSON bool) error {
	s, err := createHome(env)
	if errors.Is(err, opened.ErrExists) {
		return hint.Errorf(hint.Failed, "to add a service to it, run `janee add`",
			"creating a home: %q already exists", s.Home.ConfigPath())
	}
	if err != nil {
		return err
	}
	config, err := snippet(env)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(env.Stdout, struct {
			OK     bool   `json:"ok"`
			Config string `json:"config"`
			Key    string `json:"rootKey"` // where it is
			clientConfig
		}{true, s.Home.ConfigPath(), s.KeySource, config})
	}
	fmt.Fprintf(env.Stderr, "Created %s\n", s.Home.ConfigPath())
	sayKey(env.Stderr, s.KeySource)
	found := clients.Found(clientMachine(env))
	if isTerminal(env.Stdin) && isTerminal(env.Stdout) && len(found) > 0 {
		return offerSetup(ctx, env, found)
	}
	fmt.Fprintf(env.Stderr,
		"\nNext, store your first API key with `%[1]s add`.\n"+
			"Then run `%[1]s setup`, or add this to the settings of your MCP client:\n\n",
		called(env))
	return writeJSON(env.Stdout, config)
}

// offerSetup has a person go on to `janee setup`, and says what is next. The answer counts for
// setup too, which shows the changes and does not ask again.
func offerSetup(ctx context.Context, env *Env, found []clients.Client) error {
	var names, titles []string
	for _, c := range found {
		names, titles = append(names, c.Name), append(titles, c.Title)
	}
	t, err := env.Terminal()
	if err != nil {
		return err
	}
	defer t.Close()
	agreed, err := t.Agree(
		"\nConnect the MCP clients found here (" + strings.Join(titles, ", ") + ")?")
	if err != nil {
		return err
	}
	if agreed {
		err = (&setupRun{env: env, ctx: ctx}).run(names)
	}
	_, next := nextSteps(env)
	fmt.Fprint(env.Stderr, "\nNext:\n"+stepLines(next))
	return err
}

// createHome makes the home that the environment names. The error is opened.ErrExists if there is
// one.
func createHome(env *Env) (*opened.Home, error) {
	dir, err := home.Dir(env.Getenv)
	if err != nil {
		return nil, err
	}
	if legacy.Found(dir) {
		return nil, opened.Unconverted(dir)
	}
	return opened.Init(env.Keys(), dir)
}

// openOrInit is open, and makes the home first if there is none and create is set. Two servers that
// start at once share the home that one of them makes.
func openOrInit(env *Env, create bool) (*opened.Home, error) {
	s, err := open(env)
	if !create || !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	made, err := createHome(env)
	switch {
	case errors.Is(err, opened.ErrExists):
	case err != nil:
		return nil, err
	default:
		fmt.Fprintf(env.Stderr, "Created %s\n", made.Home.ConfigPath())
		sayKey(env.Stderr, made.KeySource)
	}
	return open(env)
}

// clientConfig is the JSON that MCP clients read.
type clientConfig struct {
	Servers map[string]clientServer `json:"mcpServers"`
}

type clientServer struct {
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env,omitempty"`
}

// snippet is the client configuration with the absolute path of this binary: agents start with a
// PATH of their own. A path in the cache of a package runner does not last; there it is the runner,
// at this version.
func snippet(env *Env) (clientConfig, error) {
	path, err := env.Executable()
	if err != nil {
		return clientConfig{}, fmt.Errorf("finding the path of this program: %w", err)
	}
	s := clientServer{Command: setup.Command(clientMachine(env), path), Args: []string{"serve"}}
	if runner := setup.Runner(path); runner != nil {
		s.Command = runner[0]
		s.Args = append(runner[1:], setup.Package+"@"+version(), "serve")
	}
	for _, f := range serverEnv(env.Getenv) {
		if s.Env == nil {
			s.Env = map[string]string{}
		}
		s.Env[f.Key] = fmt.Sprint(f.Value)
	}
	return clientConfig{map[string]clientServer{"janee": s}}, nil
}
