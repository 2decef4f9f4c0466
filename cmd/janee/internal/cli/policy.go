package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/tool"
)

func policyCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "policy",
		Short:   "Test the rules of a capability",
		Long:    "Test the rules of a capability without sending anything.",
		Example: "  janee policy check stripe POST /v1/refunds",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(policyCheckCommand(env))
	return c
}

func policyCheckCommand(env *Env) *cobra.Command {
	var agent string
	var headers []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "check CAPABILITY METHOD PATH",
		Short: "Check whether the rules of a capability allow a request",
		Long: `Check one request against the rules of a capability, and name the rule that decides.
The command needs no session and no root key, and sends nothing. With --agent it first checks
whether the agent may use the capability. The exit code is 0 if the request is allowed, and 3 if it
is denied, or rejected because it is malformed.`,
		Example: `  janee policy check stripe GET /v1/balance
  janee policy check stripe POST "/v1/refunds?expand[]=charge" --json
  janee policy check stripe GET /v1/balance --header "Stripe-Account: acct_1"
  janee policy check stripe GET /v1/balance --agent deploy-bot`,
		Args: cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, args []string) error {
			fields, err := readHeaders(headers)
			if err != nil {
				return err
			}
			return runPolicyCheck(env,
				core.Call{Caller: core.Caller{Agent: agent}, Args: tool.Arguments{
					Capability: args[0],
					Method:     args[1],
					Path:       args[2],
					Headers:    fields,
				}}, asJSON)
		},
	}
	c.Flags().StringVar(&agent, "agent", "",
		"`AGENT` that makes the request; without it, you make the request")
	c.Flags().StringArrayVarP(&headers, "header", "H", nil,
		"`HEADER` of the request, such as \"Stripe-Account: acct_1\"; repeatable")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// readHeaders reads headers as they are written on the wire.
func readHeaders(lines []string) (fields []core.Header, err error) {
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, hint.Errorf(hint.Usage, `write it like --header "Stripe-Account: acct_1"`,
				"--header: %q has no colon", line)
		}
		fields = append(fields, core.Header{Name: name, Value: strings.Trim(value, " \t")})
	}
	return fields, nil
}

type policyAnswer struct {
	Capability string   `json:"capability"`
	Agent      string   `json:"agent,omitempty"`
	Method     string   `json:"method"`
	Path       string   `json:"path"`
	Allowed    bool     `json:"allowed"`
	Outcome    string   `json:"outcome"` // allow, deny or reject
	Rule       string   `json:"rule,omitempty"`
	Dropped    []string `json:"droppedHeaders,omitempty"`
	Reason     string   `json:"reason"`
	NextStep   string   `json:"nextStep,omitempty"`
}

func runPolicyCheck(env *Env, c core.Call, asJSON bool) error {
	v, err := lookAtConfig(env)
	if err != nil {
		return err
	}
	if v.config.Capabilities[c.Args.Capability] == nil {
		return unknownName("capability", c.Args.Capability, v.config.CapabilityNames)
	}
	d, dropped := core.New(v.config, nil).Judge(c)
	a := policyAnswer{
		Dropped:    dropped,
		Capability: c.Args.Capability,
		Method:     c.Args.Method,
		Path:       c.Args.Path,
		Allowed:    d.Outcome == policy.Allowed,
		Outcome:    d.Outcome.String(),
		Rule:       d.Rule,
		Reason:     d.Reason,
		NextStep:   d.Hint,
	}
	if c.Agent != "" {
		c.Agent, c.Via = caller(c.Agent)
		a.Agent = c.Agent
		if closed := core.New(v.config, nil).Access(c); closed != nil {
			a.Allowed, a.Outcome, a.Rule, a.Reason, a.NextStep = false, policy.Denied.String(), "",
				closed.Message, closed.NextStep
		}
	}
	if asJSON {
		err = writeJSON(env.Stdout, a)
	} else {
		printPolicy(env.Stdout, a)
	}
	if !a.Allowed {
		return hint.New(hint.Denied, "", errors.Join(err, errSaid))
	}
	return err
}

func printPolicy(w io.Writer, a policyAnswer) {
	outcome := a.Outcome
	if a.Rule != "" {
		outcome += fmt.Sprintf(" %q", a.Rule)
	}
	fmt.Fprintf(w, "%s: %s\n", outcome, printable(a.Reason))
	if len(a.Dropped) > 0 {
		fmt.Fprintf(w, "Headers that Janee leaves out: %s\n",
			printable(strings.Join(a.Dropped, ", ")))
	}
	if a.NextStep != "" {
		fmt.Fprintf(w, "Next step: %s\n", printable(a.NextStep))
	}
}
