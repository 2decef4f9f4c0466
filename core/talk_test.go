package core

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/session"
)

// TestADroppedFlowLeavesNothing drops a call at each of its steps: whoever gives a call up must not
// keep its stack, and nothing may be asked of the shell any more.
func TestADroppedFlowLeavesNothing(t *testing.T) {
	for at := range 6 {
		h := newHouse(t, houseConfig)
		before := runtime.NumGoroutine()
		c := get("stripe", "/x")
		f, step := h.engine.Begin(h.in(h.engine.Needs(c)), c)
		for range at {
			if step != nil {
				step = f.Resume(h.in(h.seen(step)), h.after(step))
			}
		}
		_, over := step.(Done)
		if n := h.engine.Parked(); over != (n == 0) {
			t.Errorf("after %d steps %d flows are parked, at %T", at, n, step)
		}
		records := len(h.records)
		f.Drop()
		f.Drop()
		if n := h.engine.Parked(); n != 0 || len(h.records) != records {
			t.Errorf("after %d steps a drop leaves %d flows", at, n)
		}
		if _, ended := f.Resume(h.in(nil), Answered{}).(Done); !ended {
			t.Errorf("after %d steps a dropped flow goes on", at)
		}
		h.engine.Close()
		for range 100 {
			if runtime.NumGoroutine() <= before {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("after %d steps %d stacks more than before", at, n-before)
		}
	}
}

// after is what a shell answers to a step in which nothing goes wrong.
func (h *house) after(step Step) Event {
	switch s := step.(type) {
	case Commit:
		return h.commit(s)
	case Send:
		return Head{Status: 200}
	}
	return Ended{}
}

// TestAPanicLeavesNothing: a flow that panicked is over, and its panic reaches the shell, which
// takes nothing of it up again.
func TestAPanicLeavesNothing(t *testing.T) {
	h := newHouse(t, houseConfig)
	c := get("stripe", "/x")
	f, _ := h.engine.Begin(h.in(h.engine.Needs(c)), c)
	f.engine = nil // what the next step needs
	if !panics(func() { f.Resume(h.in(nil), Committed{}) }) {
		t.Fatal("it did not panic")
	}
	done, ok := f.Resume(h.in(nil), Committed{}).(Done)
	if !ok || done.Denial == nil || done.Denial.Code != Internal {
		t.Errorf("after a panic: %+v", done)
	}
	f.Drop()
	if n := h.engine.Parked(); n != 0 {
		t.Errorf("%d flows are parked", n)
	}
}

// TestAPanicGivesBackWhatTheCallHeld: a shell that has caught the panic may have no flow to drop.
func TestAPanicGivesBackWhatTheCallHeld(t *testing.T) {
	tour := Call{Caller: get("c", "/x").Caller, Tool: TestService}
	for name, c := range map[string]Call{"execute": get("c", "/x"), "tour": tour} {
		h := limitedHouse(t, "", "concurrent: 1")
		f, step := h.halfway(c, 0)
		for f.inTurn().usage.ticket == nil {
			step = f.Resume(h.in(nil), h.obey(f, step, nil))
		}
		if n := h.under(c); n != 1 {
			t.Fatalf("%s: %d under way", name, n)
		}
		f.inTurn().service = nil
		if !panics(func() { h.commits(f, step) }) {
			t.Fatalf("%s did not panic", name)
		}
		if n, parked := h.under(c), h.engine.Parked(); n != 0 || parked != 0 {
			t.Errorf("%s: after a panic %d calls are under way, %d flows parked", name, n, parked)
		}
	}
}

// TestADroppedCallIsNoRefusal: a call that was given up has no record, so it must neither take the
// count of refusals without one into a record that nobody writes, nor be one of them.
func TestADroppedCallIsNoRefusal(t *testing.T) {
	h := newHouse(t, houseConfig)
	c := get("stripe", "/x")
	missed := int64(1)
	for {
		if ok, _ := h.engine.limits.Record(h.now.Mono, c.account(""), 0); !ok {
			break
		}
	}
	for range 2 {
		f, _ := h.engine.Begin(h.in(h.engine.Needs(c)), c)
		f.Drop()
		h.now.Mono += hour // there is room for records again
	}
	h.refused(get("none", "/x"), CapabilityNotFound)
	if got := h.records[0].Detail["unrecorded"]; got != fmt.Sprint(missed) {
		t.Errorf("%q refusals are said to be without a record, not %d", got, missed)
	}
}

// TestAQuestionThatCannotBeWrittenIsRecorded: it may be the file that failed, and not the log.
func TestAQuestionThatCannotBeWrittenIsRecorded(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.failCommit = func(c Commit) bool { return len(c.Writes) > 0 }
	h.refused(get("asked", "/x"), AuditUnavailable)
	if got := h.events(); got != "deny AUDIT_UNAVAILABLE" {
		t.Errorf("recorded %q", got)
	}
}

// TestRevokedBesideATour is for the race detector: while a shell goes from one service to the next,
// the look at the files that watched the request before may not have ended.
func TestRevokedBesideATour(t *testing.T) {
	const services = 50
	var list, caps strings.Builder
	for n := range services {
		fmt.Fprintf(&list, "  s%d: {baseUrl: https://s%d.example, testPath: /x, "+
			"auth: {type: bearer, key: key_of_service_%d}}\n", n, n, n)
		fmt.Fprintf(&caps, "  s%d: {service: s%d}\n", n, n)
	}
	h := newHouse(t, "services:\n"+list.String()+"capabilities:\n"+caps.String())
	tour := Call{Caller: get("s0", "/x").Caller, Tool: TestService}
	f, step := h.engine.Begin(h.in(h.engine.Needs(tour)), tour)
	in, watching := h.in(nil), make(chan struct{})
	var over atomic.Bool
	go func() {
		defer close(watching)
		for !over.Load() {
			f.Revoked(in)
		}
	}()
	for _, more := step.(Done); !more; _, more = step.(Done) {
		step = f.Resume(h.in(nil), h.obey(f, step, new(bytes.Buffer)))
	}
	over.Store(true)
	<-watching
	if len(h.sent) != services {
		t.Errorf("%d services were tried", len(h.sent))
	}
}

func TestNextEngineKnowsTheFlowsOfTheOneBefore(t *testing.T) {
	h := newHouse(t, houseConfig)
	f, _ := h.engine.Begin(h.in(nil), get("stripe", "/x"))
	next := h.engine.Next(h.parse(houseConfig), h.vault)
	if n := next.Parked(); n != 1 {
		t.Errorf("%d flows are parked after a reload, not 1", n)
	}
	f.Drop()
	if n := next.Parked(); n != 0 {
		t.Errorf("%d flows are parked after the drop", n)
	}
}

func panics(do func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	do()
	return false
}

// TestAnOrderBetweenTheChecksAndTheGrant: a session that the owner closes while it opens is not
// opened, and an order about another agent does not stop it.
func TestAnOrderBetweenTheChecksAndTheGrant(t *testing.T) {
	closures := func(h *house, agent string) []byte {
		return session.Closures{{
			Agent: agent,
			At:    h.now.Wall,
			Until: h.now.Wall + hour,
		}}.Encode(h.vault.Key("state"))
	}
	for name, c := range map[string]struct {
		file string
		data func(*house) []byte
		want string
	}{
		"lock": {session.LockFile, func(*house) []byte { return []byte{} }, Locked},
		"closed": {session.ClosedFile, func(h *house) []byte { return closures(h, "claude-ai") },
			SessionRevoked},
		"another": {session.ClosedFile,
			func(h *house) []byte { return closures(h, "another") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, houseConfig)
			h.before = func(s Step) Event {
				if commit, ok := s.(Commit); ok && len(commit.Holds) > 0 && h.files[c.file] == nil {
					h.files[c.file] = c.data(h)
				}
				return nil
			}
			call := get("stripe", "/x")
			if c.want == "" {
				h.allowed(call)
				return
			}
			h.refused(call, c.want)
			if _, opened := h.openSession(call); opened {
				t.Error("the session is open")
			}
		})
	}
}

// TestFlowsShareTheirStacks: one call after the other takes no new coroutine, and as many as come
// at once leave a bounded number behind.
func TestFlowsShareTheirStacks(t *testing.T) {
	h := newHouse(t, houseConfig)
	for range 3 {
		h.allowed(get("stripe", "/x"))
	}
	if n := len(h.engine.runners.idle); n != 1 {
		t.Errorf("%d coroutines after one call at a time", n)
	}
	var flows []*Flow
	for range 3 * maxIdle {
		f, _ := h.engine.Begin(h.in(nil), get("stripe", "/x"))
		flows = append(flows, f)
	}
	for _, f := range flows {
		f.Drop()
	}
	if n := len(h.engine.runners.idle); n != maxIdle {
		t.Errorf("%d coroutines are kept", n)
	}
	h.engine.Close()
	if h.allowed(get("stripe", "/x")); len(h.engine.runners.idle) != 1 {
		t.Error("an engine that was closed keeps no coroutine")
	}
}
