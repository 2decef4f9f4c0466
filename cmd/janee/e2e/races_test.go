//go:build !race

package e2e

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestNothingIsSentAfterRevoke has agents call without a pause while the person revokes: from the
// moment the command is back, no call that begins reaches the API, whichever process serves it.
func TestNothingIsSentAfterRevoke(t *testing.T) {
	t.Parallel()
	rounds := 3
	if soaking() {
		rounds = 100
	}
	p, api := newPlace(t), startAPI(t)
	p.base(api)
	servers := []*server{p.serve("one"), p.serve("two"), p.serve("three")}
	for round := range rounds {
		var revoked, calls atomic.Int64
		var all sync.WaitGroup
		for i, s := range servers {
			all.Go(func() {
				for after := 0; after < 5; {
					path := fmt.Sprintf("/before/%d/%d", round, i)
					if revoked.Load() == 1 {
						path = fmt.Sprintf("/after/%d/%d", round, i)
						after++
					}
					got := s.get("base", path)
					calls.Add(1)
					if strings.HasPrefix(path, "/after") &&
						!strings.Contains(got, "SESSION_REVOKED") {
						t.Errorf("%s: %s", path, got)
					}
				}
			})
		}
		eventually(t, "calls", func() bool { return calls.Load() > 10 })
		p.run("", "revoke", "--all")
		revoked.Store(1)
		all.Wait()
		p.run("", "reopen", "--all", "--yes")
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	for _, request := range api.seen {
		if strings.Contains(request, "/after") {
			t.Errorf("sent after the revocation: %s", request)
		}
	}
}

// TestOneYesIsOneRequest has two processes wait for the same question, and two people answer it at
// once: one answer counts, and one request is sent.
func TestOneYesIsOneRequest(t *testing.T) {
	t.Parallel()
	p, api := newPlace(t), startAPI(t)
	p.base(api)
	p.run("", "config", "set", "approvals.wait", "3s")
	ask := map[string]any{"capability": "asked", "method": "GET", "path": "/once"}
	one, two := p.serve("tester"), p.serve("tester")
	answers := []<-chan reply{one.start("execute", ask), two.start("execute", ask)}
	id := ""
	eventually(t, "the question", func() bool {
		_, id, _ = strings.Cut(p.run("", "approvals", "--json"), `"id": "`)
		id, _, _ = strings.Cut(id, `"`)
		return id != ""
	})
	var said atomic.Int64
	var people sync.WaitGroup
	for range 2 {
		people.Go(func() {
			if _, err := p.try("", "approve", id); err == nil {
				said.Add(1)
			}
		})
	}
	people.Wait()
	served := 0
	for _, answer := range answers {
		if strings.Contains((<-answer).text(), `"status":200`) {
			served++
		}
	}
	if said.Load() != 1 || served != 1 || api.count("GET /once") != 1 {
		t.Errorf("%d answers counted, %d calls were served, the API was asked %d times",
			said.Load(), served, api.count("GET /once"))
	}
}

// TestRevokedWhileAPersonIsAskedSendsNothing says yes to what was revoked while it waited.
func TestRevokedWhileAPersonIsAskedSendsNothing(t *testing.T) {
	t.Parallel()
	p, api := newPlace(t), startAPI(t)
	p.base(api)
	p.run("", "config", "set", "approvals.wait", "20s")
	s := p.serve("tester")
	answer := s.start("execute",
		map[string]any{"capability": "asked", "method": "GET", "path": "/x"})
	id := ""
	eventually(t, "the question", func() bool {
		_, id, _ = strings.Cut(p.run("", "approvals", "--json"), `"id": "`)
		id, _, _ = strings.Cut(id, `"`)
		return id != ""
	})
	p.run("", "revoke", "--all")
	wants(t, (<-answer).text(), "SESSION_REVOKED")
	_, _ = p.try("", "approve", id)
	wants(t, s.get("asked", "/x"), "SESSION_REVOKED")
	if n := api.count("GET /x"); n != 0 {
		t.Errorf("the API was asked %d times", n)
	}
}
