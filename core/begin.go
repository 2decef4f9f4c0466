package core

import (
	"encoding/hex"
	"fmt"

	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
)

// Needs names the state files that Begin wants to see, relative to the home. Their number depends on the configuration alone:
// nothing in a call grows with the number of sessions.
func (e *Engine) Needs(c Call) []string {
	c = e.named(c)
	if c.Tool == tool.TestService {
		return e.testNeeds(c)
	}
	judged := c.Tool == tool.Execute || c.Tool == tool.ExplainAccess
	if !judged || c.Via == ViaCLI || c.Fault != nil {
		return []string{session.LockFile}
	}
	pair := session.Pair(c.Via, c.Agent, c.Capability)
	names := []string{session.LockFile, session.ClosedFile, session.File(pair), session.RevokedFile(pair)}
	if r, asks := e.request(c); asks && c.Tool == tool.Execute {
		names = append(names, approval.File(r.Digest()))
	}
	return names
}

// Begin judges a call. It never opens a credential: that happens after the intent is durable.
func (e *Engine) Begin(in In, c Call) (*Flow, Step) {
	c = e.named(c)
	f := &Flow{engine: e, call: c, began: in.Now.Mono, now: in.Now.Mono, req: hex.EncodeToString(in.Rand[:16])}
	return f, f.begin(in)
}

func (f *Flow) begin(in In) Step {
	e, c := f.engine, f.call
	if c.MaxBytes <= 0 || c.MaxBytes > MaxMaxBytes {
		f.call.MaxBytes = DefaultMaxBytes
	}
	if c.Tool == tool.ExplainAccess && c.Fault == nil {
		return f.explain(in) // also of a locked Janee: that is when it is asked
	}
	if d := f.checkLock(in); d != nil {
		return f.deny(in, d)
	}
	if c.Fault != nil {
		return f.deny(in, Deny(BadArguments, c).because(c.Fault.Error(), "", ""))
	}
	switch c.Tool {
	case ExplainSigning:
		return f.explainSigning(in)
	case tool.ListServices:
		return f.done(&Result{Tool: c.Tool, Data: e.listServices(c)})
	case tool.Whoami:
		return f.done(&Result{Tool: c.Tool, Data: e.whoami(c)})
	case tool.ManageCredential:
		return f.manage(in)
	case tool.ReloadConfig: // allowed; the shell does it, because an engine cannot replace itself
		return f.done(&Result{Tool: c.Tool})
	case tool.TestService:
		return f.test(in)
	case tool.Execute:
		return f.execute(in)
	}
	return f.deny(in, Deny(BadArguments, c).because(fmt.Sprintf("there is no tool %q", c.Tool), "", "use one of the tools that tools/list names"))
}

// execute takes the checks in their order, then goes on with the session that is open, opens one, or asks a person first.
func (f *Flow) execute(in In) Step {
	for i := range checks {
		c := &checks[i]
		if c.refuse == nil {
			continue
		}
		d := c.refuse(f, in)
		switch {
		case d != nil && c.asks:
			return f.askPerson(in)
		case d != nil:
			return f.deny(in, d)
		}
	}
	if d := f.take(in); d != nil {
		return f.deny(in, d)
	}
	if f.call.Via == ViaCLI || f.grant.ID != "" {
		f.session = f.grant.ID
		return f.commitIntent(in)
	}
	return f.openSession(in, "", 0, !f.stored)
}

// openSession records that a session opens, before there is a grant of it: whoever deletes the log afterwards is found out by the grants
// that are left. until (Unix ms) may end the session before its ttl does; 0 does not.
func (f *Flow) openSession(in In, approval string, until int64, create bool) Step {
	expires := in.Now.Wall + f.capability.TTL.Milliseconds()
	if until != 0 {
		expires = min(expires, until)
	}
	g := session.Grant{ID: hex.EncodeToString(in.Rand[16:32]), Agent: f.call.Agent, Via: f.call.Via, Capability: f.call.Capability,
		Service: f.service.Name, Origin: f.service.Base.Origin(), Bound: f.service.SessionBinding(), Opened: in.Now.Wall, Expires: expires, Approval: approval, Reason: firstRunes(f.call.Reason, maxReason)}
	f.next = func(in In, ev Event) Step { return f.announced(in, ev, g, create) }
	r := f.record(in, audit.EventSession)
	r.Session = g.ID
	return Commit{Records: []Record{r}}
}

// announced writes the grant. Several processes may try at once: the file is create-only and the loser uses the winner's; what the loser
// recorded stays in the log, and its id never serves. A grant that is over is replaced.
func (f *Flow) announced(in In, ev Event, g session.Grant, create bool) Step {
	if c, ok := ev.(Committed); !ok || c.Err {
		return f.fail(in, AuditUnavailable, "")
	}
	f.next = func(in In, ev Event) Step { return f.opened(in, ev, g) }
	return Commit{Writes: []Write{{Name: session.File(f.pair), Data: g.Encode(f.engine.stateKey), Create: create}}}
}

func (f *Flow) opened(in In, ev Event, own session.Grant) Step {
	c, ok := ev.(Committed)
	if !ok || c.Err {
		return f.fail(in, AuditUnavailable, "the session cannot be written")
	}
	winner, lost := c.Exists[session.File(f.pair)]
	if !lost {
		f.session = own.ID
		f.engine.sessions.alive(f.pair, own, in.Now, f.capability.TTL.Milliseconds(), true)
		return f.commitIntent(in)
	}
	g, usable := f.engine.grant(in, f.pair, winner, f.capability, f.service)
	if !usable {
		return f.fail(in, SessionRevoked, "another process holds this session and it is over")
	}
	f.session = g.ID
	return f.commitIntent(in)
}

// maxReason bounds, in characters, how much of a reason is kept in a session and shown to a person.
const maxReason = 500

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
