package core

import (
	"encoding/json"
	"slices"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/policy"
)

type listed struct {
	Accessible     bool          `json:"accessible"`
	Name           string        `json:"name"`
	Service        string        `json:"service"`
	Mode           string        `json:"mode"`
	TTL            string        `json:"ttl"`
	AutoApprove    bool          `json:"autoApprove"`
	RequiresReason bool          `json:"requiresReason"`
	Rules          *listedRules  `json:"rules,omitempty"`
	AllowHeaders   []string      `json:"allowHeaders,omitempty"`
	Limits         *limit.Limits `json:"limits,omitempty"`
	BaseURL        string        `json:"baseUrl"`
	Description    string        `json:"description,omitempty"`
	Docs           string        `json:"docs,omitempty"`
}

type listedRules struct {
	Allow []string `json:"allow"`
	Deny  []string `json:"deny"`
}

// closedEntry is all that an agent sees of a capability that is closed to it: enough to ask its
// person for.
type closedEntry struct {
	Accessible bool   `json:"accessible"`
	Name       string `json:"name"`
	Service    string `json:"service"`
	Mode       string `json:"mode"`
}

// listServices answers what an agent may use. A capability without rules shows none.
func (e *Engine) listServices(c Call) json.RawMessage {
	list := []any{}
	for _, name := range e.config.CapabilityNames {
		p := e.config.Capabilities[name]
		s := e.config.Services[p.Service]
		if !e.opens(c, name) {
			list = append(list, closedEntry{Name: p.Name, Service: p.Service, Mode: "proxy"})
			continue
		}
		l := listed{
			Accessible:     true,
			Name:           p.Name,
			Service:        p.Service,
			Mode:           "proxy",
			TTL:            config.FormatDuration(p.TTL),
			AutoApprove:    p.AutoApprove,
			RequiresReason: p.RequiresReason,
			BaseURL:        s.Base.String(),
			Description:    p.Description,
			Docs:           s.Docs,
		}
		if l.Description == "" {
			l.Description = s.Description
		}
		if p.Policy.Restricted() {
			l.Rules = &listedRules{Allow: ruleTexts(p.Policy.Allow()),
				Deny: ruleTexts(p.Policy.Deny())}
		}
		for _, name := range slices.Concat(s.AllowHeaders, p.AllowHeaders) {
			l.AllowHeaders = append(l.AllowHeaders, name.String())
		}
		if p.Limits != (limit.Limits{}) {
			l.Limits = &p.Limits
		}
		list = append(list, l)
	}
	return encode(list)
}

func (e *Engine) opens(c Call, capability string) bool {
	c.Args.Capability = capability
	return e.Access(c) == nil
}

func ruleTexts(rules []policy.Rule) []string {
	out := []string{}
	for _, r := range rules {
		out = append(out, r.String())
	}
	return out
}

type whoamiAnswer struct {
	AgentID             string             `json:"agentId"`
	IdentitySource      string             `json:"identitySource"`
	DefaultAccessPolicy string             `json:"defaultAccessPolicy"`
	Capabilities        whoamiCapabilities `json:"capabilities"`
	Limits              limit.Limits       `json:"limits"`
}

type whoamiCapabilities struct {
	Accessible []string `json:"accessible"`
	Denied     []string `json:"denied"`
}

func (e *Engine) whoami(c Call) json.RawMessage {
	access := e.config.AccessOf(&config.Capability{})
	a := whoamiAnswer{
		AgentID:             c.Agent,
		IdentitySource:      c.IdentitySource,
		DefaultAccessPolicy: string(access),
		Limits:              e.config.Limits,
		Capabilities:        whoamiCapabilities{Accessible: []string{}, Denied: []string{}},
	}
	for _, name := range e.config.CapabilityNames {
		if e.opens(c, name) {
			a.Capabilities.Accessible = append(a.Capabilities.Accessible, name)
		} else {
			a.Capabilities.Denied = append(a.Capabilities.Denied, name)
		}
	}
	return encode(a)
}
