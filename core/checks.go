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
	// explain: what is told of the checks after one that refuses; "" where they can be told anyway
	blocks string
}

// checks are in the order of docs/architecture.md. Each may rely on what those before it have
// found. Who may use a capability comes before what it allows: a refusal by its rules would tell a
// stranger what they are.
var checks = []check{
	{name: "lock", refuse: (*subject).checkLock, holds: says("Janee is not locked")},
	{name: "capability_exists", refuse: (*subject).checkCapability,
		blocks: "there is no such capability",
		holds:  (*subject).tellCapability},
	{name: "mode", holds: says("proxy: it is used with execute")},
	{name: "allowed_agents", refuse: (*subject).checkAllowedAgents, skip: (*subject).skipNoList,
		holds: says("allowedAgents names this agent"), blocks: closedToAgent},
	{name: "default_access", refuse: (*subject).checkDefaultAccess, skip: (*subject).skipDecided,
		holds: says("access is open"), blocks: closedToAgent},
	{name: "ownership", refuse: (*subject).checkOwnership, skip: (*subject).skipUnowned,
		holds: says("the service is for this agent"), blocks: closedToAgent},
	{name: "size", refuse: (*subject).checkSize, holds: (*subject).tellSize},
	{name: "request", refuse: (*subject).checkRequest, skip: (*subject).skipNoRequest,
		holds: says("method and path are well formed")},
	{name: "rules", refuse: (*subject).checkRules, skip: (*subject).skipNotJudged,
		holds: (*subject).tellRule},
	{name: "writeback", refuse: (*subject).checkWriteback, skip: (*subject).skipNotJudged,
		holds: says("the request contains no mark of a masked value")},
	{name: "allow_commands", skip: skipUnset("no capability runs commands")},
	{name: "reason", refuse: (*subject).checkReason, skip: (*subject).skipReason,
		holds: says("no reason is required")},
	{name: "root_key", refuse: (*subject).checkRootKey, holds: says("the root key is there"),
		blocks: "only the root key can tell"},
	{name: "session", refuse: (*subject).checkSession, skip: (*subject).skipNoSession,
		holds: (*subject).tellSession, blocks: "a closed session does not open"},
	{name: "limits", refuse: (*subject).checkLimits, skip: (*subject).skipNotCounted,
		holds: (*subject).tellLimits},
	{name: "approval", refuse: (*subject).checkApproval, asks: true, skip: (*subject).skipNoSession,
		holds: (*subject).tellApproval},
}

func says(text string) func(*subject, In) string {
	return func(*subject, In) string { return text }
}

func skipUnset(effect string) func(*subject) string {
	return func(*subject) string { return "this version has no such setting: " + effect }
}

const closedToAgent = "the capability is closed to this agent"

func (s *subject) checkLock(in In) *Denial {
	if _, locked := in.Files[session.LockFile]; locked {
		return s.deny(Locked)
	}
	return nil
}

func (s *subject) checkCapability(In) *Denial {
	p, ok := s.engine.config.Capabilities[s.call.Args.Capability]
	if !ok {
		return s.deny(CapabilityNotFound).because(fmt.Sprintf("there is no capability %q",
			s.call.Args.Capability), "", "")
	}
	s.capability, s.service = p, s.engine.config.Services[p.Service]
	return nil
}

// tellCapability tells an agent to which it is closed no more than list_services does.
func (s *subject) tellCapability(In) string {
	if s.engine.Access(s.call) != nil {
		return fmt.Sprintf("it is of service %q", s.service.Name)
	}
	return fmt.Sprintf("it reaches %s as service %q", s.service.Base, s.service.Name)
}

// checkRequest has the request judged, rules included, and refuses what is malformed, or what an
// API may read differently.
func (s *subject) checkRequest(In) *Denial {
	if s.judge(); s.decision.Outcome == policy.Rejected {
		return s.deny(RequestRejected).because(s.decision.Reason, "", s.decision.Hint)
	}
	return nil
}

// judge decides on the request line, then on headers and body. Of several refusals what is
// malformed is told first.
func (s *subject) judge() {
	s.judged, s.decision = policy.Judge(s.capability.Policy, s.service.Options,
		s.call.Args.Method, s.call.Args.Path)
	if s.decision.Outcome == policy.Rejected {
		return
	}
	sorted := s.headerPolicy().Sort(s.call.Args.Method, s.judged.Path(), s.call.Args.Headers)
	if sorted.Outcome == policy.Rejected || s.decision.Outcome == policy.Allowed &&
		sorted.Outcome != policy.Allowed {
		s.decision = sorted.Decision
	}
	s.headers, s.dropped = sorted.Kept, sorted.Dropped
	if sorted.Outcome != policy.Allowed {
		return
	}
	_, query, _ := strings.Cut(s.call.Args.Path, "?")
	for _, d := range []policy.Decision{
		policy.CheckForeign(query, s.service.Options),
		policy.CheckBody(s.call.Args.Method, s.call.Args.Body, s.headers, s.service.Headers),
	} {
		if d.Outcome != policy.Allowed {
			s.decision = d
			return
		}
	}
}

// Judge decides on the request of c by the rules of its capability and by nothing else, and names
// the headers that would be left out. The zero Decision is for a capability that there is not.
func (e *Engine) Judge(c Call) (policy.Decision, []string) {
	s := e.subject(c)
	if s.checkCapability(In{}) != nil {
		return policy.Decision{}, nil
	}
	s.judge()
	return s.decision, s.dropped
}

// headerPolicy is what the agent's headers are sorted by.
func (s *subject) headerPolicy() policy.HeaderPolicy {
	service, c := s.service, s.capability
	return policy.HeaderPolicy{
		Policy:  c.Policy,
		Options: service.Options,
		Base:    service.Base,
		Allow:   slices.Concat(service.AllowHeaders, c.AllowHeaders),
		Deny:    slices.Concat(service.DenyHeaders, c.DenyHeaders),
		Written: service.Written,
		Fixed:   service.Headers,
	}
}

func (s *subject) checkRules(In) *Denial {
	if s.decision.Outcome == policy.Allowed {
		return nil
	}
	return s.deny(RuleDeny).because(s.decision.Reason, policyText(s.decision),
		s.decision.Hint)
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

func (s *subject) tellRule(In) string {
	if s.decision.Rule == "" {
		return s.decision.Reason
	}
	return fmt.Sprintf("the allow rule %q matches", s.decision.Rule)
}

func (s *subject) skipNoRequest() string {
	if s.call.Args.Method == "" || s.call.Args.Path == "" {
		return "give method and path to have a request judged"
	}
	return ""
}

func (s *subject) skipNotJudged() string {
	if s.decision.Outcome == policy.Rejected {
		return "rules are for requests that are well formed"
	}
	return s.skipNoRequest()
}

func (s *subject) checkReason(In) *Denial {
	if s.capability.RequiresReason && !visible(s.call.Args.Reason) {
		return s.deny(ReasonRequired)
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

// skipReason: an explanation is asked for without the reason that the call itself will give.
func (s *subject) skipReason() string {
	if s.capability.RequiresReason {
		return "every call has to give a reason"
	}
	return ""
}

func (s *subject) checkRootKey(In) *Denial {
	if s.engine.vault == nil {
		return s.deny(VaultLocked)
	}
	return nil
}

// checkSession refuses what its owner has closed, and else finds the session that is open for this
// agent and capability.
func (s *subject) checkSession(in In) *Denial {
	if s.call.Person() {
		return nil
	}
	s.files = in.Files
	s.pair = session.Pair(s.call.Via, s.call.Agent, s.call.Args.Capability)
	if why := s.engine.closed(in, s.pair, s.call); why != "" {
		return s.deny(SessionRevoked).because("", why, "")
	}
	var data []byte
	if data, s.stored = in.Files[session.File(s.pair)]; s.stored {
		if g, ok := s.engine.grant(in, s.pair, data, s.capability, s.service); ok {
			s.grant = g
		}
	}
	return nil
}

func (s *subject) skipNotCounted() string {
	if s.call.Person() {
		return "a person's own commands are not counted"
	}
	return ""
}

func (s *subject) skipNoSession() string {
	if s.call.Person() {
		return "a person's own commands need no session and no approval"
	}
	return ""
}

func (s *subject) tellSession(in In) string {
	ttl := config.FormatDuration(s.capability.TTL)
	if s.grant.ID == "" {
		return "none is open; the next permitted call opens one for " + ttl
	}
	ends := min(s.grant.Expires, s.grant.Opened+s.capability.TTL.Milliseconds())
	return "one is open until " + clock(ends)
}

func (s *subject) checkApproval(In) *Denial {
	if s.call.Person() || s.capability.AutoApprove || s.grant.ID != "" {
		return nil
	}
	return s.deny(ApprovalPending)
}

func (s *subject) tellApproval(In) string {
	if s.capability.AutoApprove {
		return "no approval is required"
	}
	return "a person said yes to the open session"
}
