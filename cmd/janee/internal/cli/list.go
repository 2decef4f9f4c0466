package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/limit"
)

func listCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List services and capabilities",
		Long: `List the services, with base URL and auth type, and the capabilities, with ttl and
number of rules. Secrets are never shown. "janee cap list" shows the rules.`,
		Example: "  janee list\n  janee list --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runList(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type serviceLine struct {
	Name     string `json:"name"`
	BaseURL  string `json:"baseUrl"`
	AuthType string `json:"authType"`
	Proxy    string `json:"proxy,omitempty"`
	CAFile   string `json:"caFile,omitempty"`

	AllowHeaders    []string `json:"allowHeaders,omitempty"`
	DenyHeaders     []string `json:"denyHeaders,omitempty"`
	QueryOperations string   `json:"queryOperations,omitempty"` // "s3", or keys

	route string
}

type capabilityLine struct {
	Name       string        `json:"name"`
	Service    string        `json:"service"`
	TTL        string        `json:"ttl"`
	AllowRules int           `json:"allowRules"`
	DenyRules  int           `json:"denyRules"`
	Limits     *limit.Limits `json:"limits,omitempty"` // sizes in bytes

	AllowHeaders []string `json:"allowHeaders,omitempty"` // besides those of the service
	DenyHeaders  []string `json:"denyHeaders,omitempty"`

	restricted bool
}

func runList(env *Env, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	services, capabilities := listLines(s.Config)
	if asJSON {
		return writeJSON(env.Stdout, struct {
			Services     []serviceLine    `json:"services"`
			Capabilities []capabilityLine `json:"capabilities"`
		}{services, capabilities})
	}
	if len(services) == 0 {
		fmt.Fprintln(env.Stderr, "No services yet. Run `janee add` to store your first API key.")
		return nil
	}
	return printList(env, services, capabilities)
}

func printList(env *Env, services []serviceLine, capabilities []capabilityLine) error {
	t := newTable(env.Stdout, "SERVICE", "BASE URL", "AUTH")
	for _, l := range services {
		t.row(l.Name, l.BaseURL, l.AuthType)
	}
	if err := t.flush(); err != nil {
		return err
	}
	printRoutes(env, services)
	fmt.Fprintln(env.Stdout)
	t = newTable(env.Stdout, "CAPABILITY", "SERVICE", "TTL", "RULES")
	for _, l := range capabilities {
		rules := fmt.Sprintf("%d allow, %d deny", l.AllowRules, l.DenyRules)
		if !l.restricted {
			rules = "none: everything is allowed"
		}
		t.row(l.Name, l.Service, l.TTL, rules)
	}
	return t.flush()
}

// printRoutes lists the services whose credential does not go straight to their API: this is what
// an attacker who wants the key would change.
func printRoutes(env *Env, services []serviceLine) {
	for _, l := range services {
		if l.route != "" {
			fmt.Fprintf(env.Stdout, "%s goes %s\n", printable(l.Name), printable(l.route))
		}
	}
}

func listLines(c *config.Config) ([]serviceLine, []capabilityLine) {
	services, capabilities := []serviceLine{}, []capabilityLine{}
	for _, name := range c.ServiceNames {
		s := c.Services[name]
		services = append(services,
			serviceLine{s.Name, s.Base.String(), s.Auth.Type, s.Proxy, s.CAFile,
				headerTexts(s.AllowHeaders), headerTexts(s.DenyHeaders),
				s.Options.Operations.String(),
				s.Route()})
	}
	for _, name := range c.CapabilityNames {
		p := c.Capabilities[name]
		capabilities = append(capabilities,
			capabilityLine{p.Name, p.Service, config.FormatDuration(p.TTL),
				len(p.Policy.Allow()), len(p.Policy.Deny()), limitsOf(p),
				headerTexts(p.AllowHeaders), headerTexts(p.DenyHeaders), p.Policy.Restricted()})
	}
	return services, capabilities
}
