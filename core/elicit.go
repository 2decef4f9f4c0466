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
	return e.config.Approvals.Elicitation && e.config.Approvals.PIN == ""
}

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
	a, r := Say(q, said, scope, ByElicitation, in.Now.Wall, 0)
	return r, &Write{Name: approval.AnswerFile(q.ID), Data: a.Encode(f.engine.stateKey), Create: true}
}
