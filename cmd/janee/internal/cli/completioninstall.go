package cli

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/completion"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

type completionOptions struct {
	remove, asJSON bool
}

// extendCompletion adds the installation to the command that cobra makes, whose texts only speak of
// scripts to print.
func extendCompletion(root *cobra.Command, env *Env) {
	c, _, err := root.Find([]string{"completion"})
	if err != nil {
		return
	}
	c.Short = "Install or print the completions of a shell"
	c.Long = `Have your shell complete commands, flags, and the names of services, capabilities and
agents. "janee completion install" writes the completions to the file where your shell looks for
them. The other commands print them.`
	for _, print := range c.Commands() {
		print.Short = "Print the completions of " + print.Name()
		print.Long = fmt.Sprintf(`Print the script that completes Janee's commands in %[1]s, for a package or for a
place of your own. "janee completion install %[1]s" does the rest for you.`, print.Name())
	}
	c.AddCommand(completionInstallCommand(env))
}

func completionInstallCommand(env *Env) *cobra.Command {
	var o completionOptions
	var names []string
	for _, s := range completion.Shells {
		names = append(names, s.Name)
	}
	c := &cobra.Command{
		Use:   "install [SHELL]",
		Short: "Install the completions for your shell, for you alone",
		Long: `Write the completions to the file in your home directory where your shell looks for
them. SHELL is bash, zsh, fish or powershell; without it, the command takes the shell that $SHELL
names. A file that is not a completion of Janee is left as it is. Run the command again after an
upgrade of Janee. For PowerShell it prints what to add to your profile.`,
		Example: "  janee completion install\n  janee completion install fish\n" +
			"  janee completion install zsh --remove",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: inOrder(fixed(names...)),
		RunE: func(c *cobra.Command, args []string) error {
			shell, err := shellOf(env, args)
			if err != nil {
				return err
			}
			return runCompletionInstall(env, c.Root(), shell, o)
		},
	}
	c.Flags().BoolVar(&o.remove, "remove", false, "remove the completions again")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// shellOf is the shell that the arguments name, or that the person uses.
func shellOf(env *Env, args []string) (completion.Shell, error) {
	name := env.Getenv("SHELL")
	if len(args) > 0 {
		name = args[0]
	}
	if shell, ok := completion.Find(name); ok {
		return shell, nil
	}
	const shells = "name one: `janee completion install bash`, zsh, fish or powershell"
	switch {
	case len(args) > 0:
		return completion.Shell{}, hint.Errorf(hint.Usage, shells, "unknown shell %q", name)
	case name == "":
		return completion.Shell{}, hint.Errorf(hint.Usage, shells,
			"SHELL is missing, and so is the environment variable $SHELL")
	}
	return completion.Shell{}, hint.Errorf(hint.Usage, shells,
		"there are no completions for $SHELL, which is %q", name)
}

type completionAnswer struct {
	OK      bool   `json:"ok"`
	Shell   string `json:"shell"`
	Path    string `json:"path,omitempty"` // none: the shell has no file for them
	Changed bool   `json:"changed"`
	Next    string `json:"next,omitempty"` // what the person does, or when it takes effect
}

func runCompletionInstall(
	env *Env, root *cobra.Command, shell completion.Shell, o completionOptions,
) error {
	a := completionAnswer{OK: true, Shell: shell.Name}
	var err error
	if a.Path, err = shell.Path(env.Getenv); err != nil {
		return err
	}
	change, doing := completion.Install, "installing"
	if o.remove {
		change, doing = completion.Remove, "removing"
	}
	if a.Path != "" {
		var script bytes.Buffer
		if err := writeCompletion(root, shell.Name, &script); err != nil {
			return err
		}
		if a.Changed, err = change(a.Path, script.Bytes()); err != nil {
			return fmt.Errorf("%s the completions for %s: %w", doing, shell.Name, err)
		}
	}
	a.Next = afterCompletion(env, a, o.remove)
	if o.asJSON {
		return writeJSON(env.Stdout, a)
	}
	a.print(env.Stderr, o.remove)
	return nil
}

// writeCompletion writes what `janee completion NAME` prints, for a shell that reads a file.
func writeCompletion(root *cobra.Command, name string, w io.Writer) error {
	switch name {
	case "zsh":
		return root.GenZshCompletion(w)
	case "fish":
		return root.GenFishCompletion(w, true)
	}
	return root.GenBashCompletionV2(w, true)
}

// afterCompletion says what is left to do, or when a change takes effect.
func afterCompletion(env *Env, a completionAnswer, removed bool) string {
	const profile = "the line\n  janee completion powershell | Out-String | Invoke-Expression\n"
	switch {
	case a.Shell == "powershell" && removed:
		return "Delete " + profile + "from the file that $PROFILE names."
	case a.Shell == "powershell":
		return "Add " + profile + "to the file that $PROFILE names, and start a new PowerShell."
	case removed && a.Changed:
		return "Shells that are open keep the completions until they end."
	case removed:
		return ""
	case a.Shell == "bash":
		return "New shells have them, if the package bash-completion is installed."
	case a.Shell == "zsh":
		if line := completion.Fpath(a.Path, env.Getenv); line != "" {
			return "Unless they are there already, add the lines\n  " + line +
				"\n  autoload -Uz compinit && compinit\nto " + zshrc(env) +
				", the first before any line that runs compinit. New shells then have them."
		}
		return "New shells have them."
	}
	return "They work at once."
}

// zshrc is the path of the file that an interactive zsh reads.
func zshrc(env *Env) string {
	if dir := env.Getenv("ZDOTDIR"); dir != "" {
		return filepath.Join(dir, ".zshrc")
	}
	return "~/.zshrc"
}

func (a completionAnswer) print(w io.Writer, removed bool) {
	switch {
	case a.Path == "":
	case removed && a.Changed:
		fmt.Fprintf(w, "Removed %s\n", printable(a.Path))
	case removed:
		fmt.Fprintf(w, "There is no %s\n", printable(a.Path))
	case a.Changed:
		fmt.Fprintf(w, "Wrote %s\n", printable(a.Path))
	default:
		fmt.Fprintf(w, "%s is up to date\n", printable(a.Path))
	}
	if a.Next != "" {
		fmt.Fprintln(w, a.Next)
	}
}
