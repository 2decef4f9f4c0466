package core

import (
	"encoding/json"

	"github.com/true-and-useful/janee/core/tool"
)

// ExplainAccess says whether a request would be allowed.
const ExplainAccess = "explain_access"

var explainAccess = Tool{
	Definition: tool.Definition{
		Name:        ExplainAccess,
		Title:       "Explain access",
		Description: describeExplainAccess,
		Input:       json.RawMessage(explainInput),
		Output:      json.RawMessage(explainOutput),
		ReadOnly:    true,
		Idempotent:  true,
		OpenClaw:    true,
	},
	Reader: tool.Reader{
		Takes: []string{"capability", "method", "path", "agent"},
		Needs: 1,
	},
	needs:      (*Engine).sessionNeeds,
	whenLocked: true, // that is when it is asked
	run:        (*Flow).explain,
}

const describeExplainAccess = `Ask whether a request would be allowed, without making it: ` +
	`nothing is sent, no session opens and nobody is asked. Give the capability, and method and path as you would give them to execute. The answer goes through every check that execute makes, in its order, and says of each whether it passes, fails or does not apply; nextStep says what would help. Use it after a refusal that you do not understand, or before asking a person for a change of rules. It answers about you only.`

const explainInput = `{
  "type": "object",
  "properties": {
    "capability": {"type": "string", "description": "Name of a capability, from list_services."},
    "method": {"type": "string", "enum": ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"], "description": "HTTP method of the request in question. Without method and path, Janee checks no rules."},
    "path": {"type": "string", "description": "Path of the request in question, as execute takes it."},
    "agent": {"type": "string", "description": "Your own agent id, as whoami gives it. You can leave it out; any other id is refused."}
  },
  "required": ["capability"],
  "additionalProperties": false
}`

const explainOutput = `{
  "type": "object",
  "properties": {
    "agent": {"type": "string", "description": "The agent id that was judged: yours."},
    "capability": {"type": "string", "description": "The capability that was asked about."},
    "allowed": {"type": "boolean", "description": "True if no check fails: execute would go ahead."},
    "trace": {
      "type": "array",
      "description": "Every check that execute makes, in its order.",
      "items": {
        "type": "object",
        "properties": {
          "check": {"type": "string", "description": "Name of the check, for example rules or session."},
          "result": {"type": "string", "enum": ["pass", "fail", "skip"], "description": "skip: it does not apply, or an earlier check failed and there is nothing to look at."},
          "detail": {"type": "string", "description": "What was found, in one sentence."}
        },
        "required": ["check", "result", "detail"]
      }
    },
    "nextStep": {"type": "string", "description": "What to do about the first check that fails."}
  },
  "required": ["agent", "capability", "allowed", "trace"]
}`
