package core

import "github.com/true-and-useful/janee/core/approval"

// ByElicitation names, in answers and records, the form that the agent's own client shows.
const ByElicitation = "elicitation"

// What a person may choose in that form.
const (
	ElicitOnce    = approval.Once
	ElicitSession = approval.Session
	ElicitDeny    = approval.Deny
)

// elicits reports whether the agent's client may ask the person too. It cannot ask for the PIN, so it says no yes where there is one.
func (e *Engine) elicits() bool {
	return e.config.Approvals.Elicitation && !e.hasPIN()
}

// hasPIN reports whether a yes needs the PIN: by the configuration of the calls that e decides, or
// by the one that is in force now.
func (e *Engine) hasPIN() bool { return e.config.Approvals.PIN != "" || e.pinned.Load() }

// CodesFile names the state file that counts the codes tried for the question of the pending Ask.
func (f *Flow) CodesFile() string { return approval.CodesFile(f.question.ID) }

// CountCode counts a try, by CodesFile as found now, before it is judged: ending the process must not give it back. The shell holds the lock of the
// home from the read to the write. left is how many tries there are after this one; -1: not even this one is allowed, and there is nothing to write.
func (f *Flow) CountCode(in In) (w Write, left int) {
	name := f.CodesFile()
	data, there := in.Files[name]
	tries, err := approval.DecodeTries(f.engine.stateKey, data)
	if there && data == nil || err != nil || tries.Wrong >= approval.MaxCodes {
		return Write{}, -1
	}
	tries.Wrong, tries.At = tries.Wrong+1, in.Now.Wall
	return Write{Name: name, Data: tries.Encode(f.engine.stateKey)}, approval.MaxCodes - int(tries.Wrong)
}

// Said takes what a person said to the question of the pending Ask over a channel that does not ask
// for the PIN. A yes for a session ends when its capability's ttl as it is now is over: that is
// what the person saw. false: there is a PIN, so that a yes does not count there.
func (f *Flow) Said(now int64, decision, scope, by string) (Record, Write, bool) {
	if decision != approval.Deny && f.engine.hasPIN() {
		return Record{}, Write{}, false
	}
	r, w := f.said(now, decision, scope, by)
	return r, w, true
}

func (f *Flow) said(now int64, decision, scope, by string) (Record, Write) {
	a, r := Say(f.question, decision, scope, by, now, f.capability.TTL.Milliseconds())
	return r, Write{Name: approval.AnswerFile(a.ID), Data: a.Encode(f.engine.stateKey), Create: true}
}

// Filled judges a form about the question of the pending Ask that was filled in and sent. The record stands in the log first, then the answer is
// written; nil: it is none, and the question stays open. The right code proves that a person looked elsewhere than where the agent's host can; a no
// needs no proof.
func (f *Flow) Filled(in In, code, decision string) (r Record, answer *Write) {
	q := f.question
	scope, said := decision, approval.Allow
	switch {
	case decision == ElicitDeny:
		scope, said = approval.Once, approval.Deny
	case !f.engine.elicits() || !q.HasCode(code) || decision != ElicitOnce && decision != ElicitSession || !q.Live(in.Now.Wall):
		_, r = Say(q, approval.Deny, approval.Once, ByElicitation, in.Now.Wall, 0)
		r.Event, r.Decision, r.Detail = "code.wrong", "", map[string]string{"by": ByElicitation, "approval": q.ID}
		return r, nil
	}
	r, w := f.said(in.Now.Wall, said, scope, ByElicitation)
	return r, &w
}
