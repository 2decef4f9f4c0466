package gateway

import (
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/revocations"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/session"
)

// between is a store in which something else happens when a flow has judged its files and is about
// to write a grant.
type between struct {
	state.Store
	do    func()
	times int // that a grant was about to be written
}

func (b *between) Commit(holds []core.Hold, writes []core.Write) (core.Committed, error) {
	for _, w := range writes {
		if _, grants := session.PairOfFile(w.Name); grants {
			if b.times++; b.times == 1 {
				b.do()
			}
		}
	}
	return b.Store.Commit(holds, writes)
}

// TestAnOrderBetweenJudgementAndGrant: an order that comes after a call was judged, and before its
// session is written, finds no session afterwards, neither while it is in force nor when it was
// lifted.
func TestAnOrderBetweenJudgementAndGrant(t *testing.T) {
	scope := revocations.Scope{Agent: "claude-ai"}
	pair := session.Pair(core.ViaStdio, "claude-ai", "api")
	mine := revocations.Session{Grant: session.Grant{ID: "x", Agent: "claude-ai",
		Via: core.ViaStdio, Capability: "api"}}
	for _, c := range []struct {
		name, code  string
		order, lift func(*revocations.Desk) error
	}{
		{"revoked", core.SessionRevoked,
			func(d *revocations.Desk) error {
				_, err := d.Revoke(mine, time.Now().Add(time.Minute))
				return err
			},
			func(d *revocations.Desk) error { return d.Reopen(mine) }},
		{"closed", core.SessionRevoked,
			func(d *revocations.Desk) error {
				_, err := d.Close(scope, time.Now().Add(time.Minute))
				return err
			},
			func(d *revocations.Desk) error { return d.ReopenAll(scope, &revocations.Overview{}) }},
		{"locked", core.Locked,
			func(d *revocations.Desk) error { _, err := d.Lock(); return err },
			func(d *revocations.Desk) error { return d.Unlock() }},
	} {
		for name, asks := range map[string]bool{"at once": false, "after a yes": true} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				r := newRig(t)
				if asks {
					r.demand(20 * time.Second)
					r.gateway.asked = r.answer(t, approval.Allow, approval.Session)
				}
				desk := &revocations.Desk{State: r.home, Vault: r.vault, Now: time.Now,
					Record: func(audit.Record) error { return nil }}
				check := func(err error) {
					t.Helper()
					if err != nil {
						t.Fatal(err)
					}
				}
				b := &between{Store: r.home, do: func() { check(c.order(desk)) }}
				r.gateway.state = b
				if got := code(r.do("api", "/x")); got != c.code {
					t.Errorf("the call ended with %s", got)
				}
				if data, err := r.home.Read(session.File(pair)); data != nil || err != nil {
					t.Errorf("the order left a grant: %q, %v", data, err)
				}
				if b.times == 0 {
					t.Error("no grant was about to be written")
				}
				if got := code(r.do("api", "/x")); got != c.code {
					t.Errorf("the next call ended with %s", got)
				}
				check(c.lift(desk))
				if data, err := r.home.Read(session.File(pair)); data != nil || err != nil {
					t.Errorf("lifting the order brought a grant: %q, %v", data, err)
				}
			})
		}
	}
}
