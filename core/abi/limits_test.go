package abi

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
)

// TestNoSlotIsLost drops a thousand calls, at every step and in every way. One call at once is
// allowed: a slot that is not given back would keep out all that come after.
func TestNoSlotIsLost(t *testing.T) {
	s := newShell(t)
	s.load(limitedConfig)
	for n := range 1000 {
		flow, a := s.call(balance)
		switch n % 5 {
		case 1:
			s.commit(flow, a.Step)
		case 2:
			s.commits(flow, a)
		case 3:
			s.commits(flow, a)
			s.resume(flow, `{"type":"head","status":200,"headers":[]}`)
			s.op([]byte("some"), `{"v":1,"op":"scrub","flow":%d}`, flow)
		case 4:
			s.commits(flow, s.resume(flow, `{"type":"stopped","why":"cancelled"}`))
		}
		s.op(nil, `{"v":1,"op":"drop","flow":%d}`, flow)
		s.op(nil, `{"v":1,"op":"drop","flow":%d}`, flow)
	}
	flow, a := s.call(balance)
	s.refused(balance, "BUSY")
	s.commits(flow, a)
	s.reply(flow, 200, `[]`, "ok")
}

// TestPanicsLoseNoSlot: a call that came to an end by a panic is none that is under way.
func TestPanicsLoseNoSlot(t *testing.T) {
	s := newShell(t)
	i := s.instance
	s.load(limitedConfig)
	flow, a := s.call(balance)
	s.commit(flow, a.Step)
	whole := i.engines[1].chain.lines
	i.engines[1].chain.lines = &audit.Chain{}
	answer := i.Handle(Join(fmt.Appendf(nil,
		`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"committed"}}`, flow, s.moment()), nil))
	if code := codeOf(t, answer); code != internal {
		t.Fatalf("%s: %s", code, answer)
	}
	i.engines[1].chain.lines = whole
	flow, a = s.call(balance)
	if a.Step.Type != "commit" || len(a.Step.Writes)+len(a.Step.Lines) == 0 {
		t.Fatalf("%+v", a.Step)
	}
	if step := s.commits(flow, a); step.Type != "send" {
		t.Errorf("%+v", step)
	}
}

// TestAPanicInsideAFlow: the call is over, the shell hears of a fault, and other calls go on.
func TestAPanicInsideAFlow(t *testing.T) {
	s := newShell(t)
	i := s.instance
	s.load(limitedConfig)
	h := s.op([]byte(balance), `{"v":1,"op":"needs","engine":%d,"tool":"execute",`+
		`"agent":"main","via":"openclaw"}`, s.engine).Flow
	broken := core.New(&config.Config{
		Capabilities: map[string]*config.Capability{"stripe": {Name: "stripe", Service: "gone"}},
	}, nil)
	i.flows[h].decide, i.flows[h].needs = broken, nil
	answer := i.Handle(Join(fmt.Appendf(nil,
		`{"v":1,"op":"begin","flow":%d,%s,"files":[]}`, h, s.moment()), nil))
	if code := codeOf(t, answer); code != internal || bytes.Contains(answer, []byte("nil")) {
		t.Errorf("%s: %s", code, answer)
	}
	if n := broken.Parked(); n != 0 || len(i.flows) != 0 {
		t.Errorf("%d flows are parked, %d kept", n, len(i.flows))
	}
	flow, a := s.call(balance)
	if step := s.commits(flow, a); step.Type != "send" {
		t.Errorf("%+v", step)
	}
}

// TestFloodOfRefusals: what is beyond the bound ends without a record, and what was not recorded is
// told at the end.
func TestFloodOfRefusals(t *testing.T) {
	s := newShell(t)
	s.load(flowConfig)
	ended := 0
	for range 2100 {
		_, a := s.call(`{"capability":"stripe","method":"DELETE","path":"/"}`)
		if a.Step.Type == "done" {
			ended++
			continue
		}
		s.store(a.Step)
	}
	a := s.op(nil, `{"v":1,"op":"unrecorded","engine":%d,"now":[%d,%d]}`, s.engine, s.wall, s.mono)
	if ended < 90 || ended > 100 || len(a.Commit.Lines) != 1 ||
		!strings.Contains(a.Commit.Lines[0], `"detail":{"unrecorded":"`) {
		t.Errorf("%d ended without a record, %q", ended, a.Commit.Lines)
	}
	s.store(&a.Commit)
	s.verified()
}

// TestForgottenCallsAreDropped: a call that is forgotten with its engine, or with everything, does
// not stay parked, and until then a shell can count it.
func TestForgottenCallsAreDropped(t *testing.T) {
	for _, forget := range []string{`"op":"drop","engine":1`, `"op":"wipe"`} {
		s := newShell(t)
		s.load(flowConfig)
		decide := s.instance.engines[1].core
		for range 3 {
			flow, a := s.call(balance)
			s.commits(flow, a)
		}
		a := s.op(nil, `{"v":1,"op":"unrecorded","engine":1,"now":[%d,%d]}`, s.wall, s.mono)
		if a.Parked != 3 {
			t.Errorf("%d of 3 calls are parked", a.Parked)
		}
		s.op(nil, `{"v":1,%s}`, forget)
		if n := decide.Parked(); n != 0 {
			t.Errorf("%s: %d calls are parked for ever", forget, n)
		}
	}
}
