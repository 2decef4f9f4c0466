package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/directory"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/sign"
)

// completer proposes values while a person types. It must neither print nor ask, nor need the root
// key.
type completer = cobra.CompletionFunc

// fixed proposes words that are always the same.
func fixed(words ...string) completer {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// services proposes the names of services, for the first argument or for a flag.
func services(env *Env) completer {
	return names(env, func(c *config.Config) (words []string) {
		for _, name := range c.ServiceNames {
			words = append(words, cobra.CompletionWithDesc(name, c.Services[name].Base.String()))
		}
		return words
	})
}

// capabilities proposes the names of capabilities.
func capabilities(env *Env) completer {
	return names(env, func(c *config.Config) (words []string) {
		for _, name := range c.CapabilityNames {
			words = append(words,
				cobra.CompletionWithDesc(name, "of service "+c.Capabilities[name].Service))
		}
		return words
	})
}

// agentNames proposes the names of registered agents.
func agentNames(env *Env) completer {
	return names(env, func(c *config.Config) []string { return c.AgentNames })
}

func names(env *Env, list func(*config.Config) []string) completer {
	return func(
		_ *cobra.Command, _ []string, typed string,
	) (words []string, _ cobra.ShellCompDirective) {
		if c := readConfig(env); c != nil {
			for _, word := range list(c) {
				if strings.HasPrefix(word, typed) {
					words = append(words, word)
				}
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// readConfig reads config.yaml for its names alone: the vault may be locked. It returns nil where
// the file cannot be read.
func readConfig(env *Env) *config.Config {
	v, err := glance(env)
	if err != nil {
		return nil
	}
	return v.config
}

// inOrder completes each argument by the completer at its place, and those after the last by
// nothing.
func inOrder(each ...completer) completer {
	return func(
		c *cobra.Command, args []string, typed string,
	) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(each) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return each[len(args)](c, args, typed)
	}
}

// argumentCompleters completes the arguments of commands by their words.
func argumentCompleters(env *Env) map[string]completer {
	service, capability := inOrder(services(env)), inOrder(capabilities(env))
	return map[string]completer{
		"janee add":             inOrder(templates),
		"janee search":          inOrder(templates),
		"janee remove":          service,
		"janee service edit":    service,
		"janee trust":           service,
		"janee test":            service,
		"janee sign":            inOrder(services(env), fixed(methods...)),
		"janee agent rotate":    inOrder(agentNames(env)),
		"janee agent remove":    inOrder(agentNames(env)),
		"janee cap edit":        capability,
		"janee cap remove":      capability,
		"janee diagnose access": capability,
		"janee policy check":    inOrder(capabilities(env), fixed(methods...)),
	}
}

// templates proposes the names of the APIs that Janee knows.
func templates(
	_ *cobra.Command, _ []string, typed string,
) (words []string, _ cobra.ShellCompDirective) {
	for _, t := range directory.All() {
		if strings.HasPrefix(t.Name, typed) {
			words = append(words, cobra.CompletionWithDesc(t.Name, t.Description))
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// complete gives the commands of the tree below c their completions: arguments by command, flags by
// name.
func complete(c *cobra.Command, env *Env) {
	arguments := argumentCompleters(env)
	flags := map[string]completer{
		"service": services(env), "capability": capabilities(env), "method": fixed(methods...),
		"decision": fixed("allow", "deny"), "format": fixed("jsonl", "csv"),
		"auth-type": fixed(sign.Types()...), "agent": agentNames(env),
		"allowed-agents": agentNames(env), "owner": agentNames(env), "shared-with": agentNames(env),
		"limit": limitNames, "access": fixed("open", "restricted"),
		"access-policy": fixed("all-agents", "agent-only", "shared"),
	}
	walk(c, func(c *cobra.Command) {
		if c.ValidArgsFunction == nil {
			c.ValidArgsFunction = cobra.NoFileCompletions
			if propose := arguments[c.CommandPath()]; propose != nil {
				c.ValidArgsFunction = propose
			}
		}
		for name, propose := range flags {
			if c.LocalFlags().Lookup(name) != nil {
				// fails only where a command has registered its own
				_ = c.RegisterFlagCompletionFunc(name, propose)
			}
		}
	})
}

// walk calls do for c and every command below it.
func walk(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		walk(sub, do)
	}
}
