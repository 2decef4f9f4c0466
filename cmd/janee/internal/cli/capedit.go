package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
)

// capFlags are what `cap add` and `cap edit` have in common.
type capFlags struct {
	ttl, timeout, description string
	approve, noApprove        bool
	reason, noReason          bool
	allow, deny, agents       []string
	headers                   headerFlags
	access                    string
	limits                    []string
	asJSON                    bool
	flagSet                   *pflag.FlagSet
}

func (o *capFlags) register(f *pflag.FlagSet) {
	o.flagSet = f
	f.StringVarP(&o.ttl, "ttl", "t", "",
		"`DURATION` of a session, such as 15m; at most 30d (default 1h)")
	f.StringVar(&o.timeout, "timeout", "",
		"`DURATION` that one call may take, such as 30s; at most 1h")
	f.StringVar(&o.description, "description", "",
		"`TEXT`: what the capability is for; agents read it")
	f.BoolVar(&o.approve, "auto-approve", false,
		"send requests without asking a person (the default)")
	f.BoolVar(&o.noApprove, "no-auto-approve", false,
		"have a person approve a request, or a session, before anything is sent")
	f.BoolVar(&o.reason, "requires-reason", false, "refuse calls without a reason")
	f.BoolVar(&o.noReason, "no-requires-reason", false,
		"accept calls without a reason (the default)")
	f.StringArrayVar(&o.allow, "allow", nil,
		"allow what this `RULE` matches, such as \"GET /v1/*\"; repeatable")
	f.StringArrayVar(&o.deny, "deny", nil,
		"refuse what this `RULE` matches, whatever is allowed, such as \"DELETE *\"; repeatable")
	o.headers.register(f)
	f.StringSliceVar(&o.agents, "allowed-agents", nil,
		"`AGENT` that may use the capability; agents not named may not; repeatable")
	f.StringVar(&o.access, "access",
		"",
		"`POLICY` where no agents are named: open to all agents, or restricted "+
			"(default: server.defaultAccess)")
	f.StringArrayVar(&o.limits, "limit", nil,
		"limit for each agent as `NAME=VALUE`, such as per-minute=60 or bytes-per-hour=10MB; "+
			"repeatable")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
}

// check refuses values that config.yaml cannot have, and names the flag.
func (o *capFlags) check() error {
	o.approve, o.noApprove = o.said("auto-approve"), o.said("no-auto-approve")
	o.reason, o.noReason = o.said("requires-reason"), o.said("no-requires-reason")
	if o.approve && o.noApprove || o.reason && o.noReason {
		return hint.Errorf(hint.Usage, "leave one of them out",
			"a flag and its opposite cannot be combined")
	}
	return errors.Join(
		checkDuration("--ttl", o.ttl, config.MaxTTL, "30d"),
		checkDuration("--timeout", o.timeout, config.MaxTimeout, "1h"),
		checkRules("--allow", o.allow),
		checkRules("--deny", o.deny),
		o.headers.check(),
		checkAgents("--allowed-agents", o.agents),
		checkWord("--access", o.access, string(config.Open), string(config.Restricted)))
}

// said reports whether the person asked for what the flag means, with the flag itself or by denying
// its opposite, as in --no-auto-approve=false.
func (o *capFlags) said(name string) bool {
	opposite, negative := strings.CutPrefix(name, "no-")
	if !negative {
		opposite = "no-" + name
	}
	value := func(name string) string {
		if f := o.flagSet.Lookup(name); f.Changed {
			return f.Value.String()
		}
		return ""
	}
	return value(name) == "true" || value(opposite) == "false"
}

func checkAgents(flag string, names []string) error {
	for _, name := range names {
		if !config.ValidName(name) {
			return hint.Errorf(hint.Usage, "use 1 to 64 letters, digits or . _ @ -",
				"%s: %q is not a valid agent name", flag, name)
		}
	}
	return nil
}

func checkWord(flag, value string, words ...string) error {
	if value != "" && !slices.Contains(words, value) {
		return hint.Errorf(hint.Usage, "use "+strings.Join(words, " or "),
			"%s: unknown value %q", flag, value)
	}
	return nil
}

func checkDuration(flag, value string, limit time.Duration, most string) error {
	if _, ok := config.ParseDuration(value, limit); !ok && value != "" {
		return hint.Errorf(hint.Usage,
			"write a number with ms, s, m, h or d, such as 15m, at most "+
				most, "%s: %q is not a duration", flag, value)
	}
	return nil
}

func checkRules(flag string, rules []string) error {
	for _, rule := range rules {
		if _, err := policy.ParseRule(rule); err != nil {
			return hint.New(hint.Usage, `write METHOD PATH in quotes, such as `+flag+` "GET /v1/*"`,
				fmt.Errorf("%s: %w", flag, err))
		}
	}
	return nil
}

func capAddCommand(env *Env) *cobra.Command {
	var o capFlags
	var service string
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a capability for a service",
		Long: `Add a capability for a service. A rule has the form METHOD PATH. Janee looks at the
deny rules first and then at the allow rules, and refuses a request that matches no rule. Without
rules it allows everything.`,
		Example: `  janee cap add stripe_readonly -s stripe -t 15m --allow "GET *"
  janee cap add stripe_refunds -s stripe --no-auto-approve --allow "POST /v1/refunds"
  janee cap add stripe_small -s stripe --limit per-minute=10 --limit max-request-bytes=64KiB`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runCapAdd(env, args[0], service, o)
		},
	}
	c.Flags().StringVarP(&service, "service", "s", "", "`SERVICE` that the capability is for")
	o.register(c.Flags())
	return c
}

func runCapAdd(env *Env, name, service string, o capFlags) error {
	if err := o.check(); err != nil {
		return err
	}
	limits, err := readLimits(o.limits, false)
	if err != nil {
		return err
	}
	if service == "" {
		return hint.Errorf(hint.Usage, "add --service SERVICE; `janee list` shows the services",
			"adding capability %q: service is missing", name)
	}
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Config.Services[service] == nil {
		return unknownName("service", service, s.Config.ServiceNames)
	}
	a := o.added(name, service, limits)
	err = edit(env, s, fmt.Sprintf("adding capability %q", name),
		func(text []byte) ([]byte, error) { return config.AddCapability(text, a) })
	if errors.Is(err, config.ErrExists) {
		return hint.Errorf(hint.Failed, "`janee cap edit "+name+"` changes it",
			"adding capability %q: it already exists", name)
	}
	if err != nil {
		return err
	}
	warnings(env, s.Config, name)
	message := fmt.Sprintf("Added capability %s for service %s%s", name, service,
		openTo(s.Config.Capabilities[name]))
	return editedCapability{true, name, service, a.TTL, message}.tell(env, o.asJSON)
}

// added is the capability that the flags describe.
func (o *capFlags) added(name, service string, limits []config.KV) config.NewCapability {
	return config.NewCapability{
		Name:           name,
		Service:        service,
		Description:    o.description,
		TTL:            cmp.Or(o.ttl, config.FormatDuration(config.DefaultTTL)),
		Timeout:        o.timeout,
		NeedsApproval:  o.noApprove,
		RequiresReason: o.reason,
		Allow:          o.allow,
		Deny:           o.deny,
		AllowHeaders:   o.headers.allow,
		DenyHeaders:    o.headers.deny,
		AllowedAgents:  o.agents,
		Access:         o.access,
		Limits:         limits,
	}
}

// openTo warns of a capability without rules.
func openTo(c *config.Capability) string {
	if c.Policy.Restricted() {
		return ""
	}
	return ". It has no rules: agents may use every method and path"
}

func capEditCommand(env *Env) *cobra.Command {
	var o capFlags
	var clear clearFlags
	c := &cobra.Command{
		Use:   "edit CAPABILITY",
		Short: "Change a capability",
		Long: `Change a capability. Only what the flags name changes. --allow, --deny,
--allow-headers, --deny-headers and --allowed-agents each replace their whole list. An empty --ttl,
--timeout, --description, --allow-headers or --deny-headers removes the setting, and so does a
--limit without a value.`,
		Example: `  janee cap edit stripe --ttl 15m --requires-reason
  janee cap edit stripe --allow "GET *" --allow "POST /v1/refunds"
  janee cap edit stripe --allow-headers Stripe-Account
  janee cap edit stripe --allowed-agents deploy-bot,claude-code
  janee cap edit stripe --limit per-minute=60 --limit bytes-per-hour=10MB
  janee cap edit stripe --limit per-minute=
  janee cap edit stripe --clear-rules`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runCapEdit(env, args[0], clear, o)
		},
	}
	o.register(c.Flags())
	c.Flags().BoolVar(&clear.rules, "clear-rules", false,
		"remove all rules: without rules everything is allowed")
	c.Flags().BoolVar(&clear.agents, "clear-agents", false,
		"remove the list of agents: --access decides then")
	c.Flags().BoolVar(&clear.limits, "clear-limits", false, "remove all limits")
	c.Flags().BoolVar(&clear.access, "clear-access", false, "follow server.defaultAccess again")
	return c
}

// clearFlags remove what the flags of capFlags set.
type clearFlags struct{ rules, agents, access, limits bool }

func runCapEdit(env *Env, name string, clear clearFlags, o capFlags) error {
	if err := o.check(); err != nil {
		return err
	}
	limits, err := readLimits(o.limits, true)
	if err != nil {
		return err
	}
	if clear.access && o.access != "" || clear.agents && o.agents != nil {
		return hint.Errorf(hint.Usage, "leave one of them out",
			"a flag and its opposite cannot be combined")
	}
	changed := false
	o.flagSet.Visit(func(f *pflag.Flag) { changed = changed || f.Name != "json" })
	if !changed {
		return hint.Errorf(hint.Usage, "`janee cap edit --help` lists the flags",
			"editing capability %q: no flag says what to change", name)
	}
	s, err := open(env)
	if err != nil {
		return err
	}
	e := o.edited(clear, limits)
	err = edit(env, s, fmt.Sprintf("editing capability %q", name),
		func(text []byte) ([]byte, error) { return config.EditCapability(text, name, e) })
	if err != nil {
		return err
	}
	warnings(env, s.Config, name)
	message := fmt.Sprintf("Changed capability %s%s", name, openTo(s.Config.Capabilities[name]))
	return editedCapability{OK: true, Capability: name, Message: message}.tell(env, o.asJSON)
}

// edited is the change that the flags describe.
func (o *capFlags) edited(clear clearFlags, limits []config.KV) config.CapabilityEdit {
	e := config.CapabilityEdit{
		TTL:            given(o.flagSet, "ttl"),
		Timeout:        given(o.flagSet, "timeout"),
		Description:    given(o.flagSet, "description"),
		AutoApprove:    either(o.approve, o.noApprove),
		RequiresReason: either(o.reason, o.noReason),
		ClearRules:     clear.rules,
		Allow:          o.allow,
		Deny:           o.deny,
		AllowHeaders:   listed(o.flagSet, "allow-headers"),
		DenyHeaders:    listed(o.flagSet, "deny-headers"),
		ClearAgents:    clear.agents,
		AllowedAgents:  o.agents,
		Access:         given(o.flagSet, "access"),
		ClearLimits:    clear.limits,
		Limits:         limits,
	}
	if clear.access {
		e.Access = new(string)
	}
	return e
}

// given is the text of a flag, nil if the command line does not have the flag.
func given(f *pflag.FlagSet, name string) *string {
	flag := f.Lookup(name)
	if !flag.Changed {
		return nil
	}
	value := flag.Value.String()
	return &value
}

// either is what a flag and its opposite say, nil if neither is given.
func either(yes, no bool) *bool {
	if !yes && !no {
		return nil
	}
	return &yes
}
