package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/core"
)

func diagnoseCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "diagnose",
		Short: "Find out why Janee refuses something",
		Long:  "Find out why Janee refuses something. `janee diagnose access` explains a call.",
		Example: "  janee diagnose access stripe --agent claude-ai --method POST --path " +
			"/v1/refunds",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(diagnoseAccessCommand(env))
	return c
}

func diagnoseAccessCommand(env *Env) *cobra.Command {
	var call core.Call
	var asJSON bool
	c := &cobra.Command{
		Use:   "access CAPABILITY",
		Short: "Show every check that a call goes through",
		Long: `Show the checks that a call of this capability goes through, in order, and say
whether each of them passes, fails or does not apply. Nothing is sent and no session opens. The exit
code is 0 whether or not the call would be allowed; use "janee policy check" in scripts.`,
		Example: `  janee diagnose access stripe
  janee diagnose access stripe --agent claude-ai --method POST --path /v1/refunds
  janee diagnose access stripe --method GET --path /v1/balance --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			call.Args.Capability = args[0]
			return runDiagnoseAccess(env, call, asJSON)
		},
	}
	f := c.Flags()
	f.StringVar(&call.Agent, "agent", "",
		"`AGENT` that makes the call, over stdio; without it, you make the call")
	f.StringVar(&call.Args.Method, "method", "",
		"`METHOD` of the request; rules are judged if --path is given as well")
	f.StringVar(&call.Args.Path, "path", "", "`PATH` of the request, relative to the base URL")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runDiagnoseAccess(env *Env, call core.Call, asJSON bool) error {
	v, err := lookAtConfig(env)
	if err != nil {
		return err
	}
	call.Tool = core.ExplainAccess
	call.Agent, call.Via = caller(call.Agent)
	var a core.Explanation
	if err := v.answer(call, &a); err != nil {
		return err
	}
	if asJSON {
		return writeJSON(env.Stdout, a)
	}
	return printAccess(env.Stdout, a)
}

// caller is the agent id for a name, and the transport to judge it by. No name means the person.
func caller(agent string) (id, via string) {
	if agent == "" {
		return "", core.ViaCLI
	}
	return mcpserver.AgentID(agent), core.ViaStdio
}

func printAccess(out io.Writer, a core.Explanation) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, l := range a.Trace {
		fmt.Fprintf(w, "%s\t%s\t%s\n", strings.ToUpper(l.Result), l.Check, printable(l.Detail))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	who := "you"
	if a.Agent != nil {
		who = *a.Agent
	}
	verdict := "allowed"
	if !a.Allowed {
		verdict = "refused"
	}
	fmt.Fprintf(out, "\n%s for %s: %s\n", printable(a.Capability), who, verdict)
	if a.NextStep != "" {
		fmt.Fprintf(out, "Next step: %s\n", printable(a.NextStep))
	}
	return nil
}
