package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// finish adds to the commands below root what their own files leave out: the help and completion
// commands, the exit code of usage errors, suggestions for typos, and completions. Call it after
// the last AddCommand.
func finish(root *cobra.Command, env *Env) {
	root.SetUsageFunc(printUsage)
	root.SetHelpFunc(printHelp)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	extendCompletion(root, env)
	walk(root, func(c *cobra.Command) {
		c.DisableFlagsInUseLine = true
		namePlaceholders(c.LocalFlags())
		if c.Example == "" {
			c.Example = completionExamples[c.CommandPath()]
		}
		if !c.Runnable() {
			c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
		c.Args = checkArgs(c.Args)
		c.RunE = mark(c.RunE)
	})
	complete(root, env)
}

// completionExamples are for the commands that cobra makes.
var completionExamples = map[string]string{
	"janee completion": "  janee completion install\n" +
		"  janee completion bash > ~/.local/share/bash-completion/completions/janee",
	"janee completion bash": "  janee completion bash > " +
		"~/.local/share/bash-completion/completions/janee",
	"janee completion zsh": `  janee completion zsh > "${fpath[1]}/_janee"`,
	"janee completion fish": "  janee completion fish > " +
		"~/.config/fish/completions/janee.fish",
	"janee completion powershell": "  janee completion powershell | Out-String | Invoke-Expression",
}

// checkArgs gives a wrong number of arguments the exit code of a usage error. A word after a
// command that has commands below it was meant to be one of them.
func checkArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(c *cobra.Command, args []string) error {
		err := check(c, args)
		switch {
		case err == nil:
			return nil
		case c.HasSubCommands() && len(args) > 0:
			return unknownCommand(c, args[0])
		}
		return usage(c, wrongCount(c, args, err))
	}
}

// wrongCount says which argument is missing, or which is one too many, by the names in the usage
// line.
func wrongCount(c *cobra.Command, args []string, err error) error {
	var wanted []string
	for _, word := range strings.Fields(c.Use)[1:] {
		if !strings.HasPrefix(word, "-") {
			wanted = append(wanted, word)
		}
	}
	switch {
	case len(args) > len(wanted):
		return fmt.Errorf("unexpected argument %q", args[len(wanted)])
	case len(args) < len(wanted):
		return fmt.Errorf("%s is missing", wanted[len(args)])
	}
	return err
}

func flagError(c *cobra.Command, err error) error {
	if word := stray(c); word != "" {
		return unknownCommand(c, word) // the flag belongs to a command that is not there
	}
	return usage(c, err)
}

// mark gives every error of a command that ran an exit code. Those that have none when they reach
// report are cobra's complaints about the command line, such as a required flag that is missing.
func mark(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		err := run(c, args)
		return hint.New(hint.ExitCode(err), "", err)
	}
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command",
		Long: "Show how to use a command. This is the same text that the --help flag of the " +
			"command shows.",
		Example: "  janee help add\n  janee help logs verify",
		Args:    cobra.ArbitraryArgs,
		ValidArgsFunction: func(
			c *cobra.Command, args []string, _ string,
		) (words []string, _ cobra.ShellCompDirective) {
			if of, rest, err := c.Root().Find(args); err == nil && len(rest) == 0 {
				for _, sub := range of.Commands() {
					if sub.IsAvailableCommand() {
						words = append(words, cobra.CompletionWithDesc(sub.Name(), sub.Short))
					}
				}
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			of, rest, err := c.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return unknownCommand(of, rest[0])
			}
			of.InitDefaultHelpFlag()
			of.InitDefaultVersionFlag()
			return of.Help()
		},
	}
}
