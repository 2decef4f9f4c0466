package core

import (
	"slices"

	"github.com/true-and-useful/janee/core/tool"
)

// Tool is one thing that agents can ask for: how it is described to them, how its arguments are
// read, and what it does. Each is in a file of its own, named tool_*.go.
type Tool struct {
	tool.Definition
	tool.Reader
	// needs names the state files that an agent's call wants besides the lock; nil: none.
	needs func(*Engine, Call) []string
	// whenLocked: it also answers while Janee is locked.
	whenLocked bool
	run        func(*Flow) Done
}

// tools are in the order in which a model should meet them.
var tools = []Tool{
	listServices,
	execute,
	whoami,
	explainAccess,
	testService,
	manageCredential,
	reloadConfig,
}

// Tools describes every tool, for clients. The caller owns what it gets.
func Tools() []tool.Definition {
	list := make([]tool.Definition, len(tools))
	for i, t := range tools {
		list[i] = t.Definition
		list[i].Input, list[i].Output = slices.Clone(t.Input), slices.Clone(t.Output)
	}
	return list
}

// toolNamed returns nil where there is no such tool.
func toolNamed(name string) *Tool {
	for i := range tools {
		if tools[i].Name == name {
			return &tools[i]
		}
	}
	return nil
}

// WithArguments is the call with the arguments that an agent gave its tool, as JSON. Arguments that
// cannot be read become a Fault, so that such a call is recorded and refused like any other. Where
// there is no such tool the engine refuses the tool itself, by name.
func (c Call) WithArguments(raw []byte) Call {
	if t := toolNamed(c.Tool); t != nil {
		c.Args, c.Fault = t.Read(c.Tool, raw)
	}
	return c
}

// answer ends a flow that sends nothing.
func answer(tool string, data []byte) Done {
	return Done{Result: &Result{Tool: tool, Data: data}}
}

// noInput names the properties that it does not have: some clients reject an object schema that
// lacks the word.
const noInput = `{"type": "object", "properties": {}, "additionalProperties": false}`

// limitFields are the properties of limits, wherever they are told.
const limitFields = `
        "perMinute": {"type": "integer", "description": "Calls in any minute."},
        "perHour": {"type": "integer", "description": "Calls in any hour."},
        "bytesPerHour": {"type": "integer", "description": "Bytes of requests and replies in any hour."},
        "concurrent": {"type": "integer", "description": "Calls at once."},
        "maxRequestBytes": {"type": "integer", "description": "Bytes of a request's body."},
        "maxResponseBytes": {"type": "integer", "description": "Bytes of a reply's body that you get; a longer one is cut."}`
