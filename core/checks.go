package core

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/session"
)

// check is one thing that has to hold before a request is signed. execute stops at the first check
// that refuses, explain tells all of them; both read this one list, so that no explanation can
// differ from what happens.
type check struct {
	name   string
	refuse func(*subject, In) *Denial // nil: nothing can refuse here; a nil denial: the check holds
	asks   bool                       // a refusal is put to a person as a question
	skip   func(*subject) string      // explain: why there is nothing to look at, or ""
	holds  func(*subject, In) string  // explain: what is told of a check that holds
	// explain: what is told of the checks after one that refuses; "" where they stand by themselves
	blocks string
}

// checks stand in the order of docs/architecture.md. Each may rely on what those before it have
// found. Who may use a capability comes before what it allows: a refusal by its rules would tell a
// stranger what they are.
var checks = []check{
	{name: "lock", refuse: (*subject).checkLock, holds: says("Janee is not locked")},
	{name: "capability_exists", refuse: (*subject).checkCapability,
		blocks: "there is no such capability",
		holds:  (*subject).tellCapability},
	{name: "mode", holds: says("proxy: it is used with execute")},
	{name: "allowed_agents", refuse: (*subject).checkAllowedAgents, skip: (*subject).noList,
		holds: says("allowedAgents names this agent"), blocks: closedToAgent},
	{name: "default_access", refuse: (*subject).checkDefaultAccess, skip: (*subject).decided,
		holds: says("access is open"), blocks: closedToAgent},
	{name: "ownership", refuse: (*subject).checkOwnership, skip: (*subject).unowned,
		holds: says("the service is for this agent"), blocks: closedToAgent},
	{name: "size", refuse: (*subject).checkSize, holds: (*subject).tellSize},
	{name: "request", refuse: (*subject).checkRequest, skip: (*subject).unasked,
		holds: says("method and path are well formed")},
	{name: "rules", refuse: (*subject).checkRules, skip: (*subject).unjudged,
		holds: (*subject).tellRule},
	{name: "writeback", refuse: (*subject).checkWriteback, skip: (*subject).unjudged,
		holds: says("it holds no mark of a masked value")},
	{name: "allow_commands", skip: unset("no capability runs commands")},
	{name: "reason", refuse: (*subject).checkReason, skip: (*subject).unreasoned,
		holds: says("no reason is asked for")},
	{name: "root_key", refuse: (*subject).checkRootKey, holds: says("the root key is there"),
		blocks: "only the root key can tell"},
	{name: "session", refuse: (*subject).checkSession, skip: (*subject).unbound,
		holds: (*subject).tellSession, blocks: "a closed session does not open"},
	{name: "limits", refuse: (*subject).checkLimits, skip: (*subject).unlimited,
		holds: (*subject).tellLimits},
	{name: "approval", refuse: (*subject).checkApproval, asks: true, skip: (*subject).unbound,
		holds: (*subject).tellApproval},
}

func says(text string) func(*subject, In) string {
	return func(*subject, In) string { return text }
}

func unset(effect string) func(*subject) string {
	return func(*subject) string { return "this version has no such setting: " + effect }
}

const closedToAgent = "the capability is closed to this agent"

func (f *subject) checkLock(in In) *Denial {
	if _, locked := in.Files[session.LockFile]; locked {
		return Deny(Locked, f.call)
	}
	return nil
}

func (f *subject) checkCapability(In) *Denial {
	p, ok := f.engine.config.Capabilities[f.call.Args.Capability]
	if !ok {
		return Deny(CapabilityNotFound, f.call).because(fmt.Sprintf("there is no capability %q",
			f.call.Args.Capability), "", "")
	}
	f.capability, f.service = p, f.engine.config.Services[p.Service]
	return nil
}

// tellCapability tells an agent to which it is closed no more than list_services does.
func (f *subject) tellCapability(In) string {
	if f.closed() {
		return fmt.Sprintf("it is of service %q", f.service.Name)
	}
	return fmt.Sprintf("it reaches %s as service %q", f.service.Base, f.service.Name)
}

// checkRequest has the request judged, rules included, and refuses what is malformed, or what an
// API may read differently.
func (f *subject) checkRequest(In) *Denial {
	if f.judge(); f.decision.Outcome == policy.Rejected {
		return Deny(RequestRejected, f.call).because(f.decision.Reason, "", f.decision.Hint)
	}
	return nil
}

// judge decides on the request line, then on headers and body. Of several refusals what is
// malformed is told first.
func (f *subject) judge() {
	f.judged, f.decision = policy.Judge(f.capability.Policy, f.service.Options,
		f.call.Args.Method, f.call.Args.Path)
	if f.decision.Outcome == policy.Rejected {
		return
	}
	sorted := f.headerPolicy().Sort(f.call.Args.Method, f.judged.Path(), f.call.Args.Headers)
	if sorted.Outcome == policy.Rejected || f.decision.Outcome == policy.Allowed &&
		sorted.Outcome != policy.Allowed {
		f.decision = sorted.Decision
	}
	f.headers, f.dropped = sorted.Kept, sorted.Dropped
	if sorted.Outcome != policy.Allowed {
		return
	}
	_, query, _ := strings.Cut(f.call.Args.Path, "?")
	for _, d := range []policy.Decision{
		policy.CheckForeign(query, f.service.Options),
		policy.CheckBody(f.call.Args.Method, f.call.Args.Body, f.headers, f.service.Headers),
	} {
		if d.Outcome != policy.Allowed {
			f.decision = d
			return
		}
	}
}

// Judge decides on the request of c by the rules of its capability and by nothing else, and names
// the headers that would be left out. The zero Decision is for a capability that there is not.
func (e *Engine) Judge(c Call) (policy.Decision, []string) {
	f := e.subject(c)
	if f.checkCapability(In{}) != nil {
		return policy.Decision{}, nil
	}
	f.judge()
	return f.decision, f.dropped
}

// headerPolicy is what the agent's headers are sorted by.
func (f *subject) headerPolicy() policy.HeaderPolicy {
	s, c := f.service, f.capability
	return policy.HeaderPolicy{
		Policy:  c.Policy,
		Options: s.Options,
		Base:    s.Base,
		Allow:   slices.Concat(s.AllowHeaders, c.AllowHeaders),
		Deny:    slices.Concat(s.DenyHeaders, c.DenyHeaders),
		Written: s.Written,
		Fixed:   s.Headers,
	}
}

func (f *subject) checkRules(In) *Denial {
	if f.decision.Outcome == policy.Allowed {
		return nil
	}
	return Deny(RuleDeny, f.call).because(f.decision.Reason, policyText(f.decision),
		f.decision.Hint)
}

func policyText(d policy.Decision) string {
	switch {
	case d.Setting != "":
		return d.Setting
	case d.Rule == "":
		return "no allow rule matches"
	}
	return fmt.Sprintf("deny %q", d.Rule)
}

func (f *subject) tellRule(In) string {
	if f.decision.Rule == "" {
		return f.decision.Reason
	}
	return fmt.Sprintf("the allow rule %q matches", f.decision.Rule)
}

func (f *subject) unasked() string {
	if f.call.Args.Method == "" || f.call.Args.Path == "" {
		return "give method and path to have a request judged"
	}
	return ""
}

func (f *subject) unjudged() string {
	if f.decision.Outcome == policy.Rejected {
		return "rules are for requests that are well formed"
	}
	return f.unasked()
}

func (f *subject) checkReason(In) *Denial {
	if f.capability.RequiresReason && !visible(f.call.Args.Reason) {
		return Deny(ReasonRequired, f.call)
	}
	return nil
}

// visible reports whether a person would see anything of a reason: zero-width and control
// characters are none.
func visible(reason string) bool {
	return strings.ContainsFunc(reason, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r)
	})
}

// unreasoned: an explanation is asked for without the reason that the call itself will give.
func (f *subject) unreasoned() string {
	if f.capability.RequiresReason {
		return "every call has to give a reason"
	}
	return ""
}

func (f *subject) checkRootKey(In) *Denial {
	if f.engine.vault == nil {
		return Deny(VaultLocked, f.call)
	}
	return nil
}

// checkSession refuses what its owner has closed, and else finds the session that is open for this
// agent and capability.
func (f *subject) checkSession(in In) *Denial {
	if f.call.Person() {
		return nil
	}
	f.files = in.Files
	f.pair = session.Pair(f.call.Via, f.call.Agent, f.call.Args.Capability)
	if why := f.engine.closed(in, f.pair, f.call); why != "" {
		return Deny(SessionRevoked, f.call).because("", why, "")
	}
	var data []byte
	if data, f.stored = in.Files[session.File(f.pair)]; f.stored {
		if g, ok := f.engine.grant(in, f.pair, data, f.capability, f.service); ok {
			f.grant = g
		}
	}
	return nil
}

func (f *subject) unlimited() string {
	if f.call.Person() {
		return "a person's own commands are not counted"
	}
	return ""
}

func (f *subject) unbound() string {
	if f.call.Person() {
		return "a person's own commands need no session and no approval"
	}
	return ""
}

func (f *subject) tellSession(in In) string {
	ttl := config.FormatDuration(f.capability.TTL)
	if f.grant.ID == "" {
		return "none is open; the next permitted call opens one for " + ttl
	}
	ends := min(f.grant.Expires, f.grant.Opened+f.capability.TTL.Milliseconds())
	return "one is open until " + clock(ends)
}

func (f *subject) checkApproval(In) *Denial {
	if f.call.Person() || f.capability.AutoApprove || f.grant.ID != "" {
		return nil
	}
	return Deny(ApprovalPending, f.call)
}

func (f *subject) tellApproval(In) string {
	if f.capability.AutoApprove {
		return "no person is asked"
	}
	return "a person said yes to the open session"
}
