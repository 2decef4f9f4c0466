package core

import (
	"slices"

	"github.com/true-and-useful/janee/core/tool"
)

// WithArguments is the call with the arguments that an agent gave its tool, as JSON. Arguments that
// cannot be read go on as a Fault, so that such a call is recorded and refused like any other.
func (c Call) WithArguments(raw []byte) Call {
	a, err := tool.Parse(c.Tool, raw)
	if err != nil && !slices.ContainsFunc(tool.Definitions(), func(d tool.Definition) bool {
		return d.Name == c.Tool
	}) {
		// its arguments are not what is wrong: the engine refuses the tool itself, by name
		err = nil
	}
	c.Capability, c.Method, c.Path, c.Headers, c.Body, c.BodyIsJSON = a.Capability, a.Method,
		a.Path, a.Headers, a.Body, a.BodyIsJSON
	c.Reason, c.ApprovalID, c.MaxBytes, c.About = a.Reason, a.ApprovalID, a.MaxBytes, a.About
	c.Action, c.Service, c.Target, c.TimeoutMs, c.Fault = a.Action, a.Service,
		a.Target, a.TimeoutMs, err
	return c
}
