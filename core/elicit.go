package core

import "github.com/true-and-useful/janee/core/approval"

// byElicitation names, in answers and records, the form that the agent's own client shows.
const byElicitation = "elicitation"

// elicits reports whether the agent's client may ask the person too. It cannot ask for the PIN, so
// it says no yes where there is one.
func (e *Engine) elicits() bool {
	return e.config.Approvals.Elicitation && !e.hasPIN()
}

// hasPIN reports whether a yes needs the PIN: by the configuration of the calls that e decides, or
// by the one that is in force now.
func (e *Engine) hasPIN() bool { return e.config.Approvals.PIN != "" || e.pinned.Load() }

// TakesYes reports whether a yes counts that comes over a channel that does not ask for the PIN.
func (f *Flow) TakesYes() bool { return !f.engine.hasPIN() }

// said takes an answer over such a channel. A yes for a session ends when its capability's ttl as
// it is now is over: that is what the person saw.
func (f *Flow) said(s Said) *Denial {
	if s.Decision != approval.Deny && !f.TakesYes() {
		return nil
	}
	return f.writeAnswer(s.Decision, s.Scope, s.By)
}

// writeAnswer records what a person has said, then makes it count. The first answer is the one that
// counts.
func (f *Flow) writeAnswer(decision, scope, by string) *Denial {
	a, r := Say(f.question, decision, scope, by, f.in().Now.Wall, f.capability.TTL.Milliseconds())
	if _, d := f.commit(Commit{Records: []Record{r}}, ""); d != nil {
		return d
	}
	name := approval.AnswerFile(a.ID)
	write := Write{Name: name, Data: a.Encode(f.engine.stateKey), If: Absent}
	c, d := f.commit(Commit{Writes: []Write{write}}, "the answer cannot be written")
	if d != nil {
		return d
	}
	found, late := c.Exists[name]
	if !late {
		return nil
	}
	_, d = f.commit(Commit{Records: []Record{Late(r, f.engine.stateKey, found)}}, "")
	return d
}

// filled takes a form. The right code proves that a person looked elsewhere than where the agent's
// host can; a no needs no proof. With a wrong code the question stays open.
func (f *Flow) filled(form Filled) (wrong bool, d *Denial) {
	if form.Decision == approval.Deny {
		return false, f.writeAnswer(approval.Deny, approval.Once, byElicitation)
	}
	q := f.question
	allowed, d := f.countTry()
	if d != nil || !allowed {
		return false, d
	}
	once := form.Decision == approval.Once || form.Decision == approval.Session
	if f.engine.elicits() && q.HasCode(form.Code) && once && q.Live(f.in().Now.Wall) {
		return false, f.writeAnswer(approval.Allow, form.Decision, byElicitation)
	}
	_, r := Say(q, approval.Deny, approval.Once, byElicitation, f.in().Now.Wall, 0)
	r.Event, r.Decision = "code.wrong", ""
	r.Detail = map[string]string{"by": byElicitation, "approval": q.ID}
	_, d = f.commit(Commit{Records: []Record{r}}, "")
	return true, d
}

// TakesCode reports whether a form about the question of the pending Ask may be shown, by its files
// as found now: no more of them are once too many codes were wrong.
func (f *Flow) TakesCode(in In) bool {
	if f.asking(false).Question.Code == "" {
		return false
	}
	data, there := in.Files[approval.CodesFile(f.question.ID)]
	tries, ok := f.tries(data, there)
	return ok && tries.Wrong < approval.MaxCodes
}

// countTry counts a code before it is judged: ending the process must not give the try back, and
// many calls together have no more tries than one.
func (f *Flow) countTry() (allowed bool, d *Denial) {
	name := approval.CodesFile(f.question.ID)
	data, there := f.in().Files[name]
	for {
		tries, ok := f.tries(data, there)
		if !ok || tries.Wrong >= approval.MaxCodes {
			return false, nil
		}
		when := Absent
		if there {
			when = Equal(data)
		}
		tries.Wrong, tries.At = tries.Wrong+1, f.in().Now.Wall
		write := Write{Name: name, Data: tries.Encode(f.engine.stateKey), If: when}
		c, d := f.commit(Commit{Writes: []Write{write}}, "a code cannot be counted")
		if d != nil {
			return false, d
		}
		lost := false
		if data, lost = c.Exists[name]; !lost {
			return true, nil
		}
		there = true
	}
}

func (f *Flow) tries(data []byte, there bool) (approval.Tries, bool) {
	t, err := approval.DecodeTries(f.engine.stateKey, data)
	return t, err == nil && (data != nil || !there)
}
