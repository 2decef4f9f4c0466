package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func agentListCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List registered agents and what they may use",
		Long: `List the registered agents, the capabilities that each may use, and the system user to
which config.yaml binds it. Janee does not keep tokens, so it cannot show them.`,
		Example: "  janee agent list\n  janee agent list --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runAgentList(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type agentLine struct {
	Name    string `json:"name"`
	Created string `json:"created,omitempty"`
	User    string `json:"user,omitempty"`
	accessNames
}

func runAgentList(env *Env, asJSON bool) error {
	v, err := lookAtConfig(env)
	if err != nil {
		return err
	}
	lines := []agentLine{}
	for _, name := range v.config.AgentNames {
		a, err := v.whoami(name)
		if err != nil {
			return err
		}
		agent := v.config.Agents[name]
		lines = append(lines, agentLine{name, agent.Created, agent.User, a.Capabilities})
	}
	if asJSON {
		return writeJSON(env.Stdout, struct {
			Agents []agentLine `json:"agents"`
		}{lines})
	}
	if len(lines) == 0 {
		fmt.Fprintln(env.Stderr,
			"No agent is registered. `janee agent add NAME` registers one and gives it a token. "+
				"An agent without a token has the name that its client reports.")
		return nil
	}
	t := newTable(env.Stdout, "AGENT", "SINCE", "MAY USE", "USER")
	for _, l := range lines {
		t.row(l.Name, l.Created, listText(l.Accessible), l.User)
	}
	return t.flush()
}
