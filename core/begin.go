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
	names := []string{session.LockFile}
	t := toolNamed(c.Tool)
	if t == nil || t.needs == nil || c.Person() || c.Fault != nil {
		return names
	}
	return append(names, t.needs(e, c)...)
}

// sessionNeeds names what decides whether the session of a call is open.
func (e *Engine) sessionNeeds(c Call) []string {
	pair := session.Pair(c.Via, c.Agent, c.Args.Capability)
	return []string{session.ClosedFile, session.File(pair), session.RevokedFile(pair)}
}

// executeNeeds names the question about the request as well, where a person is asked.
func (e *Engine) executeNeeds(c Call) []string {
	names := e.sessionNeeds(c)
	if r, asks := e.request(c); asks {
		names = append(names, approval.File(r.Digest()))
	}
	return names
}

// run is the whole life of a flow.
func (f *Flow) run() Done {
	c, t := f.call, toolNamed(f.call.Tool)
	if t == nil || !t.whenLocked || c.Fault != nil {
		if d := f.checkLock(f.in()); d != nil {
			return f.refuse(d)
		}
	}
	switch {
	case c.Fault != nil:
		return f.refuse(Deny(BadArguments, c).because(c.Fault.Error(), "", ""))
	case c.Tool == ExplainSigning && c.Person():
		return f.explainSigning()
	case t != nil:
		return t.run(f)
	}
	return f.refuse(Deny(BadArguments, c).because(fmt.Sprintf("there is no tool %q", c.Tool), "",
		"use one of the tools that tools/list names"))
}

// answer ends a flow that sends nothing.
func answer(tool string, data []byte) Done {
	return Done{Result: &Result{Tool: tool, Data: data}}
}
