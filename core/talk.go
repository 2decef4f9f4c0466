package core

import "sync/atomic"

// talk is the conversation of a flow with its shell: steps out, events in. It lets a flow be
// straight code, in which asking the shell for a step is a call that returns the event. iter.Pull
// parks that code between two Resumes without a go statement, in a WebAssembly module as well.
type talk struct {
	in     In      // of Begin, or of the last Resume
	event  Event   // of the last Resume
	runner *runner // nil: the flow is over, or it panicked
	yield  func(Step) bool
	end    Step // nil until the flow is over
	// turn is the flow that asked for the step under way: in a test of all services, the one that
	// tries the service whose turn it is. It may be read beside Resume, so it is set only once
	// what Revoked looks at is settled.
	turn atomic.Pointer[Flow]
	// dropped says that nobody will answer any more: every step fails at once, until the flow's
	// code has returned.
	dropped bool
}

// start runs the code of a flow up to its first step.
func (f *Flow) start(in In, code func() Done) Step {
	f.talk = &talk{in: in, runner: f.engine.runners.take(f, code)}
	f.engine.parked.Add(1)
	return f.proceed()
}

// live is the code of a flow from its beginning to its end.
func (f *Flow) live(yield func(Step) bool, code func() Done) {
	defer f.engine.parked.Add(-1)
	defer f.abandon()
	f.talk.yield = yield
	f.talk.end = f.over(code())
}

// proceed runs the code of a flow up to its next step, or to its end.
func (f *Flow) proceed() Step {
	t := f.talk
	if r := t.runner; r != nil {
		t.runner = nil // a coroutine that panics runs nothing more
		step, _ := r.pull()
		if t.end == nil {
			t.runner = r
			return step
		}
		f.engine.runners.give(r)
	}
	if t.end == nil {
		return Done{Denial: f.deny(Internal)}
	}
	return t.end
}

// in is what came with the last event.
func (f *Flow) in() In { return f.talk.in }

// do asks the shell for a step and returns the event. With a denial the flow was stopped, or
// dropped, and goes no further than to its last record.
func (f *Flow) do(s Step) (Event, *Denial) {
	t := f.talk
	t.turn.Store(f)
	if t.dropped || !t.yield(s) || t.dropped {
		t.dropped = true
		return nil, Deny(Cancelled, f.call)
	}
	if s, ok := t.event.(Stopped); ok && !f.closing {
		return nil, f.stopped(s)
	}
	return t.event, nil
}

// abandon gives back what a flow holds whose code panicked, as if it had been dropped: a shell that
// has caught the panic may know nothing of the flow.
func (f *Flow) abandon() {
	if f.talk.end != nil {
		return
	}
	f.talk.dropped = true
	if part := f.talk.turn.Load(); part != nil {
		part.release()
	}
	f.release()
}

// commit makes writes and records durable. why says in the refusal what could not be written.
func (f *Flow) commit(c Commit, why string) (Committed, *Denial) {
	ev, d := f.do(c)
	if d != nil {
		return Committed{}, d
	}
	if done, ok := ev.(Committed); ok && !done.Err {
		return done, nil
	}
	d = f.failure(AuditUnavailable, why)
	// The log cannot take a record of its own failure; what failed beside a write may be the write.
	d.unrecorded = len(c.Records) > 0 && len(c.Writes) == 0
	return Committed{}, d
}

// stopped is the refusal of a flow that was ended from outside.
func (f *Flow) stopped(s Stopped) *Denial {
	f.got(s.Bytes)
	code := Cancelled
	switch {
	case s.Why == StopRevoked && f.locked.Load():
		code = Locked
	case s.Why == StopRevoked:
		code = SessionRevoked
	}
	return Deny(code, f.call)
}
