package core

import (
	"fmt"

	"github.com/true-and-useful/janee/core/session"
)

// What a check came to in an explanation.
const (
	checkPass = "pass"
	checkFail = "fail"
	checkSkip = "skip"
)

// Explanation is the answer of explain_access.
type Explanation struct {
	Agent      *string     `json:"agent"` // null: the person at the command line
	Capability string      `json:"capability"`
	Allowed    bool        `json:"allowed"`
	Trace      []TraceLine `json:"trace"`
	NextStep   string      `json:"nextStep,omitempty"`
}

// TraceLine is what one check came to: pass, fail or skip, and why in one sentence.
type TraceLine struct {
	Check  string `json:"check"`
	Result string `json:"result"`
	Detail string `json:"detail"`
}

// explain goes through the checks of execute and tells each one. It opens no session, asks nobody
// and sends nothing. An agent is told about itself only: what others may do is not its to know.
func (f *Flow) explain() Done {
	c := &f.call
	if c.Args.About != "" && c.Args.About != c.Agent {
		return f.refuse(f.deny(BadArguments).because(
			fmt.Sprintf("agent must be your own id, %q: you cannot ask about others", c.Agent), "",
			"leave agent out; your user can run `janee diagnose access`"))
	}
	e := Explanation{Capability: c.Args.Capability, Allowed: true}
	if c.Agent != "" {
		e.Agent = &c.Agent
	}
	blocked := ""
	for i := range checks {
		line, d := f.tell(f.in(), &checks[i], blocked)
		e.Trace = append(e.Trace, line)
		if d == nil {
			continue
		}
		if e.Allowed {
			e.Allowed, e.NextStep = false, d.NextStep
		}
		if blocked == "" {
			blocked = checks[i].blocks
		}
	}
	return answer(ExplainAccess, encode(e))
}

func (s *subject) tell(in In, c *check, blocked string) (TraceLine, *Denial) {
	if blocked == "" && c.skip != nil {
		blocked = c.skip(s)
	}
	if blocked != "" {
		return TraceLine{c.name, checkSkip, blocked}, nil
	}
	if c.refuse != nil {
		if d := c.refuse(s, in); d != nil {
			return TraceLine{c.name, checkFail, d.detail()}, d
		}
	}
	return TraceLine{c.name, checkPass, c.holds(s, in)}, nil
}

// detail is the refusal in one line. A rule is named in the message already; how a session came to
// be closed is not.
func (d *Denial) detail() string {
	if d.Code == SessionRevoked && d.EvaluatedPolicy != "" {
		return d.Message + ": " + d.EvaluatedPolicy
	}
	return d.Message
}

// OpenSession returns the session that a call of this agent, transport and capability would use
// now; false where none is open. It wants the files that Needs names for ExplainAccess.
func (e *Engine) OpenSession(in In, c Call) (session.Grant, bool) {
	s := e.subject(c)
	if s.checkRootKey(in) != nil || s.checkCapability(in) != nil || s.checkSession(in) != nil {
		return session.Grant{}, false
	}
	return s.grant, s.grant.ID != ""
}
