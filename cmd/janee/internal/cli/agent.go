package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
)

func agentCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "agent",
		Short: "Register agents, so that no other client can use their names",
		Long: `Register agents with a token each. No client can use the name of a registered agent
without proof: over HTTP the token proves who the agent is; over stdio the line "janee serve --agent
AGENT", which you wrote, does. "janee cap edit --allowed-agents" says what an agent may use.`,
		Example: "  janee agent add deploy-bot\n  janee agent list",
	}
	c.AddCommand(agentAddCommand(env), agentListCommand(env), agentRotateCommand(env),
		agentRemoveCommand(env))
	return c
}

func agentAddCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Register an agent and show its token once",
		Long: `Register an agent and print its token on standard output. The token is shown only
now: config.yaml keeps only its SHA-256. The command is recorded in the audit log before it changes
anything.`,
		Example: "  janee agent add deploy-bot\n  janee agent add deploy-bot --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runAgentAdd(env, args[0], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runAgentAdd(env *Env, name string, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	doing, token, now := fmt.Sprintf("adding agent %q", name), newAgentToken(), time.Now()
	taken := hint.Errorf(hint.Failed, "`janee agent rotate "+name+"` gives it a new token",
		"%s: it is already registered", doing)
	if s.Config.Agents[name] != nil {
		return taken
	}
	if _, err := registerAgent(nil, name, token, now); err != nil {
		return hint.Errorf(hint.Usage,
			"use 1 to 64 letters, digits or . _ @ -, but not the word unnamed",
			"%s: this is not a valid agent name", doing)
	}
	err = changeAgent(env, s, "agent.add", name, doing, func(text []byte) ([]byte, error) {
		return registerAgent(text, name, token, now)
	})
	if errors.Is(err, config.ErrExists) {
		return taken
	}
	if err != nil {
		return err
	}
	return tellToken(env, name, token, "Registered agent "+name, asJSON)
}

// changeAgent records a change of an agent, then makes it.
func changeAgent(
	env *Env, s *opened.Home, event, name, doing string, change func([]byte) ([]byte, error),
) error {
	r := audit.Record{TS: time.Now().UnixMilli(), Event: event, Agent: name, Via: "cli"}
	if err := recordAll(s, []audit.Record{r}); err != nil {
		return err
	}
	return edit(env, s, doing, change)
}

func tellToken(env *Env, name, token, done string, asJSON bool) error {
	if asJSON {
		return writeJSON(env.Stdout, struct {
			OK    bool   `json:"ok"`
			Agent string `json:"agent"`
			Token string `json:"token"`
		}{true, name, token})
	}
	fmt.Fprintf(env.Stderr,
		"%s. Its token is shown only now; keep it where only %s can read it:\n", done, name)
	fmt.Fprintln(env.Stdout, token)
	fmt.Fprintf(env.Stderr,
		"Over HTTP the agent sends it as a bearer token. Over stdio, "+
			"start `janee serve --agent %s` instead.\n", name)
	return nil
}

func agentRotateCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "rotate AGENT",
		Short: "Replace the token of an agent",
		Long: "Give an agent a new token and show it once. " +
			"Janee refuses the old token from the next call on.",
		Example: "  janee agent rotate deploy-bot",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runAgentRotate(env, args[0], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runAgentRotate(env *Env, name string, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Config.Agents[name] == nil {
		return unknownName("agent", name, s.Config.AgentNames)
	}
	token := newAgentToken()
	err = changeAgent(env, s, "agent.rotate", name,
		fmt.Sprintf("rotating the token of agent %q", name),
		func(text []byte) ([]byte, error) {
			return config.SetAgentToken(text, name, config.TokenDigest(token))
		})
	if err != nil {
		return err
	}
	return tellToken(env, name, token, "Agent "+name+" has a new token", asJSON)
}

func agentRemoveCommand(env *Env) *cobra.Command {
	var yes, asJSON bool
	c := &cobra.Command{
		Use:   "remove AGENT",
		Short: "Remove an agent and its token",
		Long: `Remove an agent. Janee refuses its token from the next call on. Its name is then
free: over stdio any client can use it. The command first says what config.yaml still lets an agent
of this name use.`,
		Example: "  janee agent remove deploy-bot\n  janee agent remove deploy-bot --yes --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runAgentRemove(env, args[0], yes, asJSON)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON and never ask")
	return c
}

func runAgentRemove(env *Env, name string, yes, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Config.Agents[name] == nil {
		return unknownName("agent", name, s.Config.AgentNames)
	}
	left := ""
	if places := mentions(s.Config, name); len(places) > 0 {
		left = fmt.Sprintf(" config.yaml still names it (%s): over stdio, "+
			"any client that calls itself "+
			"%s may use what that allows.", strings.Join(places, ", "), name)
	}
	doing := fmt.Sprintf("removing agent %q", name)
	if err := consent(env, yes, asJSON, doing, "Remove agent "+name+"?"+left); err != nil {
		return err
	}
	err = changeAgent(env, s, "agent.remove", name, doing, func(text []byte) ([]byte, error) {
		return config.RemoveAgent(text, name)
	})
	if err != nil {
		return err
	}
	message := "Removed agent " + name + "." + left
	if asJSON {
		return writeJSON(env.Stdout, struct {
			OK      bool   `json:"ok"`
			Agent   string `json:"agent"`
			Message string `json:"message"`
		}{true, name, message})
	}
	fmt.Fprintln(env.Stderr, message)
	return nil
}

// mentions lists where config.yaml gives something to an agent of this name.
func mentions(c *config.Config, agent string) (places []string) {
	for _, name := range c.CapabilityNames {
		for _, allowed := range c.Capabilities[name].AllowedAgents {
			if allowed == agent {
				places = append(places, "allowedAgents of "+name)
			}
		}
	}
	for _, name := range c.ServiceNames {
		if o := c.Services[name].Ownership; o != nil &&
			o.Policy != config.AllAgents && o.Allows(agent) {
			places = append(places, "ownership of "+name)
		}
	}
	return places
}
