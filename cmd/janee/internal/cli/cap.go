package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/policy"
)

func capCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "cap",
		Short: "List, add, edit and remove capabilities",
		Long: `List, add, edit and remove capabilities. A capability is what an agent can use: a
service, limited by rules. These commands change config.yaml in place and keep your comments and the
order of lines.`,
		Example: `  janee cap list
  janee cap add stripe_readonly -s stripe --allow "GET *"`,
	}
	c.AddCommand(capListCommand(env), capAddCommand(env), capEditCommand(env),
		capRemoveCommand(env))
	return c
}

func capListCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List capabilities with their rules",
		Long: `List the capabilities: service, ttl, what a call needs, limits, and the rules for
requests and headers.`,
		Example: "  janee cap list\n  janee cap list --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runCapList(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type capabilityDetail struct {
	Name           string        `json:"name"`
	Service        string        `json:"service"`
	Description    string        `json:"description,omitempty"`
	TTL            string        `json:"ttl"`
	AutoApprove    bool          `json:"autoApprove"`
	RequiresReason bool          `json:"requiresReason"`
	AllowRules     []string      `json:"allowRules"`
	DenyRules      []string      `json:"denyRules"`
	AllowHeaders   []string      `json:"allowHeaders,omitempty"` // its own and those of the service
	DenyHeaders    []string      `json:"denyHeaders,omitempty"`
	Timeout        string        `json:"timeout,omitempty"`
	Access         string        `json:"access,omitempty"` // its own; none: as the server says
	AllowedAgents  []string      `json:"allowedAgents,omitempty"`
	Limits         *limit.Limits `json:"limits,omitempty"` // sizes in bytes
	restricted     bool
}

func runCapList(env *Env, asJSON bool) error {
	v, err := lookAtConfig(env)
	if err != nil {
		return err
	}
	details := []capabilityDetail{}
	for _, name := range v.config.CapabilityNames {
		c := v.config.Capabilities[name]
		details = append(details, detailOf(v.config.Services[c.Service], c))
	}
	if asJSON {
		return writeJSON(env.Stdout, struct {
			Capabilities []capabilityDetail `json:"capabilities"`
		}{details})
	}
	for _, d := range details {
		d.print(env.Stdout)
	}
	if len(details) == 0 {
		fmt.Fprintln(env.Stderr,
			"No capabilities yet. Run `janee cap add` to add one for a service.")
	}
	return nil
}

func detailOf(s *config.Service, c *config.Capability) capabilityDetail {
	d := capabilityDetail{
		Name:           c.Name,
		Service:        c.Service,
		Description:    c.Description,
		TTL:            config.FormatDuration(c.TTL),
		AutoApprove:    c.AutoApprove,
		RequiresReason: c.RequiresReason,
		Access:         string(c.Access),
		AllowedAgents:  c.AllowedAgents,
		AllowRules:     ruleTexts(c.Policy.Allow()),
		DenyRules:      ruleTexts(c.Policy.Deny()),
		restricted:     c.Policy.Restricted(),
	}
	d.AllowHeaders = headerTexts(slices.Concat(s.AllowHeaders, c.AllowHeaders))
	d.DenyHeaders = headerTexts(slices.Concat(s.DenyHeaders, c.DenyHeaders))
	d.Limits = limitsOf(c)
	if c.Timeout > 0 {
		d.Timeout = config.FormatDuration(c.Timeout)
	}
	return d
}

// limitsOf are the limits of a capability, nil where it has none.
func limitsOf(c *config.Capability) *limit.Limits {
	if c.Limits == (limit.Limits{}) {
		return nil
	}
	return &c.Limits
}

func ruleTexts(rules []policy.Rule) []string {
	texts := []string{}
	for _, r := range rules {
		texts = append(texts, r.String())
	}
	return texts
}

func (d capabilityDetail) print(w io.Writer) {
	facts := []string{"service " + d.Service, "ttl " + d.TTL}
	if d.Timeout != "" {
		facts = append(facts, "timeout "+d.Timeout)
	}
	if !d.AutoApprove {
		facts = append(facts, "a person approves")
	}
	if d.RequiresReason {
		facts = append(facts, "needs a reason")
	}
	if d.Access != "" {
		facts = append(facts, "access "+d.Access)
	}
	fmt.Fprintf(w, "%s: %s\n", d.Name, strings.Join(facts, ", "))
	if len(d.AllowedAgents) > 0 {
		fmt.Fprintf(w, "  for agents %s\n", strings.Join(d.AllowedAgents, ", "))
	}
	if d.Limits != nil {
		fmt.Fprintf(w, "  limits %s\n", shownLimits(*d.Limits))
	}
	for _, r := range d.AllowRules {
		fmt.Fprintf(w, "  allow %s\n", printable(r))
	}
	for _, r := range d.DenyRules {
		fmt.Fprintf(w, "  deny  %s\n", printable(r))
	}
	for _, l := range [...]struct {
		what  string
		names []string
	}{{"allow", d.AllowHeaders}, {"deny ", d.DenyHeaders}} {
		if len(l.names) > 0 {
			fmt.Fprintf(w, "  %s headers %s\n", l.what, printable(strings.Join(l.names, ", ")))
		}
	}
	if !d.restricted {
		fmt.Fprintln(w, "  no rules: everything is allowed")
	}
}

func capRemoveCommand(env *Env) *cobra.Command {
	var yes, asJSON bool
	c := &cobra.Command{
		Use:   "remove CAPABILITY",
		Short: "Remove a capability",
		Long: "Remove a capability from config.yaml. Agents can no longer use it. " +
			"Its service stays.",
		Example: "  janee cap remove stripe_billing\n" +
			"  janee cap remove stripe_billing --yes --json",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runCapRemove(env, args[0], yes, asJSON)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON and never ask")
	return c
}

func runCapRemove(env *Env, name string, yes, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Config.Capabilities[name] == nil {
		return unknownName("capability", name, s.Config.CapabilityNames)
	}
	doing := "removing capability " + name
	if err := consent(env, yes, asJSON, doing, "Remove capability "+name+"?"); err != nil {
		return err
	}
	if err := edit(env, s, doing, func(text []byte) ([]byte, error) {
		return config.RemoveCapability(text, name)
	}); err != nil {
		return err
	}
	return editedCapability{
		OK:         true,
		Capability: name,
		Message:    "Removed capability " + name,
	}.tell(env, asJSON)
}
