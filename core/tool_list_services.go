package core

import (
	"encoding/json"
	"slices"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/tool"
)

// ListServices tells an agent what it may use.
const ListServices = "list_services"

var listServices = Tool{
	Definition: tool.Definition{
		Name:        ListServices,
		Title:       "List services",
		Description: describeListServices,
		Input:       json.RawMessage(noInput),
		Output:      json.RawMessage(listServicesOutput),
		ReadOnly:    true,
		Idempotent:  true,
		OpenClaw:    true,
	},
	run: func(f *Flow) Done { return answer(ListServices, f.engine.listServices(f.call)) },
}

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

const describeListServices = `List the API capabilities you can use through Janee. Call this ` +
	`first: execute takes the names given here. Each entry says which service it reaches, the baseUrl that paths are relative to, the rules for requests, and whether a reason (requiresReason) or a person's approval (autoApprove false) is needed. It never shows a credential.`

const listServicesOutput = `{
  "type": "object",
  "properties": {
    "capabilities": {
      "type": "array",
      "description": "Every capability, in the order of the configuration. Of one that is closed to you (accessible false), you see only name, service and mode.",
      "items": {
        "type": "object",
        "properties": {
          "accessible": {"type": "boolean", "description": "Whether you may use it."},
          "name": {"type": "string", "description": "What execute takes as capability."},
          "service": {"type": "string", "description": "The service it reaches."},
          "mode": {"type": "string", "description": "How it is used: proxy means execute."},
          "ttl": {"type": "string", "description": "How long a session lasts once opened, for example 1h."},
          "autoApprove": {"type": "boolean", "description": "False: a person must approve a request, or a session, before anything is sent."},
          "requiresReason": {"type": "boolean", "description": "True: every execute needs a reason."},
          "rules": {
            "type": "object",
            "description": "Janee checks deny first, then allow, and refuses what matches neither. Absent: all requests are allowed. A rule is METHOD PATTERN; * matches any characters, and ?KEY at the end means a query that has KEY.",
            "properties": {
              "allow": {"type": "array", "items": {"type": "string"}, "description": "Rules that allow."},
              "deny": {"type": "array", "items": {"type": "string"}, "description": "Rules that refuse."}
            }
          },
          "allowHeaders": {"type": "array", "items": {"type": "string"}, "description": "Headers you may send although they choose an account, a second resource or a permission."},
          "limits": {
            "type": "object",
            "description": "How much you may use it. Absent: only the limits that whoami shows apply.",
            "properties": {` + limitFields + `
            }
          },
          "baseUrl": {"type": "string", "description": "What the path of execute is relative to."},
          "description": {"type": "string", "description": "What it is for, in the owner's words."},
          "docs": {"type": "string", "description": "Where the API is documented."}
        },
        "required": ["accessible", "name", "service", "mode"]
      }
    }
  },
  "required": ["capabilities"]
}`
