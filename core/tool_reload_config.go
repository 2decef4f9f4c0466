package core

import (
	"encoding/json"

	"github.com/true-and-useful/janee/core/tool"
)

// ReloadConfig puts a changed config.yaml in force at once. A server looks at the file before each
// call anyway; the tool is for an agent that has to know whether what its person has just edited is
// in force.
const ReloadConfig = "reload_config"

var reloadConfig = Tool{
	Definition: tool.Definition{
		Name:        ReloadConfig,
		Title:       "Reload the configuration",
		Description: describeReloadConfig,
		Input:       json.RawMessage(noInput),
		Output:      json.RawMessage(reloadConfigOutput),
		ReadOnly:    true,
		Idempotent:  true,
		OpenClaw:    true,
	},
	run: reloadByShell,
}

// reloadByShell allows the call; the shell does it, because an engine cannot replace itself.
func reloadByShell(*Flow) Done { return answer(ReloadConfig, nil) }

const describeReloadConfig = `Read config.yaml again and say what changed. Use it after your ` +
	`person says that they have edited the configuration, ` +
	`then call list_services. If the file has an error, success is false, message names the line, and the previous configuration stays in force: pass the message on.`

const reloadConfigOutput = `{
  "type": "object",
  "properties": {
    "success": {"type": "boolean", "description": "False: the file has an error and the previous configuration stays in force."},
    "message": {"type": "string", "description": "What changed, or what is wrong with the file."},
    "services": {"type": "integer", "description": "How many services are in force."},
    "capabilities": {"type": "integer", "description": "How many capabilities are in force."},
    "changes": {
      "type": "object",
      "description": "The names that have changed.",
      "properties": {
        "services": {
          "type": "object",
          "description": "Services.",
          "properties": {
            "added": {"type": "array", "items": {"type": "string"}, "description": "New names."},
            "removed": {"type": "array", "items": {"type": "string"}, "description": "Names that are gone."},
            "changed": {"type": "array", "items": {"type": "string"}, "description": "Names whose settings have changed."}
          },
          "required": ["added", "removed", "changed"]
        },
        "capabilities": {
          "type": "object",
          "description": "Capabilities.",
          "properties": {
            "added": {"type": "array", "items": {"type": "string"}, "description": "New names."},
            "removed": {"type": "array", "items": {"type": "string"}, "description": "Names that are gone."},
            "changed": {"type": "array", "items": {"type": "string"}, "description": "Names whose settings have changed."}
          },
          "required": ["added", "removed", "changed"]
        }
      },
      "required": ["services", "capabilities"]
    }
  },
  "required": ["success", "message", "services", "capabilities", "changes"]
}`
