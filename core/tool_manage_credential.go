package core

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/true-and-useful/janee/core/tool"
)

// ManageCredential lets the agent that owns a service's credential share it. It shows no
// credential, changes none and makes none.
const ManageCredential = "manage_credential"

// Values of the argument action.
const (
	ActionView   = "view"
	ActionGrant  = "grant"
	ActionRevoke = "revoke"
)

var manageCredential = Tool{
	Definition: tool.Definition{
		Name:        ManageCredential,
		Title:       "Share a service",
		Description: describeManageCredential,
		Input:       json.RawMessage(manageInput),
		Output:      json.RawMessage(manageOutput),
		Destructive: true,
		Idempotent:  true,
	},
	Reader: tool.Reader{
		Takes: []string{"action", "service", "targetAgentId"},
		Needs: 2,
		Check: checkShare,
	},
	run: (*Flow).manage,
}

func checkShare(a *tool.Arguments) error {
	switch {
	case !slices.Contains([]string{ActionView, ActionGrant, ActionRevoke}, a.Action):
		return tool.Wrong("action",
			fmt.Sprintf("must be view, grant or revoke, got %.64q", a.Action))
	case a.Action != ActionView && a.Target == "":
		return tool.Wrong("targetAgentId", "is required for "+a.Action)
	}
	return nil
}

const describeManageCredential = `Look at who may use a service, and share one that is yours. ` +
	`view says who owns the service and whether you may use it. ` +
	`grant and revoke give another agent access or take it back; they work only if you are the owner (createdBy) and take its agent id as targetAgentId. ` +
	`No tool shows, adds or changes a credential: only the person can do that, with janee add.`

const manageInput = `{
  "type": "object",
  "properties": {
    "action": {"type": "string", "enum": ["view", "grant", "revoke"], "description": "What to do."},
    "service": {"type": "string", "description": "Name of a service, as list_services gives it."},
    "targetAgentId": {"type": "string", "description": "The agent that gains or loses access. Required for grant and revoke."}
  },
  "required": ["action", "service"],
  "additionalProperties": false
}`

const manageOutput = `{
  "type": "object",
  "properties": {
    "service": {"type": "string", "description": "view: the service."},
    "yourAccess": {"type": "boolean", "description": "view: whether you may use the service."},
    "success": {"type": "boolean", "description": "grant, revoke: whether the access is now as you asked."},
    "message": {"type": "string", "description": "grant, revoke: what was done, or why it was not."},
    "persisted": {"type": "boolean", "description": "grant, revoke: whether it is in config.yaml."},
    "ownership": {
      "type": "object",
      "description": "Who may use the service.",
      "properties": {
        "accessPolicy": {"type": "string", "enum": ["all-agents", "agent-only", "shared"], "description": "agent-only: only the owner. shared: the owner and the agents in sharedWith."},
        "createdBy": {"type": "string", "description": "The owner's agent id. Absent: the person."},
        "sharedWith": {"type": "array", "items": {"type": "string"}, "description": "The agents that it is shared with; only the owner sees them."},
        "createdAt": {"type": "string", "description": "When it was stored, if Janee knows."}
      },
      "required": ["accessPolicy"]
    }
  }
}`
