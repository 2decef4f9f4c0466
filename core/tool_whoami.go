package core

import (
	"encoding/json"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/tool"
)

// Whoami tells an agent as whom its calls are judged.
const Whoami = "whoami"

var whoami = Tool{
	Definition: tool.Definition{
		Name:        Whoami,
		Title:       "Who am I",
		Description: describeWhoami,
		Input:       json.RawMessage(noInput),
		Output:      json.RawMessage(whoamiOutput),
		ReadOnly:    true,
		Idempotent:  true,
		OpenClaw:    true,
	},
	run: func(f *Flow) Done { return answer(Whoami, f.engine.whoami(f.call)) },
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

const describeWhoami = `Say how Janee knows you: your agent id, where that id comes from, and ` +
	`which capabilities are open or closed to you. Use it when a call is refused because of who you are.`

const whoamiOutput = `{
  "type": "object",
  "properties": {
    "agentId": {"type": "string", "description": "The name under which your calls are judged and logged."},
    "identitySource": {"type": "string", "description": "Where that name comes from."},
    "defaultAccessPolicy": {"type": "string", "description": "Who may use a capability that names no agents: open or restricted."},
    "capabilities": {
      "type": "object",
      "description": "Names of the capabilities that are open and closed to you.",
      "properties": {
        "accessible": {"type": "array", "items": {"type": "string"}, "description": "Open to you."},
        "denied": {"type": "array", "items": {"type": "string"}, "description": "Closed to you."}
      },
      "required": ["accessible", "denied"]
    },
    "limits": {
      "type": "object",
      "description": "How much you may use of all capabilities together; some have limits of their own, see list_services.",
      "properties": {` + limitFields + `
      }
    }
  },
  "required": ["agentId", "identitySource", "defaultAccessPolicy", "capabilities"]
}`
