package core

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/session"
)

const (
	// maxPath bounds, in characters, how much of a path a person is shown.
	maxPath = 2000
	// retryAfterSeconds is when an agent may look again for an answer that did not come while it waited.
	retryAfterSeconds = 10
	// shownID is how many digits of an id stand in a command for a person.
	shownID = 8
)

// request is what a yes of a person is bound to: the call as the agent wrote it, and where it goes.
func (e *Engine) request(c Call) (approval.Request, bool) {
	p, ok := e.config.Capabilities[c.Capability]
	if !ok || p.AutoApprove {
		return approval.Request{}, false
	}
	return approval.Request{Via: c.Via, Agent: c.Agent, Capability: c.Capability, Service: p.Service, Method: c.Method,
		URL: e.config.Services[p.Service].Base.String() + c.Path, Headers: c.Headers, Body: c.Body}, true
}

// askPerson waits for the answer to the question about exactly this request, which an earlier call may have raised.
func (f *Flow) askPerson(in In) Step {
	r, _ := f.engine.request(f.call)
	f.digest = r.Digest()
	q, err := approval.DecodeQuestion(f.engine.stateKey, in.Files[approval.File(f.digest)])
	known := err == nil && q.Digest == f.digest && q.Recent(in.Now.Wall)
	if id := f.call.ApprovalID; id != "" && (!known || id != q.ID) {
		return f.deny(in, Deny(ApprovalExpired, f.call).because(fmt.Sprintf("approvalId %.64q does not stand for this request, or not any more", id), "",
			"an approval holds for exactly the request that it was asked for: repeat that one unchanged. For another request leave approvalId out; your person is asked about it"))
	}
	if !known {
		return f.raise(in)
	}
	f.question = q
	return f.await(in, false)
}

// raise asks a person about this request. An agent that claims to have an approval is told that it has none before anybody is asked again.
func (f *Flow) raise(in In) Step {
	if f.call.ApprovalID != "" || f.raised {
		return f.deny(in, Deny(ApprovalExpired, f.call))
	}
	f.raised = true
	f.next = f.queued
	return List{Dir: approval.Dir}
}

// queued writes the question if there is room for one. A question that another process raised in the meantime is as good as an own one.
func (f *Flow) queued(in In, ev Event) Step {
	if l, ok := ev.(Listed); !ok || l.Err {
		return f.fail(in, AuditUnavailable, "the questions that wait for a person cannot be read")
	}
	key, name := f.engine.stateKey, approval.File(f.digest)
	over := f.question.ID
	f.question = Question{}
	data, there := in.Files[name]
	if q, err := approval.DecodeQuestion(key, data); err == nil && q.ID != over && q.Digest == f.digest && q.Live(in.Now.Wall) {
		f.question = q
		return f.await(in, false)
	}
	if approval.Full(key, in.Files, f.call.Agent, in.Now.Wall) {
		return f.deny(in, Deny(Busy, f.call).because("too many questions wait for a person already", "",
			"tell your person to answer what `janee approvals` shows, then repeat the call"))
	}
	q := f.ask(in)
	var stale []string
	for _, old := range approval.Stale(key, in.Files, in.Now.Wall) {
		if old != name {
			stale = append(stale, old)
		}
	}
	f.question = q
	f.next = f.asked
	return Commit{Writes: []Write{{Name: name, Data: q.Encode(key), Create: !there}}, Removes: stale, Records: []Record{f.record(in, "ask")}}
}

// ask makes the question: what the API would be sent, and not what the agent says about it.
func (f *Flow) ask(in In) Question {
	c := f.call
	q := Question{ID: hex.EncodeToString(in.Rand[32:48]), Agent: c.Agent, Via: c.Via, Capability: c.Capability, Service: f.service.Name,
		Method: f.judged.Method(), Host: f.service.Base.Host(), Path: shownPath(f.service.Base.Path() + f.judged.Target()),
		BodyBytes: int64(len(c.Body)), Reason: firstRunes(c.Reason, maxReason), Digest: f.digest, Asked: in.Now.Wall, Expires: in.Now.Wall + approval.Lifetime}
	if len(c.Body) > 0 {
		sum := sha256.Sum256(c.Body)
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

func (f *Flow) asked(in In, ev Event) Step {
	c, ok := ev.(Committed)
	if !ok || c.Err {
		return f.fail(in, AuditUnavailable, "the question to a person cannot be written")
	}
	winner, lost := c.Exists[approval.File(f.digest)]
	if !lost {
		return f.await(in, true)
	}
	q, err := approval.DecodeQuestion(f.engine.stateKey, winner)
	if err != nil || q.Digest != f.digest {
		return f.fail(in, Internal, "the question to a person was replaced")
	}
	f.question = q
	return f.await(in, false)
}

// await waits as long as calls wait for a person, and not longer than the question does.
func (f *Flow) await(in In, fresh bool) Step {
	f.next = f.heard
	q := f.question
	if !f.engine.elicits() { // it was allowed when the question was raised
		q.Code = ""
	}
	wait := min(f.began+f.engine.config.Approvals.Wait.Milliseconds(), in.Now.Mono+max(0, q.Expires-in.Now.Wall))
	return Ask{Question: q, New: fresh, Wait: wait,
		Watch: append(f.watch(), session.File(f.pair), approval.AnswerFile(q.ID), approval.UsedFile(q.ID))}
}

// Settled reports whether the files that an Ask watches, as found now, end the wait.
func (f *Flow) Settled(in In) bool {
	if f.stands(in).State != approval.Open {
		return true
	}
	_, open := f.engine.grant(in, f.pair, in.Files[session.File(f.pair)], f.capability, f.service)
	return open
}

// stands says what the question has come to. Where there is a PIN, a yes that was given without it
// ends the question and allows nothing: the next one is asked again, over the channel that asks for
// the PIN.
func (f *Flow) stands(in In) approval.Standing {
	s := f.question.Stands(f.engine.stateKey, in.Files, in.Now.Wall)
	if s.State == approval.Allowed && f.engine.hasPIN() && !s.Answer.HeardWithPIN() {
		return approval.Standing{State: approval.Expired}
	}
	return s
}

// heard goes by what the files say when the wait is over, whatever the shell made of it.
func (f *Flow) heard(in In, ev Event) Step {
	if _, ok := ev.(Answered); !ok {
		return f.fail(in, Internal, "")
	}
	if d := f.checkSession(in); d != nil {
		return f.deny(in, d)
	}
	if f.grant.ID != "" { // another call was given a session that serves this one too
		if d := f.take(in); d != nil {
			return f.deny(in, d)
		}
		f.session, f.question = f.grant.ID, Question{}
		return f.commitIntent(in)
	}
	s := f.stands(in)
	switch s.State {
	case approval.Allowed:
		return f.spend(in, s.Answer)
	case approval.Denied:
		return f.deny(in, Deny(ApprovalDenied, f.call))
	case approval.Open:
		return f.deny(in, f.pending())
	case approval.Damaged:
		return f.deny(in, Deny(ApprovalDenied, f.call).because("the answer to the question cannot be read, so it counts as no", "",
			"tell your person that the answer to approval "+f.question.ID[:shownID]+" was not written by this home, or was changed"))
	}
	return f.raise(in)
}

// pending tells the agent what to tell its person.
func (f *Flow) pending() *Denial {
	q := f.question
	id := q.ID[:min(shownID, len(q.ID))]
	d := Deny(ApprovalPending, f.call).because("a person has to say yes before this request is sent, and nobody has answered yet", "",
		fmt.Sprintf("tell your person: `janee approve %s` lets this one request through, `janee deny %s` refuses it, `janee approvals` shows what is asked. "+
			"Then repeat exactly the same call; anything that differs is a new question", id, id))
	d.ApprovalID, d.ExpiresAt, d.RetryAfterSeconds = q.ID, time.UnixMilli(q.Expires).UTC().Format(time.RFC3339), retryAfterSeconds
	return d
}

// spend takes the yes. Of several calls that found it one gets it; the mark stands before anything is opened or sent. A call that its limits
// keep out leaves the yes to be found by the next.
func (f *Flow) spend(in In, a approval.Answer) Step {
	if d := f.take(in); d != nil {
		return f.deny(in, d)
	}
	name := approval.UsedFile(f.question.ID)
	f.next = func(in In, ev Event) Step {
		c, ok := ev.(Committed)
		if !ok || c.Err {
			return f.fail(in, AuditUnavailable, "the approval cannot be marked as used")
		}
		if _, lost := c.Exists[name]; lost {
			return f.deny(in, Deny(ApprovalExpired, f.call).because("another call has used this approval", "", ""))
		}
		if a.Scope == approval.Session {
			return f.openSession(in, f.question.ID, a.Until, !f.stored)
		}
		return f.commitIntent(in)
	}
	mark := approval.Used{ID: f.question.ID, Req: f.req, At: in.Now.Wall}
	return Commit{Writes: []Write{{Name: name, Data: mark.Encode(f.engine.stateKey), Create: true}}}
}
