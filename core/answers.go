package core

import (
	"encoding/json"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
)

type listed struct {
	Accessible     bool         `json:"accessible"`
	Name           string       `json:"name"`
	Service        string       `json:"service"`
	Mode           string       `json:"mode"`
	TTL            string       `json:"ttl"`
	AutoApprove    bool         `json:"autoApprove"`
	RequiresReason bool         `json:"requiresReason"`
	Rules          *listedRules `json:"rules,omitempty"`
	BaseURL        string       `json:"baseUrl"`
	Description    string       `json:"description,omitempty"`
	Docs           string       `json:"docs,omitempty"`
}

type listedRules struct {
	Allow []string `json:"allow"`
	Deny  []string `json:"deny"`
}

// listServices answers what an agent may use. A capability without rules shows none.
func (e *Engine) listServices() json.RawMessage {
	list := []listed{}
	for _, name := range e.config.CapabilityNames {
		p := e.config.Capabilities[name]
		s := e.config.Services[p.Service]
		l := listed{Accessible: true, Name: p.Name, Service: p.Service, Mode: "proxy", TTL: config.FormatDuration(p.TTL), AutoApprove: p.AutoApprove,
			RequiresReason: p.RequiresReason, BaseURL: s.Base.String(), Description: p.Description, Docs: s.Docs}
		if l.Description == "" {
			l.Description = s.Description
		}
		if p.Policy.Restricted() {
			l.Rules = &listedRules{Allow: ruleTexts(p.Policy.Allow()), Deny: ruleTexts(p.Policy.Deny())}
		}
		list = append(list, l)
	}
	return encode(list)
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
}

type whoamiCapabilities struct {
	Accessible []string `json:"accessible"`
	Denied     []string `json:"denied"`
}

func (e *Engine) whoami(c Call) json.RawMessage {
	a := whoamiAnswer{AgentID: c.Agent, IdentitySource: c.IdentitySource, DefaultAccessPolicy: "open",
		Capabilities: whoamiCapabilities{Accessible: []string{}, Denied: []string{}}}
	a.Capabilities.Accessible = append(a.Capabilities.Accessible, e.config.CapabilityNames...)
	return encode(a)
}
