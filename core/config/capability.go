package config

import (
	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/policy"
)

const rulesHelp = `write rules: {allow: [GET *], deny: [DELETE *]}`

func (r *configReader) capability(key, n *yaml.Node) {
	c := &Capability{
		Name:        key.Value,
		Line:        key.Line,
		TTL:         DefaultTTL,
		AutoApprove: true,
		Policy:      policy.Unrestricted(),
	}
	if !ValidName(c.Name) {
		r.problem(key.Line, "capability name %s: %s", brief(c.Name), nameHelp)
	}
	r.config.Capabilities[c.Name] = c
	r.config.CapabilityNames = append(r.config.CapabilityNames, c.Name)

	what := "capability " + brief(c.Name)
	var service, allow *yaml.Node
	r.mapping(n, what,
		known{"service", func(n *yaml.Node) { service = n }},
		known{"description", r.into(&c.Description, what+": description")},
		known{"ttl", r.duration(&c.TTL, what+": ttl", MaxTTL)},
		known{"autoApprove", r.flag(&c.AutoApprove, what+": autoApprove")},
		known{"requiresReason", r.flag(&c.RequiresReason, what+": requiresReason")},
		known{"rules", func(n *yaml.Node) { r.rules(n, what, c) }},
		known{"allowHeaders", func(n *yaml.Node) { allow = n }},
		known{"denyHeaders", r.headerNames(&c.DenyHeaders, what+": denyHeaders")},
		known{"headers", func(n *yaml.Node) { r.allHeaders(n, what, c) }},
		known{"timeout", r.duration(&c.Timeout, what+": timeout", MaxTimeout)},
		known{"allowedAgents", func(n *yaml.Node) { r.allowedAgents(n, what, c) }},
		known{"access", r.access(&c.Access, what+": access")},
		known{"mode", nil}, known{"allowCommands", nil},
		known{"env", nil}, known{"workDir", nil},
		known{limitsSection, r.limits(&c.Limits, what+": limits")},
	)
	if n.Kind == yaml.MappingNode {
		r.serviceOf(service, key.Line, what, c)
		r.allowHeaders(allow, what, r.config.Services[c.Service], &c.AllowHeaders)
	}
}

func (r *configReader) serviceOf(n *yaml.Node, line int, what string, c *Capability) {
	if n == nil {
		r.problem(line,
			"%s names no service: write service: and one of the names under services", what)
		return
	}
	name, ok := r.text(n, what+": service")
	if !ok {
		return
	}
	if r.config.Services[name] == nil {
		r.problem(n.Line, "%s: there is no service %s: add it under services, or correct the name",
			what, brief(name))
	}
	c.Service = name
}

func (r *configReader) allHeaders(n *yaml.Node, what string, c *Capability) {
	if s, ok := r.text(n, what+": headers"); ok {
		c.AllHeaders = s == "all"
		if !c.AllHeaders {
			r.problem(n.Line,
				"%s: headers: the only value is all (every header of a reply is shown); delete "+
					"the line for the usual ones", what)
		}
	}
}

// rules reads allow and deny. "rules: {}" means no rules, as in configurations of users; a bare
// "rules:" is refused, because it is what remains when the lists under it are commented out, and
// would allow everything.
func (r *configReader) rules(n *yaml.Node, what string, c *Capability) {
	switch {
	case n.Kind == yaml.AliasNode:
		return
	case isNull(n):
		r.problem(n.Line, "%s: rules: is empty: %s, or delete the line to allow everything",
			what, rulesHelp)
		return
	case n.Kind != yaml.MappingNode:
		r.problem(n.Line, "%s: rules must be a mapping with allow and deny, not %s: %s", what,
			shape(n), rulesHelp)
		return
	case len(n.Content) == 0:
		return
	}
	var allow, deny []policy.Rule
	r.mapping(n, what+": rules",
		known{"allow", r.ruleList(&allow, what+": allow")},
		known{"deny", r.ruleList(&deny, what+": deny")},
	)
	c.Policy = policy.New(allow, deny)
	if lookup(n, "allow") == nil {
		r.warn(n.Line,
			"%s has only deny rules, so nothing is allowed: add allow: [GET *] or what it may do",
			what)
	}
}

func (r *configReader) ruleList(to *[]policy.Rule, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		switch {
		case n.Kind == yaml.AliasNode:
			return
		case n.Kind != yaml.SequenceNode:
			r.problem(n.Line, "%s must be a list, not %s: write [GET *], or [] for none",
				what, shape(n))
			return
		}
		for _, item := range n.Content {
			r.rule(item, to, what)
		}
	}
}

func (r *configReader) rule(n *yaml.Node, to *[]policy.Rule, what string) {
	switch {
	case n.Kind == yaml.AliasNode:
		return
	case n.Kind != yaml.ScalarNode || isNull(n):
		r.problem(n.Line, "%s: a rule is text, METHOD PATH, as in GET /v1/*, not %s",
			what, shape(n))
		return
	}
	rule, err := policy.ParseRule(n.Value)
	if err != nil {
		r.problem(n.Line, "%s: %v", what, err)
		return
	}
	*to = append(*to, rule)
}
