package core

import (
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

// trialNeeds names what decides whether the sessions of a service are open to the agent.
func (e *Engine) trialNeeds(c Call) []string {
	names := []string{session.ClosedFile}
	for _, name := range e.config.CapabilityNames {
		if c.Args.Service == "" || e.config.Capabilities[name].Service == c.Args.Service {
			pair := session.Pair(c.Via, c.Agent, name)
			names = append(names, session.File(pair), session.RevokedFile(pair))
		}
	}
	return names
}
