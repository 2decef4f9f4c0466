package core

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/session"
)

const (
	// maxPath bounds, in characters, how much of a path a person is shown.
	maxPath = 2000
	// retryAfterSeconds is when an agent may look again for an answer that did not come while it
	// waited.
	retryAfterSeconds = 10
)

// request is what a yes of a person is bound to: the call as the agent wrote it, and where it goes.
func (e *Engine) request(c Call) (approval.Request, bool) {
	p, ok := e.config.Capabilities[c.Args.Capability]
	if !ok || p.AutoApprove {
		return approval.Request{}, false
	}
	return approval.Request{
		Via:        c.Via,
		Agent:      c.Agent,
		Capability: c.Args.Capability,
		Service:    p.Service,
		Method:     c.Args.Method,
		URL:        e.config.Services[p.Service].Base.String() + c.Args.Path,
		Headers:    c.Args.Headers,
		Body:       c.Args.Body,
	}, true
}

// askPerson waits for the answer to the question about exactly this request, which an earlier call
// may have asked. nil: the call goes on, in the session that it was given, if any.
func (f *Flow) askPerson() *Denial {
	r, _ := f.engine.request(f.call)
	digest := r.Digest()
	q, known := f.knownQuestion(digest)
	if id := f.call.Args.ApprovalID; id != "" && (!known || id != q.ID) {
		return f.deny(ApprovalExpired).because(
			fmt.Sprintf("approvalId %.64q does not belong to this request, or no longer does", id),
			"",
			"an approval applies to exactly the request that it was asked for: repeat that "+
				"request unchanged. For another request leave approvalId out; your user is "+
				"asked about it")
	}
	if known {
		f.question = q
		if d, over := f.await(false); over {
			return d
		}
	}
	fresh, d := f.raise(digest)
	if d != nil {
		return d
	}
	if d, over := f.await(fresh); over {
		return d
	}
	return f.deny(ApprovalExpired) // one call asks once
}

func (f *Flow) knownQuestion(digest string) (Question, bool) {
	data := f.in().Files[approval.File(digest)]
	q, err := approval.DecodeQuestion(f.engine.stateKey, data)
	return q, err == nil && q.Digest == digest && q.Recent(f.in().Now.Wall)
}

// raise asks a person about this request, if there is room for one more question. A question that
// another process raised in the meantime is as good as an own one. An agent that claims to have an
// approval is told that it has none before anybody is asked again.
func (f *Flow) raise(digest string) (fresh bool, d *Denial) {
	if f.call.Args.ApprovalID != "" {
		return false, f.deny(ApprovalExpired)
	}
	if d := f.listQuestions(); d != nil {
		return false, d
	}
	in, key, name := f.in(), f.engine.stateKey, approval.File(digest)
	over := f.question.ID
	f.question = Question{}
	data, there := in.Files[name]
	q, err := approval.DecodeQuestion(key, data)
	if err == nil && q.ID != over && q.Digest == digest && q.Live(in.Now.Wall) {
		f.question = q
		return false, nil
	}
	if approval.Full(key, in.Files, f.call.Agent, in.Now.Wall) {
		return false, f.deny(Busy).because("too many questions already wait for a person", "",
			"tell your user to answer what `janee approvals` shows, then repeat the call")
	}
	f.question = f.newQuestion(digest)
	return f.writeQuestion(name, replacing(there))
}

// listQuestions has all questions put into In.Files.
func (f *Flow) listQuestions() *Denial {
	ev, d := f.do(List{Dir: approval.Dir})
	if d != nil {
		return d
	}
	if l, ok := ev.(Listed); !ok || l.Err {
		return f.failure(AuditUnavailable, "the questions that wait for a person cannot be read")
	}
	return nil
}

// writeQuestion writes the question, and removes those that are long over. Of several processes
// that write at once one does; the others wait for the answer to its question.
func (f *Flow) writeQuestion(name string, when If) (fresh bool, d *Denial) {
	in, key := f.in(), f.engine.stateKey
	stale := slices.DeleteFunc(approval.Stale(key, in.Files, in.Now.Wall),
		func(old string) bool { return old == name })
	c, d := f.commit(Commit{
		Writes:  []Write{{Name: name, Data: f.question.Encode(key), If: when}},
		Removes: stale,
		Records: []Record{f.record("ask")},
	}, "the question to a person cannot be written")
	if d != nil {
		return false, d
	}
	winner, lost := c.Exists[name]
	if !lost {
		return true, nil
	}
	q, err := approval.DecodeQuestion(key, winner)
	if err != nil || q.Digest != f.question.Digest {
		return false, f.failure(Internal, "the question to a person was replaced")
	}
	f.question = q
	return false, nil
}

// newQuestion says what the API would be sent, and not what the agent says about it.
func (f *Flow) newQuestion(digest string) Question {
	c, in := &f.call, f.in()
	q := Question{
		ID:         hex.EncodeToString(in.Rand[32:48]),
		Agent:      c.Agent,
		Via:        c.Via,
		Capability: c.Args.Capability,
		Service:    f.service.Name,
		Method:     f.judged.Method(),
		Host:       f.service.Base.Host(),
		Path:       shownPath(f.service.Base.Path() + f.judged.Target()),
		BodyBytes:  int64(len(c.Args.Body)),
		Reason:     firstRunes(c.Args.Reason, maxReason),
		Digest:     digest,
		Asked:      in.Now.Wall,
		Expires:    in.Now.Wall + approval.Lifetime,
	}
	if len(c.Args.Body) > 0 {
		sum := sha256.Sum256(c.Args.Body)
		q.BodySHA256 = hex.EncodeToString(sum[:])
	}
	if f.engine.elicits() {
		q.Code = approval.NewCode([6]byte(in.Rand[48:54]))
	}
	return q
}

// shownPath says so where a path goes on: a person must not take the beginning for the whole.
func shownPath(path string) string {
	if cut := firstRunes(path, maxPath); cut != path {
		return cut + "…"
	}
	return path
}

// await waits for an answer. over is false where the question has come to its end without one.
func (f *Flow) await(fresh bool) (d *Denial, over bool) {
	ask := f.asking(fresh)
	for {
		ev, d := f.do(ask)
		if d != nil {
			return d, true
		}
		switch ev := ev.(type) {
		case Answered:
			return f.heard()
		case Said:
			d = f.said(ev)
		case Filled:
			ask.Wrong, d = f.filled(ev)
		default:
			d = f.failure(Internal, "")
		}
		if d != nil {
			return d, true
		}
		ask.New = false
	}
}

// heard goes by what the files say when the wait is over, whatever the shell made of it.
func (f *Flow) heard() (d *Denial, over bool) {
	if d := f.checkSession(f.in()); d != nil {
		return d, true
	}
	if f.grant.ID != "" { // another call was given a session that serves this one too
		if d := f.enter(); d != nil {
			return d, true
		}
		f.question = Question{}
		return nil, true
	}
	switch s := f.standing(f.in()); s.State {
	case approval.Allowed:
		return f.spend(s.Answer), true
	case approval.Denied:
		return f.deny(ApprovalDenied), true
	case approval.Open:
		return f.pending(), true
	case approval.Damaged:
		return f.deny(ApprovalDenied).because(
			"the answer to the question cannot be read, so it counts as a denial", "",
			"tell your user that the answer to approval "+f.question.Short()+
				" was not written by this home, or was changed"), true
	}
	return nil, false
}

// asking is the step that waits as long as calls wait for a person, and not longer than the
// question does.
func (f *Flow) asking(fresh bool) Ask {
	q, now := f.question, f.in().Now
	if !f.engine.elicits() { // it was allowed when the question was raised
		q.Code = ""
	}
	watch := append(f.watch(), session.File(f.pair), approval.AnswerFile(q.ID),
		approval.UsedFile(q.ID))
	if q.Code != "" {
		watch = append(watch, approval.CodesFile(q.ID))
	}
	most := f.began + f.engine.config.Approvals.Wait.Milliseconds()
	return Ask{
		Question: q,
		New:      fresh,
		Wait:     min(most, now.Mono+max(0, q.Expires-now.Wall)),
		Watch:    watch,
	}
}

// Settled reports whether the files that an Ask watches, as found now, end the wait.
func (f *Flow) Settled(in In) bool {
	if f.standing(in).State != approval.Open {
		return true
	}
	_, open := f.engine.grant(in, f.pair, in.Files[session.File(f.pair)], f.capability, f.service)
	return open
}

// standing says what the question has come to. Where there is a PIN, a yes that was given without
// it ends the question and allows nothing: the next one is asked again, over the channel that asks
// for the PIN.
func (f *Flow) standing(in In) approval.Standing {
	s := f.question.Standing(f.engine.stateKey, in.Files, in.Now.Wall)
	if s.State == approval.Allowed && f.engine.hasPIN() && !s.Answer.HeardWithPIN() {
		return approval.Standing{State: approval.Expired}
	}
	return s
}

// pending tells the agent what to tell its person.
func (f *Flow) pending() *Denial {
	q := f.question
	id := q.Short()
	d := f.deny(ApprovalPending).because(
		"a person must approve this request before it is sent, and nobody has answered yet", "",
		fmt.Sprintf("tell your user: `janee approve %s` approves this one request, "+
			"`janee deny %s` denies it, "+
			"`janee approvals` shows what waits. Then repeat exactly the same call; anything "+
			"that differs is a new question",
			id, id))
	d.ApprovalID, d.ExpiresAt = q.ID, clock(q.Expires)
	d.RetryAfterSeconds = retryAfterSeconds
	return d
}

// spend takes the yes. Of several calls that found it one gets it; the mark is durable before
// anything is opened or sent. A call that its limits keep out leaves the yes to be found by the
// next.
func (f *Flow) spend(a approval.Answer) *Denial {
	if d := f.take(); d != nil {
		return d
	}
	name := approval.UsedFile(f.question.ID)
	mark := approval.Used{ID: f.question.ID, Req: f.id, At: f.in().Now.Wall}
	write := Write{Name: name, Data: mark.Encode(f.engine.stateKey), If: Absent}
	c, d := f.commit(Commit{Writes: []Write{write}}, "the approval cannot be marked as used")
	if d != nil {
		return d
	}
	if _, lost := c.Exists[name]; lost {
		return f.deny(ApprovalExpired).because("another call has used this approval", "", "")
	}
	if a.Scope == approval.Session {
		return f.openSession(f.question.ID, a.Until)
	}
	return nil
}
