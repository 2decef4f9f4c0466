// Package cli is the command line. Each command has a file of its own: a cobra command that reads
// flags, over a function (runAdd, runLogs, …) that takes plain values. Data goes to standard
// output, messages go to standard error, and questions go to the controlling terminal. Exit codes:
// 0 ok, 1 error, 2 usage, 3 denied by policy, 4 vault locked. Only the caller of [Main] ends the
// process.
//
// [Main] builds the tree of commands (newRoot), which finish completes with help, the checks of
// arguments and completions. An error that a command returns carries its exit code and a hint (see
// package hint); report prints both. Commands that change something open the home with open;
// commands that explain use look, which works in a broken home too. serve is a table of transports
// in serve.go.
package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core/secret"
)

// Env is what a command may touch of the machine.
type Env struct {
	Stdin      io.Reader
	Stdout     io.Writer
	Stderr     io.Writer
	Getenv     func(string) string
	Executable func() (string, error)
	LookPath   func(name string) (string, error) // finds a program on PATH
	Terminal   func() (*term.Terminal, error)

	keys *keysource.Keys
}

// warn tells the person one line.
func (env *Env) warn(line string) { fmt.Fprintf(env.Stderr, "janee: %s\n", line) }

// Keys finds root keys for this command, and asks on the terminal where a passphrase opens one.
func (env *Env) Keys() *keysource.Keys {
	if env.keys == nil {
		env.keys = keysource.New(env.Getenv)
		env.keys.Ask = env.askPassphrase
	}
	return env.keys
}

func (env *Env) askPassphrase(question string) (secret.Text, error) {
	t, err := env.Terminal()
	if err != nil {
		return secret.Text{}, err
	}
	defer t.Close()
	return t.Secret(question)
}

// System is the Env of this process.
func System() *Env {
	return &Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		Executable: os.Executable, LookPath: exec.LookPath, Terminal: term.Open}
}

// Main runs one command line and returns its exit code.
func Main(args []string, env *Env) int {
	// Until the process has gone: Ctrl-C comes twice where npm's launcher passes it on, and the
	// second must not kill what is ending.
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	out := &output{w: env.Stdout}
	env.Stdout = out
	root := newRoot(env)
	args = withoutName(args, env)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	// a reader that has seen enough is no fault
	if err == nil && out.err != nil && !errors.Is(out.err, syscall.EPIPE) {
		err = hint.New(hint.Failed, "", fmt.Errorf("writing the output: %w", out.err))
	}
	if word := stray(cmd); err == nil && word != "" {
		err = unknownCommand(cmd, word)
	}
	if err != nil && !errors.Is(err, errSaid) {
		err = report(env, cmd, args, err)
	}
	return hint.ExitCode(err)
}

// withoutName removes the name of the program from the arguments of a container. The entry point of
// the image is janee, so that `docker run IMAGE serve` works; compose files and command lines that
// say `janee serve` there mean the same.
func withoutName(args []string, env *Env) []string {
	if len(args) > 0 && args[0] == "janee" && env.Getenv(home.ContainerEnv) == "1" {
		return args[1:]
	}
	return args
}

// output remembers the first error in writing: commands that print a table ignore such errors, and
// output that is cut off must not pass for a whole one.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// Fd is the descriptor of what is written to, so that callers can ask whether it is a terminal. It
// is no descriptor where there is none.
func (o *output) Fd() uintptr {
	if f, ok := o.w.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "janee",
		Short: "Let AI agents call APIs without seeing your API keys",
		Long: `Janee keeps your API keys, encrypted, and calls APIs for your AI agents. An agent
asks for a request. Janee checks the request against your rules, signs it with the real key, sends
it, and records it in the audit log. The agent never sees a key.`,
		Example: `  janee init
  janee add github
  janee setup`,
		Version: version(), SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runAlone(env) },
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(initCommand(env), setupCommand(env), addCommand(env), searchCommand(env),
		importCommand(env), listCommand(env), serveCommand(env), daemonCommand(env),
		logsCommand(env), demoCommand(env), diagnoseCommand(env), whoamiCommand(env),
		statusCommand(env), overviewCommand(env), policyCommand(env), approvalsCommand(env),
		approveCommand(env), denyCommand(env), sessionsCommand(env), revokeCommand(env),
		reopenCommand(env), lockCommand(env), unlockCommand(env), agentCommand(env),
		healthCommand(env), capCommand(env), removeCommand(env), serviceCommand(env),
		configCommand(env), trustCommand(env), testCommand(env), signCommand(env), keyCommand(env),
		doctorCommand(env), backupCommand(env), restoreCommand(env), versionCommand(env))
	finish(root, env)
	return root
}

// Tree returns the tree of commands for a program that describes it, such as package manpages. Main
// runs the commands; those of this tree have no machine to run on.
func Tree() *cobra.Command {
	root := newRoot(&Env{Getenv: func(string) string { return "" }})
	root.InitDefaultVersionFlag()
	walk(root, (*cobra.Command).InitDefaultHelpFlag)
	return root
}

func usage(cmd *cobra.Command, err error) error {
	return hint.New(hint.Usage,
		fmt.Sprintf("run `%s --help` to see how to use it", cmd.CommandPath()), err)
}

// report tells the person what went wrong and what to do next, and returns the error with its exit
// code. With --json the one value on standard output says it.
func report(env *Env, cmd *cobra.Command, args []string, err error) error {
	if marked := new(hint.Error); !errors.As(err, &marked) {
		err = usage(cmd, err)
	}
	if wantsJSON(cmd, args) {
		_ = writeJSON(env.Stdout, struct {
			OK    bool   `json:"ok"`
			Error string `json:"error"`
			Hint  string `json:"hint,omitempty"`
		}{false, err.Error(), hint.Of(err)})
		return err
	}
	fmt.Fprintf(env.Stderr, "janee: %v\n", err)
	if h := hint.Of(err); h != "" {
		fmt.Fprintf(env.Stderr, "hint: %s\n", h)
	}
	return err
}

// wantsJSON also looks at the words themselves: cobra stops reading flags at the first that is
// wrong.
func wantsJSON(cmd *cobra.Command, args []string) bool {
	if f := cmd.Flags().Lookup("json"); f != nil && f.Changed {
		return f.Value.String() == "true"
	}
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}

// open opens the home and passes its warnings on.
func open(env *Env) (*opened.Home, error) {
	s, err := opened.Open(env.Keys())
	if err != nil {
		return nil, err
	}
	for _, w := range s.Warnings {
		env.warn(w)
	}
	if s.NewKey {
		sayKey(env.Stderr, s.KeySource)
	}
	return s, nil
}

func sayKey(w io.Writer, source string) {
	fmt.Fprintf(w,
		"The root key is in %s. Without it nothing can be decrypted, so back it up too.\n", source)
}

// writeJSON prints one value. Invisible characters are escaped, which changes nothing for a parser:
// a person may look at it on a terminal, which the texts of agents in it must not steer.
func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	if _, err := io.WriteString(w, escapeJSON(b.String())); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	return nil
}
