package gateway

import (
	"context"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/tool"
)

// one lets one call at once through.
func one(t *testing.T) *rig {
	r := newRig(t)
	r.gateway.source.Current().Config.Limits = limit.Limits{Concurrent: 1}
	return r
}

// TestCallsThatAreGivenUpMakeRoom: a client that goes away while the API keeps its call waiting
// leaves no place taken, and neither does a panic.
func TestCallsThatAreGivenUpMakeRoom(t *testing.T) {
	r := one(t)
	for range 20 {
		ctx, leave := context.WithCancel(context.Background())
		ended := make(chan Reply)
		go func() {
			ended <- r.gateway.Do(ctx,
				core.Call{
					Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
					Tool:   core.Execute,
					Args:   tool.Arguments{Capability: "api", Method: "GET", Path: "/hang"},
				}, Client{})
		}()
		<-r.hanging
		if reply := r.do("other", "/x"); reply.Denial == nil || reply.Denial.Code != core.Busy ||
			reply.Denial.RetryAfterSeconds == 0 {
			t.Fatalf("beside a call under way: %+v", reply)
		}
		leave()
		if reply := <-ended; reply.Denial == nil || reply.Denial.Code != core.Cancelled {
			t.Fatalf("%+v", reply)
		}
	}
	if reply := r.do("api", "/x"); reply.Denial != nil {
		t.Fatalf("%+v", reply.Denial)
	}
	upstream := r.gateway.upstream
	r.gateway.upstream = nil
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		r.do("api", "/x")
	}()
	r.gateway.upstream = upstream
	if reply := r.do("api", "/x"); reply.Denial != nil {
		t.Errorf("a panic keeps the place: %+v", reply.Denial)
	}
}

// TestTheLastRecordCountsRefusals: a loop of refusals does not fill the log, and what has no record
// is told when the gateway closes.
func TestTheLastRecordCountsRefusals(t *testing.T) {
	r := newRig(t)
	const calls = 2500
	for range calls {
		if reply := r.do("nosuch", "/x"); reply.Denial == nil ||
			reply.Denial.Code != core.CapabilityNotFound {
			t.Fatalf("%+v", reply)
		}
	}
	r.gateway.Close()
	r.gateway.Close()
	page, err := auditlog.Read(r.home, auditlog.Filter{Limit: calls})
	if err != nil {
		t.Fatal(err)
	}
	last := lastRow(t, r)
	if last.Event != "deny" || last.Agent != "claude-ai" || last.Via != core.ViaStdio ||
		last.Detail["unrecorded"] == "" || last.Detail["unrecorded"] == "0" {
		t.Errorf("%+v", last)
	}
	// On a slow machine some seconds pass, and each has its record.
	if n := len(page.Rows); n < 2000 || n >= calls {
		t.Errorf("%d records of %d refusals", n, calls)
	}
}
