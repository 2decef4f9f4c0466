package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/setup"
	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
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

// setupRun is one run of the command.
type setupRun struct {
	env *Env
	ctx context.Context
	setupFlags

	request setup.Request
	from    string // the program to copy to the path of the entry; "" if it is there
	unknown []string
	changes []setupChange
}

// setupChange is a change and whether it was made.
type setupChange struct {
	*setup.Change
	done bool
}

func (s *setupRun) run(names []string) error {
	if err := s.prepare(); err != nil {
		return err
	}
	chosen, unknown := chooseClients(names)
	s.unknown = unknown
	if s.list {
		return s.tellList(chosen)
	}
	if len(names) == 0 {
		chosen = clients.Found(s.request.Machine)
	}
	plan := s.request.Plan
	if s.remove {
		plan = s.request.PlanRemoval
	}
	for _, c := range plan(chosen...) {
		s.changes = append(s.changes, setupChange{Change: c})
	}
	s.show()
	if !s.dryRun {
		if err := s.write(len(names) == 0); err != nil {
			return err
		}
	}
	return s.tell(len(chosen) == 0)
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

// prepare fills in the request.
func (s *setupRun) prepare() error {
	program, err := s.env.Executable()
	if err != nil {
		return fmt.Errorf("finding the path of this program: %w", err)
	}
	m := clientMachine(s.env)
	server := clients.Server{Command: setup.Command(m, program), Args: []string{"serve"},
		Env: serverEnv(s.env.Getenv)}
	kept, err := setup.CopyPath(m)
	if setup.Passing(program) {
		if err != nil {
			return err
		}
		s.from, server.Command = program, kept
	}
	if s.agent != "" {
		server.Args = append(server.Args, "--agent", s.agent)
	}
	s.request = setup.Request{Machine: m, Server: server, Project: s.project, Replace: s.replace,
		Known: []string{program, server.Command, kept}, Secret: secretPaths(s.env)}
	if s.url != "" {
		s.request.Remote = &clients.Remote{URL: s.url, TokenEnv: s.tokenEnv}
	}
	return nil
}

// clientMachine is this machine for package clients.
func clientMachine(env *Env) clients.Machine {
	m := clients.Machine{OS: runtime.GOOS, Home: userHome(env.Getenv), Getenv: env.Getenv,
		LookPath: env.LookPath,
		Exists: func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		}}
	if dir, err := env.Keys().ConfigDir(); err == nil {
		m.ConfigDir = dir
	}
	if dir, err := os.Getwd(); err == nil {
		m.WorkDir = dir
	}
	return m
}

// userHome is the user's home directory, "" if there is none.
func userHome(getenv func(string) string) string {
	if dir := getenv("HOME"); dir != "" {
		return dir
	}
	return getenv("USERPROFILE")
}

// serverEnv is what the server needs to find a home and a root key that are not in the usual place.
func serverEnv(getenv func(string) string) (fields []splice.Field) {
	for _, name := range []string{"JANEE_HOME", keysource.KeyFileEnv} {
		if value := getenv(name); value != "" {
			if abs, err := filepath.Abs(value); err == nil {
				value = abs
			}
			fields = append(fields, splice.Field{Key: name, Value: value})
		}
	}
	return fields
}

// secretPaths are the home and the places of root keys, with what links in them lead to.
func secretPaths(env *Env) (secrets []setup.Secret) {
	add := func(path string, dir bool) {
		secrets = append(secrets, setup.Secret{Path: path, Dir: dir})
		if target, err := filepath.EvalSymlinks(path); err == nil && target != path {
			secrets = append(secrets, setup.Secret{Path: target, Dir: dir})
		}
	}
	dirs := []string{}
	if dir, err := home.Dir(env.Getenv); err == nil {
		dirs = append(dirs, dir)
	}
	if dir, err := env.Keys().ConfigDir(); err == nil {
		dirs = append(dirs, filepath.Join(dir, "janee"))
	}
	for _, dir := range dirs {
		add(dir, true)
		secrets = append(secrets, linkTargets(dir)...)
	}
	if file := env.Getenv(keysource.KeyFileEnv); file != "" {
		if abs, err := filepath.Abs(file); err == nil {
			add(abs, false)
		}
	}
	return secrets
}

// linkTargets are the files and directories outside of a directory to which the links below it
// lead, but for a directory that it is in itself: that would be a rule for far too much.
func linkTargets(dir string) (targets []setup.Secret) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	visit := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink == 0 {
			return nil // what cannot be read here has no links to follow
		}
		target, err := filepath.EvalSymlinks(path)
		if err != nil || within(target, root) || within(root, target) {
			return nil
		}
		if fi, err := os.Stat(target); err == nil {
			targets = append(targets, setup.Secret{Path: target, Dir: fi.IsDir()})
		}
		return nil
	}
	_ = filepath.WalkDir(root, visit) // visit returns no error
	return targets
}

// within reports whether a path is a directory or below it.
func within(path, dir string) bool {
	below, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(below)
}

func (s *setupRun) writes() bool {
	return slices.ContainsFunc(s.changes, func(c setupChange) bool { return c.Writes() })
}

// show prints what will change, which is data: a person reads it before the question.
func (s *setupRun) show() {
	for _, c := range s.changes {
		if c.Writes() && !s.asJSON {
			_, _ = io.WriteString(s.env.Stdout, printableLines(c.Diff()))
		}
	}
}

func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

var errNotWanted = hint.Errorf(hint.Failed, "", "nothing was changed")

// write asks if it should, sees that the entry works, and makes the changes.
func (s *setupRun) write(ask bool) error {
	if s.writes() && ask {
		if err := s.ask(); err != nil {
			return err
		}
	}
	if !s.remove {
		if err := s.copy(); err != nil {
			return err
		}
	}
	if s.writes() && !s.remove {
		if err := s.try(); err != nil {
			return err
		}
	}
	for i := range s.changes {
		s.changes[i].apply(s.ctx)
	}
	return nil
}

func (c *setupChange) apply(ctx context.Context) {
	if !c.Writes() {
		return
	}
	if err := c.Apply(ctx); err != nil {
		c.Action, c.Err = setup.Refuse, err
		return
	}
	c.done = true
}

// copy puts this program where the entries look for it, also the one that a person is to paste. A
// newer one replaces an older one even if no entry changes.
func (s *setupRun) copy() error {
	used := func(c setupChange) bool { return c.Err == nil }
	pasted := len(s.unknown) > 0 || len(s.changes) == 0
	if s.from == "" || s.request.Remote != nil ||
		!pasted && !slices.ContainsFunc(s.changes, used) {
		return nil
	}
	to := s.request.Server.Command
	if err := setup.Copy(s.from, to); err != nil {
		return hint.New(hint.Failed, "", err)
	}
	s.env.warn("copied this program to " + to +
		": where it was started from, it may be removed at any time")
	return nil
}

// ask asks once. In a pipe, and with --json, nobody is asked.
func (s *setupRun) ask() error {
	if s.asJSON || !isTerminal(s.env.Stdin) {
		return nil
	}
	t, err := s.env.Terminal()
	if err != nil {
		return nil
	}
	defer t.Close()
	agreed, err := t.Agree("Write these changes?")
	if err != nil {
		return err
	}
	if !agreed {
		return errNotWanted
	}
	return nil
}

// try makes sure that the entry works before any client gets it.
func (s *setupRun) try() error {
	if s.request.Remote != nil {
		return s.tryRemote()
	}
	server := s.request.Server
	said, err := setup.Try(s.ctx, server, s.env.Getenv)
	if err != nil {
		return hint.Errorf(hint.Failed, "run it by hand: "+home.Quote(server.Command)+" serve",
			"starting %q for a trial: %w; nothing was changed", server.Command, err)
	}
	s.sayTrial(said)
	return nil
}

// sayTrial passes on why the server, which answers, refuses calls.
func (s *setupRun) sayTrial(said string) {
	if strings.Contains(said, "Janee MCP server running") {
		return
	}
	first := true
	for line := range strings.Lines(said) {
		line = printable(strings.TrimSpace(line))
		if text, ok := strings.CutPrefix(line, "janee: "); ok && first {
			s.env.warn("the server starts, but refuses calls until this is fixed: " + text)
			first = false
		} else if strings.HasPrefix(line, "hint: ") {
			fmt.Fprintln(s.env.Stderr, line)
		}
	}
}

func (s *setupRun) tryRemote() error {
	token := s.env.Getenv(s.tokenEnv)
	if token == "" {
		s.env.warn(s.tokenEnv + " is not set here, so the server was not tried")
		return nil
	}
	if err := setup.TryRemote(s.ctx, *s.request.Remote, token); err != nil {
		return hint.Errorf(hint.Failed, "check the URL, and the token in "+s.tokenEnv,
			"trying %q: %w; nothing was changed", s.url, err)
	}
	return nil
}
