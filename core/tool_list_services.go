package core

import (
	"encoding/json"

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
	},
	run: func(f *Flow) Done { return answer(ListServices, f.engine.listServices(f.call)) },
}

const describeListServices = `List the API capabilities you can use through Janee. Call this ` +
	`first: execute takes the names given here. Each entry says which service it reaches, the baseUrl that paths are relative to, the rules that requests are judged by, and whether a reason (requiresReason) or a person's approval (autoApprove false) is needed. No credential is ever shown.`

const listServicesOutput = `{
  "type": "object",
  "properties": {
    "capabilities": {
      "type": "array",
      "description": "Every capability, in the order of the configuration. Of one that is closed to you (accessible false) no more than name, service and mode is shown.",
      "items": {
        "type": "object",
        "properties": {
          "accessible": {"type": "boolean", "description": "Whether you may use it."},
          "name": {"type": "string", "description": "What execute takes as capability."},
          "service": {"type": "string", "description": "The service it reaches."},
          "mode": {"type": "string", "description": "How it is used: proxy means execute."},
          "ttl": {"type": "string", "description": "How long a session lasts once opened, for example 1h."},
          "autoApprove": {"type": "boolean", "description": "False: a person is asked before a session opens."},
          "requiresReason": {"type": "boolean", "description": "True: every execute needs a reason."},
          "rules": {
            "type": "object",
            "description": "What requests are judged by: deny first, then allow, and what matches neither is refused. Absent: all requests are allowed. A rule is METHOD PATTERN, * stands for any characters, and ?KEY at the end for a query that holds KEY.",
            "properties": {
              "allow": {"type": "array", "items": {"type": "string"}, "description": "Rules that allow."},
              "deny": {"type": "array", "items": {"type": "string"}, "description": "Rules that refuse."}
            }
          },
          "allowHeaders": {"type": "array", "items": {"type": "string"}, "description": "Headers you may send although they choose an account, a second resource or a permission."},
          "limits": {
            "type": "object",
            "description": "How much you may use it. Absent: as whoami says.",
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
