package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const helpWidth = 80

// stray is a word in the place of the name of a command below c, or "". If --help follows it, cobra
// only asks for help; Main makes the error.
func stray(c *cobra.Command) string {
	if words := c.Flags().Args(); c.HasSubCommands() && len(words) > 0 {
		return words[0]
	}
	return ""
}

// printHelp writes what a command is for and how it is used.
func printHelp(c *cobra.Command, _ []string) {
	if stray(c) != "" {
		return
	}
	text := c.Long
	if text == "" {
		text = c.Short
	}
	fmt.Fprintf(c.OutOrStdout(), "%s\n\n%s", reflow(text, helpWidth), c.UsageString())
}

// reflow breaks the lines of each paragraph at width. Indented lines stay as they are.
func reflow(text string, width int) string {
	var out []string
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if strings.Contains("\n"+paragraph, "\n ") || strings.Contains("\n"+paragraph, "\n\t") {
			out = append(out, paragraph)
			continue
		}
		out = append(out, strings.Join(wrap(paragraph, width), "\n"))
	}
	return strings.Join(out, "\n\n")
}

// printUsage writes the part of a command's help that follows its description. The example comes
// last, since the end of a text is what stays on the screen.
func printUsage(c *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n", useLine(c))
	if c.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		width := 0
		for _, sub := range c.Commands() {
			width = max(width, len(sub.Name()))
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				short := strings.Join(wrap(sub.Short, helpWidth-width-4),
					"\n"+strings.Repeat(" ", width+4))
				fmt.Fprintf(&b, "  %-*s  %s\n", width, sub.Name(), short)
			}
		}
	}
	if flags := flagLines(c.LocalFlags()); flags != "" {
		b.WriteString("\nFlags:\n" + flags)
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n`%s COMMAND --help` says more about a command.\n", c.CommandPath())
	}
	if c.HasExample() {
		word := "Example"
		if strings.Contains(c.Example, "\n") {
			word = "Examples"
		}
		fmt.Fprintf(&b, "\n%s:\n%s\n", word, c.Example)
	}
	_, err := fmt.Fprint(c.OutOrStderr(), b.String())
	return err
}

func useLine(c *cobra.Command) string {
	line := c.UseLine()
	if c.HasAvailableSubCommands() {
		line += " [COMMAND]"
	}
	if c.HasAvailableLocalFlags() {
		line += " [flags]"
	}
	return line
}

// flagLines lists flags as "  -n, --lines N   what it does (default 20)", wrapped to helpWidth.
func flagLines(flags *pflag.FlagSet) string {
	var left, right []string
	width := 0
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name, usage := flagName(f)
		width = max(width, len(name))
		left, right = append(left, name), append(right, usage)
	})
	width = min(width, 30)
	var b strings.Builder
	for i := range left {
		lines := wrap(right[i], helpWidth-width-2)
		if len(left[i]) > width {
			fmt.Fprintf(&b, "%s\n%*s%s\n", left[i], width+2, "", lines[0])
		} else {
			fmt.Fprintf(&b, "%-*s  %s\n", width, left[i], lines[0])
		}
		for _, more := range lines[1:] {
			fmt.Fprintf(&b, "%*s%s\n", width+2, "", more)
		}
	}
	return b.String()
}

func flagName(f *pflag.Flag) (name, usage string) {
	name = "      --" + f.Name
	if f.Shorthand != "" {
		name = "  -" + f.Shorthand + ", --" + f.Name
	}
	word, usage := Describe(f)
	if word != "" {
		name += " " + word
	}
	return name, usage
}

// Describe returns what help shows of a flag beside its name: the word for its value, such as FILE,
// "" if it takes none, and what it does, with the default.
func Describe(f *pflag.Flag) (value, usage string) {
	usage = f.Usage
	switch f.DefValue {
	case "", "0", "false", "[]", "0s":
	default:
		usage += fmt.Sprintf(" (default %s)", f.DefValue)
	}
	return placeholder(f), usage
}

const placeholderKey = "placeholder"

// placeholder is the word for the value of a flag in help: FILE in "--to FILE".
func placeholder(f *pflag.Flag) string { return strings.Join(f.Annotations[placeholderKey], "") }

// namePlaceholders takes the placeholders out of the usage texts of flags, where they are in
// backquotes: within a sentence, or before it as in "`FILE`: what it is for".
func namePlaceholders(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		word, usage := pflag.UnquoteUsage(f)
		f.Usage = strings.TrimPrefix(usage, word+": ")
		if f.Value.Type() != "bool" {
			_ = flags.SetAnnotation(f.Name, placeholderKey, []string{word})
		}
	})
}

// wrap breaks text at blanks into lines of at most width; a longer word stays whole.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
