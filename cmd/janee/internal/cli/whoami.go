package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/core"
)

func whoamiCommand(env *Env) *cobra.Command {
	var agent string
	var asJSON bool
	c := &cobra.Command{
		Use:   "whoami",
		Short: "Show who you are to Janee and what you may use",
		Long: `Show who Janee takes you for and which capabilities you may use. With --agent the
command shows what an agent of that name sees about itself.`,
		Example: "  janee whoami\n  janee whoami --agent claude-ai --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runWhoami(env, agent, asJSON) },
	}
	c.Flags().StringVar(&agent, "agent", "", "answer for this `AGENT`")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type accessNames struct {
	Accessible []string `json:"accessible"`
	Denied     []string `json:"denied"`
}

type whoamiAnswer struct {
	AgentID             *string     `json:"agentId"` // null: the person
	Role                string      `json:"role"`
	DefaultAccessPolicy string      `json:"defaultAccessPolicy"`
	Capabilities        accessNames `json:"capabilities"`
}

func runWhoami(env *Env, agent string, asJSON bool) error {
	v, err := lookAtConfig(env)
	if err != nil {
		return err
	}
	a, err := v.whoami(agent)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(env.Stdout, a)
	}
	printWhoami(env.Stdout, a)
	return nil
}

// whoami asks the engine what an agent of this name may use; no name means the person.
func (v *view) whoami(agent string) (a whoamiAnswer, err error) {
	id, via := caller(agent)
	if err := v.answer(core.Call{Caller: core.Caller{
		Agent: id, Via: via,
	}, Tool: core.Whoami}, &a); err != nil {
		return a, err
	}
	a.AgentID, a.Role = &id, "agent"
	if via == core.ViaCLI {
		a.AgentID, a.Role = nil, "admin (CLI)"
	}
	return a, nil
}

func printWhoami(w io.Writer, a whoamiAnswer) {
	who := "the person at the command line"
	if a.AgentID != nil {
		who = "agent " + *a.AgentID
	}
	fmt.Fprintf(w, "You are:         %s\n", who)
	fmt.Fprintf(w, "Default access:  %s\n", a.DefaultAccessPolicy)
	fmt.Fprintf(w, "Accessible:      %s\n", listText(a.Capabilities.Accessible))
	fmt.Fprintf(w, "Denied:          %s\n", listText(a.Capabilities.Denied))
}

// listText writes names in one line.
func listText(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
