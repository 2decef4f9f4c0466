package toolcalls

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/core"
)

// slowDoer holds every call until it is released, and keeps the callers.
type slowDoer struct {
	release chan struct{}
	began   sync.WaitGroup

	mu      sync.Mutex
	callers []core.Caller
}

func (d *slowDoer) Do(_ context.Context, c core.Call, _ gateway.Client) gateway.Reply {
	d.mu.Lock()
	d.callers = append(d.callers, c.Caller)
	d.mu.Unlock()
	d.began.Done()
	<-d.release
	return gateway.Reply{Denial: core.Deny(core.Cancelled, c)}
}

// TestCallsPerUser: one user gets half of the calls in flight, over however many connections and
// names, and another one still gets in.
func TestCallsPerUser(t *testing.T) {
	d := &slowDoer{release: make(chan struct{})}
	s := NewSocket(NewLate("", func(string) {}, func() (*Broker, error) {
		return &Broker{Gateway: d, Via: core.ViaSocket}, nil
	}))
	ann, bob := core.Peer{UID: "1", User: "ann"}, core.Peer{UID: "2", User: "bob"}
	var all sync.WaitGroup
	d.began.Add(maxCalls / 2)
	for range maxCalls / 2 {
		all.Go(func() { s.For(ann, "").Call(t.Context(), mcpserver.Call{Tool: core.Whoami}) })
	}
	d.began.Wait()
	r := s.For(ann, "other").Call(t.Context(), mcpserver.Call{Tool: core.Whoami})
	if !strings.HasPrefix(r.Prose, "BUSY: ") {
		t.Errorf("one call too many: %+v", r)
	}
	d.began.Add(1)
	all.Go(func() {
		s.For(bob, "x").Call(t.Context(), mcpserver.Call{Tool: core.Whoami, Agent: "y"})
	})
	d.began.Wait()
	last := d.callers[len(d.callers)-1]
	if last.Peer != bob || last.Agent != "x" || !last.SelfNamed {
		t.Errorf("the call of bob is that of %+v", last)
	}
	close(d.release)
	all.Wait()
	d.began.Add(1)
	r = s.For(ann, "").Call(t.Context(), mcpserver.Call{Tool: core.Whoami})
	if strings.HasPrefix(r.Prose, "BUSY: ") {
		t.Error("no place is free after the calls")
	}
}
