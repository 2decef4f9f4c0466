package core

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
)

// Needs names the state files that Begin wants to see, relative to the home. Their number is fixed: nothing in a call grows
// with the number of sessions.
func (e *Engine) Needs(c Call) []string {
	if c.Tool != tool.Execute || c.Via == ViaCLI || c.Fault != nil {
		return []string{session.LockFile}
	}
	pair := session.Pair(c.Via, c.Agent, c.Capability)
	return []string{session.LockFile, session.ClosedFile, session.File(pair), session.RevokedFile(pair)}
}

// Begin judges a call. It never opens a credential: that happens after the intent is durable.
func (e *Engine) Begin(in In, c Call) (*Flow, Step) {
	f := &Flow{engine: e, call: c, began: in.Now.Mono, req: hex.EncodeToString(in.Rand[:16])}
	if c.MaxBytes <= 0 || c.MaxBytes > MaxMaxBytes {
		f.call.MaxBytes = DefaultMaxBytes
	}
	if _, locked := in.Files[session.LockFile]; locked {
		return f, f.deny(in, Deny(Locked, c))
	}
	if c.Fault != nil {
		return f, f.deny(in, Deny(BadArguments, c).because(c.Fault.Error(), "", ""))
	}
	switch c.Tool {
	case tool.ListServices:
		return f, f.done(&Result{Tool: c.Tool, Data: e.listServices()})
	case tool.Whoami:
		return f, f.done(&Result{Tool: c.Tool, Data: e.whoami(c)})
	case tool.Execute:
		return f, f.execute(in)
	}
	return f, f.deny(in, Deny(BadArguments, c).because(fmt.Sprintf("there is no tool %q", c.Tool), "", "use one of the tools that tools/list names"))
}

// execute runs the checks in the order of docs/architecture.md: capability, path, headers, rules, reason, session.
func (f *Flow) execute(in In) Step {
	if d := f.judge(); d != nil {
		return f.deny(in, d)
	}
	if f.capability.RequiresReason && strings.TrimSpace(f.call.Reason) == "" {
		return f.deny(in, Deny(ReasonRequired, f.call))
	}
	if f.engine.vault == nil {
		return f.deny(in, Deny(VaultLocked, f.call))
	}
	if f.call.Via == ViaCLI {
		return f.commitIntent(in)
	}
	return f.admit(in)
}

// judge resolves the capability and decides on the request itself.
func (f *Flow) judge() *Denial {
	p, ok := f.engine.config.Capabilities[f.call.Capability]
	if !ok {
		return Deny(CapabilityNotFound, f.call).because(fmt.Sprintf("there is no capability %q", f.call.Capability), "", "")
	}
	f.capability, f.service = p, f.engine.config.Services[p.Service]
	judged, decision := policy.Judge(p.Policy, f.service.Options, f.call.Method, f.call.Path)
	f.rule = decision.Rule
	switch decision.Outcome {
	case policy.Allowed:
	case policy.Rejected:
		return Deny(RequestRejected, f.call).because(decision.Reason, "", decision.Hint)
	default:
		return Deny(RuleDeny, f.call).because(decision.Reason, policyText(decision.Rule), decision.Hint)
	}
	f.judged = judged
	kept, dropped, err := policy.Headers(f.call.Headers)
	if err != nil {
		return Deny(RequestRejected, f.call).because(err.Error(), "", "leave the header out: Janee adds credentials and framing itself")
	}
	f.headers, f.dropped = kept, dropped
	return nil
}

func policyText(rule string) string {
	if rule == "" {
		return "no allow rule matches"
	}
	return fmt.Sprintf("deny %q", rule)
}

// admit finds the session of this agent and capability, opens one, or asks a person first.
func (f *Flow) admit(in In) Step {
	f.pair = session.Pair(f.call.Via, f.call.Agent, f.call.Capability)
	if why := f.engine.closed(in, f.pair, f.call); why != "" {
		return f.deny(in, Deny(SessionRevoked, f.call).because("", why, ""))
	}
	data, exists := in.Files[session.File(f.pair)]
	if exists {
		g, ok := f.engine.grant(in, f.pair, data, f.capability, f.service.Base.Origin())
		if ok {
			f.session = g.ID
			return f.commitIntent(in)
		}
	}
	if f.capability.AutoApprove {
		return f.openSession(in, "", !exists)
	}
	f.next = func(in In, ev Event) Step { return f.answered(in, ev, !exists) }
	f.question = hex.EncodeToString(in.Rand[32:48])
	return Ask{Question: f.ask(), Wait: in.Now.Mono}
}

func (f *Flow) ask() Question {
	c := f.call
	return Question{ID: f.question, Agent: c.Agent, Via: c.Via, Capability: c.Capability, Service: f.service.Name, Method: f.judged.Method(),
		Host: f.service.Base.Host(), Path: f.judged.Redacted(), Reason: firstRunes(c.Reason, maxReason), BodyBytes: int64(len(c.Body))}
}

func (f *Flow) answered(in In, ev Event, create bool) Step {
	a, ok := ev.(Answered)
	switch {
	case ok && a.Decision == "allow":
		return f.openSession(in, f.question, create)
	case ok && a.Decision == "deny":
		return f.deny(in, Deny(ApprovalDenied, f.call))
	case ok:
		return f.deny(in, Deny(ApprovalPending, f.call))
	}
	return f.fail(in, Internal, "")
}

// openSession writes a grant. Several processes may try at once: the file is create-only and the loser uses the winner's.
// A grant that is over is replaced.
func (f *Flow) openSession(in In, approval string, create bool) Step {
	ttl := f.capability.TTL.Milliseconds()
	g := session.Grant{ID: hex.EncodeToString(in.Rand[16:32]), Agent: f.call.Agent, Via: f.call.Via, Capability: f.call.Capability,
		Service: f.service.Name, Origin: f.service.Base.Origin(), Opened: in.Now.Wall, Expires: in.Now.Wall + ttl, Approval: approval, Reason: firstRunes(f.call.Reason, maxReason)}
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
		return f.commitIntent(in, f.record(in, "session.open"))
	}
	g, usable := f.engine.grant(in, f.pair, winner, f.capability, f.service.Base.Origin())
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
