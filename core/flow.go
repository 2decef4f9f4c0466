package core

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"sync/atomic"

	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/policy"
)

// Flow is one call in progress. It is not safe for concurrent use.
type Flow struct {
	subject
	id    string // of this call in the log
	began int64  // Now.Mono
	talk  *talk

	question Question // the one that a person is asked; no ID: none
	usage    usage
	reply    reply

	closing bool        // the last record is being written: nothing can stop the flow any more
	locked  atomic.Bool // Revoked has seen the lock; it may run beside Resume
}

// Begin judges a call. It never opens a credential: that happens after the intent is durable.
func (e *Engine) Begin(in In, c Call) (*Flow, Step) {
	f := e.flow(in, e.named(c))
	return f, f.start(in, f.run)
}

func (e *Engine) flow(in In, c Call) *Flow {
	return &Flow{subject: e.subject(c), id: hex.EncodeToString(in.Rand[:16]), began: in.Now.Mono}
}

// run is the whole life of a flow.
func (f *Flow) run() Done {
	c, t := &f.call, toolNamed(f.call.Tool)
	if t == nil || !t.whenLocked || c.Fault != nil {
		if d := f.checkLock(f.in()); d != nil {
			return f.refuse(d)
		}
	}
	switch {
	case c.Fault != nil:
		return f.refuse(f.deny(BadArguments).because(c.Fault.Error(), "", ""))
	case c.Tool == ExplainSigning && c.Person():
		return f.explainSigning()
	case t != nil:
		return t.run(f)
	}
	return f.refuse(f.deny(BadArguments).because(fmt.Sprintf("there is no tool %q", c.Tool), "",
		"use one of the tools that tools/list names"))
}

// Resume takes one event and answers the next step, until Done. After Head it answers Relay, or nil
// where the reply is not for the agent: the Send goes on.
func (f *Flow) Resume(in In, ev Event) Step {
	if f.talk.end == nil {
		f.talk.in, f.talk.event = in, ev
	}
	return f.proceed()
}

// Scrub masks secrets in the next bytes of the reply's body. Give chunks in order, of any size; the
// result is valid until the next call. Only a reply that ended by itself is closed with last: what
// is held back of a cut reply may begin a secret.
func (f *Flow) Scrub(p []byte, last bool) []byte {
	return f.inTurn().reply.scrub(p, last)
}

// inTurn is the flow that asked for the step under way.
func (f *Flow) inTurn() *Flow { return cmp.Or(f.talk.turn.Load(), f) }

// Drop gives up a flow that will not be resumed, so that nothing of it is kept or counts as under
// way. Every flow that has not come to Done must be dropped. Drop may be called at any time, also
// after the end, but not beside Resume. What such a call has sent is not known, so its bytes count
// as a whole.
func (f *Flow) Drop() {
	f.talk.dropped = true
	f.proceed()
}

// Parked is how many flows have begun and neither ended nor been dropped.
func (e *Engine) Parked() int64 { return e.parked.Load() }

// over is how every flow ends.
func (f *Flow) over(d Done) Done {
	f.release()
	if d.Result != nil {
		d.Result.Agent = f.call.Agent
	}
	return d
}

// refuse records a refusal, unless the agent has had too many, and ends. Nothing was done, so a log
// that cannot be written changes nothing for the agent. A flow that was dropped has no record, so
// its refusal must not be counted as one that has.
func (f *Flow) refuse(d *Denial) Done {
	f.closing = true
	if d.unrecorded || f.talk.dropped {
		return Done{Denial: d}
	}
	if ok, missed := f.recordable(); ok {
		r := f.record("deny")
		r.Decision, r.Rule, r.Code = "deny", f.decision.Rule, d.Code
		r.Detail = unrecorded(r.Detail, missed)
		f.do(Commit{Records: []Record{r}, Late: true})
	}
	return Done{Denial: d}
}

// failure is a refusal with the reason in its message.
func (s *subject) failure(code string, why string) *Denial {
	d := s.deny(code)
	if code == CredentialRebound {
		d.NextStep = trustHint(s.service.Name)
	}
	if why != "" {
		d.Message += ": " + why
	}
	return d
}

// record fills in what every record of this call says.
func (f *Flow) record(event string) Record {
	c := &f.call
	r := Record{
		TS:         f.in().Now.Wall,
		Event:      event,
		Req:        f.id,
		Session:    f.session,
		Agent:      c.Agent,
		Via:        c.Via,
		Capability: c.Args.Capability,
		Method:     c.Args.Method,
		Target:     policy.Redact(c.Args.Path),
		Reason:     c.Args.Reason,
	}
	// an agent that probes for tools leaves a trace of what it looked for
	if c.Tool != Execute {
		r.Detail = map[string]string{"tool": c.Tool}
	}
	if f.service != nil {
		r.Service = f.service.Name
	}
	if m := f.judged.Method(); m != "" {
		r.Method = m
	}
	if f.question.ID != "" {
		r.Detail = map[string]string{"approval": f.question.ID}
	}
	if event == audit.EventSession || event == "deny" {
		r.Detail = c.Peer.describe(r.Detail)
	}
	return r
}

func with(detail map[string]string, key, value string) map[string]string {
	if detail == nil {
		detail = map[string]string{}
	}
	detail[key] = value
	return detail
}
