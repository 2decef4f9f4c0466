package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/core/config"
)

func overviewCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "overview",
		Short: "Show which agents may use which capabilities",
		Long: `Show how many services and capabilities there are, and which capabilities each agent
may use. The list has the agents that are registered, named in config.yaml, or have a session on
file. A capability that no agent may use is listed as unreachable.`,
		Example: "  janee overview\n  janee overview --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runOverview(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type overviewAnswer struct {
	Services            int                    `json:"services"`
	Capabilities        int                    `json:"capabilities"`
	GlobalDefaultAccess string                 `json:"globalDefaultAccess"`
	Agents              map[string]accessNames `json:"agents"`
	Unreachable         []string               `json:"unreachable"`
}

func runOverview(env *Env, asJSON bool) error {
	v, err := lookAtConfig(env)
	if err != nil {
		return err
	}
	a, err := v.overview()
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(env.Stdout, a)
	}
	printOverview(env.Stdout, a)
	return nil
}

func (v *view) overview() (overviewAnswer, error) {
	a := overviewAnswer{
		Services:     len(v.config.ServiceNames),
		Capabilities: len(v.config.CapabilityNames),
		Agents:       map[string]accessNames{},
		Unreachable:  []string{},
	}
	person, err := v.whoami("")
	if err != nil {
		return a, err
	}
	a.GlobalDefaultAccess = person.DefaultAccessPolicy
	known, err := v.agents()
	if err != nil {
		return a, err
	}
	reached := map[string]bool{}
	// unnamed represents every agent that is not known yet
	for _, agent := range append(known, config.Unnamed) {
		me, err := v.whoami(agent)
		if err != nil {
			return a, err
		}
		for _, name := range me.Capabilities.Accessible {
			reached[name] = true
		}
		if slices.Contains(known, agent) {
			a.Agents[agent] = me.Capabilities
		}
	}
	for _, name := range v.config.CapabilityNames {
		if !reached[name] {
			a.Unreachable = append(a.Unreachable, name)
		}
	}
	return a, nil
}

// agents names those that are registered, mentioned in config.yaml, or have a session on file.
func (v *view) agents() (names []string, err error) {
	grants, _, err := v.sessions()
	names = append(slices.Clone(v.config.AgentNames), v.config.MentionedAgents()...)
	for _, g := range grants {
		names = append(names, g.Agent)
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

func printOverview(w io.Writer, a overviewAnswer) {
	fmt.Fprintf(w, "Services:        %d\n", a.Services)
	fmt.Fprintf(w, "Capabilities:    %d\n", a.Capabilities)
	fmt.Fprintf(w, "Default access:  %s\n", a.GlobalDefaultAccess)
	if len(a.Agents) == 0 {
		fmt.Fprintln(w,
			"\nNo agent is registered or named in config.yaml, and none has a session on file.")
	} else {
		fmt.Fprintln(w)
	}
	for _, agent := range slices.Sorted(maps.Keys(a.Agents)) {
		fmt.Fprintf(w, "%s: %s\n", printable(agent), listText(a.Agents[agent].Accessible))
		if denied := a.Agents[agent].Denied; len(denied) > 0 {
			fmt.Fprintf(w, "  denied: %s\n", listText(denied))
		}
	}
	if len(a.Unreachable) > 0 {
		fmt.Fprintf(w, "\nUnreachable: %s\n", listText(a.Unreachable))
	}
}
