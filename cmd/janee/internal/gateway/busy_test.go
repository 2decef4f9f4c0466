package gateway

import (
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/core"
)

// TestNoCallIsRefusedUnseen floods a gateway without room: all refusals are in the log, in a few
// records.
func TestNoCallIsRefusedUnseen(t *testing.T) {
	r := newRig(t)
	full := r.gateway.replies.Lease("claude-ai")
	if _, err := full.Take(t.Context(), core.ReplyBudget, core.ReplyBudget); err != nil {
		t.Fatal("a budget of which nothing is held has no room")
	}
	defer full.Free()
	r.gateway.patience = 0
	const calls = 500
	for range calls {
		if reply := r.do("api", "/x"); reply.Denial == nil || reply.Denial.Code != core.Busy {
			t.Fatalf("%+v", reply)
		}
	}
	r.gateway.Close()
	page, err := auditlog.Read(r.home, auditlog.Filter{Decision: "deny"})
	if err != nil || len(page.Rows) == 0 || len(page.Rows) > calls/2 {
		t.Fatalf("%d records, %v", len(page.Rows), err)
	}
	counted := 0
	for _, row := range page.Rows {
		n := 0
		for _, digit := range row.Detail["unrecorded"] {
			n = 10*n + int(digit-'0')
		}
		if counted += n; row.Agent != "" {
			counted++
		}
		if row.Code != core.Busy {
			t.Errorf("%+v", row)
		}
	}
	if counted != calls {
		t.Errorf("%d refusals are told of, of %d", counted, calls)
	}
}
