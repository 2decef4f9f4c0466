package core

import (
	"fmt"

	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/session"
)

// Needs names the state files that Begin wants to see, relative to the home. Their number depends
// on the configuration alone: nothing in a call grows with the number of sessions.
func (e *Engine) Needs(c Call) []string {
	c = e.named(c)
	if c.Tool == TestService {
		return e.testNeeds(c)
	}
	judged := c.Tool == Execute || c.Tool == ExplainAccess
	if !judged || c.Person() || c.Fault != nil {
		return []string{session.LockFile}
	}
	pair := session.Pair(c.Via, c.Agent, c.Args.Capability)
	names := []string{
		session.LockFile, session.ClosedFile, session.File(pair), session.RevokedFile(pair),
	}
	if r, asks := e.request(c); asks && c.Tool == Execute {
		names = append(names, approval.File(r.Digest()))
	}
	return names
}

// run is the whole life of a flow.
func (f *Flow) run() Done {
	c := f.call
	if c.Tool == ExplainAccess && c.Fault == nil {
		return f.explain() // also of a locked Janee: that is when it is asked
	}
	if d := f.checkLock(f.in()); d != nil {
		return f.refuse(d)
	}
	if c.Fault != nil {
		return f.refuse(Deny(BadArguments, c).because(c.Fault.Error(), "", ""))
	}
	if c.Tool == ExplainSigning {
		return f.explainSigning()
	}
	if t := toolNamed(c.Tool); t != nil {
		return t.run(f)
	}
	return f.refuse(Deny(BadArguments, c).because(fmt.Sprintf("there is no tool %q", c.Tool), "",
		"use one of the tools that tools/list names"))
}

// answer ends a flow that sends nothing.
func answer(tool string, data []byte) Done {
	return Done{Result: &Result{Tool: tool, Data: data}}
}
