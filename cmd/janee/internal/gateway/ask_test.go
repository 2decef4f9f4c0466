package gateway

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

// demand makes the capability "api" ask a person, for as long as wait.
func (r *rig) demand(wait time.Duration) {
	c := r.gateway.source.Current().Config
	c.Capabilities["api"].AutoApprove, c.Approvals.Wait = false, wait
}

// answer is a person in another process, who answers whatever is asked.
func (r *rig) answer(t testing.TB, decision, scope string) func(config.Approvals, core.Question) {
	return func(_ config.Approvals, q core.Question) {
		go func() {
			time.Sleep(80 * time.Millisecond)
			a := approval.Answer{
				ID:       q.ID,
				Digest:   q.Digest,
				Decision: decision,
				Scope:    scope,
				At:       time.Now().UnixMilli(),
				By:       "cli",
			}
			r.write(t, approval.AnswerFile(q.ID), a.Encode(r.vault.Key("state")))
		}()
	}
}

func code(r Reply) string {
	if r.Denial != nil {
		return r.Denial.Code
	}
	return "sent"
}

func TestACallWaitsForAPerson(t *testing.T) {
	for _, c := range []struct {
		name, decision, scope, want string
	}{
		{"yes", approval.Allow, approval.Once, "sent"},
		{"yes for a session", approval.Allow, approval.Session, "sent"},
		{"no", approval.Deny, approval.Once, core.ApprovalDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.demand(20 * time.Second)
			r.gateway.asked = r.answer(t, c.decision, c.scope)
			began := time.Now()
			if got := code(r.do("api", "/x")); got != c.want {
				t.Errorf("the call ended with %s", got)
			}
			if took := time.Since(began); took < 80*time.Millisecond || took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	r := newRig(t)
	r.demand(100 * time.Millisecond)
	asked := 0
	r.gateway.asked = func(config.Approvals, core.Question) { asked++ }
	first := r.do("api", "/x")
	if code(first) != core.ApprovalPending || first.Denial.ApprovalID == "" {
		t.Fatalf("%+v", first.Denial)
	}
	if again := r.do("api", "/x"); code(again) != core.ApprovalPending ||
		again.Denial.ApprovalID != first.Denial.ApprovalID || asked != 1 {
		t.Errorf("the same call: %+v, asked %d times", again.Denial, asked)
	}
	r.answer(t, approval.Allow, approval.Once)(config.Approvals{}, r.question(t))
	time.Sleep(150 * time.Millisecond)
	if got := code(r.do("api", "/x")); got != "sent" {
		t.Errorf("once approved it ends with %s", got)
	}
	if again := r.do("api", "/x"); code(again) != core.ApprovalPending ||
		again.Denial.ApprovalID == first.Denial.ApprovalID || asked != 2 {
		t.Errorf("a second time: %+v, asked %d times", again.Denial, asked)
	}
}

// question reads the one question that there is.
func (r *rig) question(t testing.TB) core.Question {
	t.Helper()
	names, err := r.home.List(approval.Dir)
	if err != nil || len(names) != 1 {
		t.Fatalf("questions %v, %v", names, err)
	}
	data, _ := r.home.Read(names[0])
	q, err := approval.DecodeQuestion(r.vault.Key("state"), data)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestWhatEndsTheWait(t *testing.T) {
	pair := session.Pair(core.ViaStdio, "claude-ai", "api")
	for _, c := range []struct {
		name, want string
		end        func(r *rig, cancel func())
	}{
		{"the client takes it back", core.Cancelled, func(_ *rig, cancel func()) { cancel() }},
		{"lock", core.Locked, func(r *rig, _ func()) { r.write(t, session.LockFile, []byte{}) }},
		{"revoke", core.SessionRevoked, func(r *rig, _ func()) {
			now := time.Now().UnixMilli()
			r.write(t,
				session.RevokedFile(pair), session.Revocation{ID: "x", Pair: pair, At: now,
					Until: now + 60_000, By: "cli"}.Encode(r.vault.Key("state")))
		}},
		{"a session for the pair", "sent", func(r *rig, _ func()) {
			now := time.Now().UnixMilli()
			g := session.Grant{
				ID:         "g",
				Agent:      "claude-ai",
				Via:        core.ViaStdio,
				Capability: "api",
				Service:    "api",
				Opened:     now,
				Expires:    now + 60_000,
				Approval:   "q",
			}
			g.Origin = r.gateway.source.Current().Config.Services["api"].Base.Origin()
			r.write(t, session.File(pair), g.Encode(r.vault.Key("state")))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.demand(20 * time.Second)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var ended time.Time
			r.gateway.asked = func(config.Approvals, core.Question) {
				go func() {
					time.Sleep(60 * time.Millisecond)
					ended = time.Now()
					c.end(r, cancel)
				}()
			}
			got := r.gateway.Do(ctx,
				core.Call{
					Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
					Tool:   core.Execute,
					Args:   tool.Arguments{Capability: "api", Method: "GET", Path: "/x"},
				}, Client{})
			if code(got) != c.want {
				t.Errorf("ended with %s", code(got))
			}
			if took := time.Since(ended); took > 2*time.Second {
				t.Errorf("noticed after %v", took)
			}
		})
	}
}

func TestProgressWhileACallWaits(t *testing.T) {
	r := newRig(t)
	r.demand(1500 * time.Millisecond)
	r.gateway.progress = 500 * time.Millisecond
	var told []string
	tell := func(done, total float64, message string) {
		if done > total || total != 1 {
			t.Errorf("%v of %v", done, total)
		}
		told = append(told, message)
	}
	got := r.gateway.Do(t.Context(),
		core.Call{
			Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
			Tool:   core.Execute,
			Args:   tool.Arguments{Capability: "api", Method: "GET", Path: "/x"},
		}, Client{Progress: tell})
	if code(got) != core.ApprovalPending || len(told) != 2 ||
		!strings.Contains(told[0], "janee approve "+got.Denial.ApprovalID[:8]) {
		t.Errorf("%s, told %q", code(got), told)
	}
}

// TestAFormDoesNotRestartTheProgress: a client may take a number that falls for a fault.
func TestAFormDoesNotRestartTheProgress(t *testing.T) {
	k := eliciting(t, 2500*time.Millisecond)
	k.rig.gateway.progress = 250 * time.Millisecond
	forms, most := 0, 0.0
	got := k.rig.gateway.Do(t.Context(),
		core.Call{
			Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
			Tool:   core.Execute,
			Args:   tool.Arguments{Capability: "api", Method: "GET", Path: "/x"},
		}, Client{
			Progress: func(done, total float64, _ string) {
				if done < most || total != 2 {
					t.Errorf("%v of %v, after %v of 2", done, total, most)
				}
				most = done
			},
			Elicit: func(
				ctx context.Context, _ string, _ json.RawMessage,
			) (json.RawMessage, bool) {
				if forms++; forms > 1 {
					<-ctx.Done()
					return nil, false
				}
				time.Sleep(1200 * time.Millisecond)
				content, ok := guess(k.rig.only(t))
				return json.RawMessage(content), ok
			},
		})
	if code(got) != core.ApprovalPending || forms != 2 || most != 2 {
		t.Errorf("%s, %d forms, %v seconds told", code(got), forms, most)
	}
}

// TestOnceIsOnceAmongManyCalls has one yes and eight calls for it.
func TestOnceIsOnceAmongManyCalls(t *testing.T) {
	r := newRig(t)
	r.demand(time.Second)
	var mu sync.Mutex
	outcomes := map[string]int{}
	r.gateway.asked = func(a config.Approvals, q core.Question) {
		mu.Lock()
		defer mu.Unlock()
		if outcomes["asked"]++; outcomes["asked"] == 1 {
			r.answer(t, approval.Allow, approval.Once)(a, q)
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got := code(r.do("api", "/x"))
			mu.Lock()
			defer mu.Unlock()
			outcomes[got]++
		})
	}
	wg.Wait()
	if outcomes["sent"] != 1 {
		t.Errorf("%v", outcomes)
	}
}

// TestWaitingHoldsNoRoomForReplies: six calls for the largest reply would take all of it.
func TestWaitingHoldsNoRoomForReplies(t *testing.T) {
	r := newRig(t)
	r.demand(2 * time.Second)
	waiting := make(chan struct{}, 8)
	r.gateway.asked = func(config.Approvals, core.Question) { waiting <- struct{}{} }
	var wg sync.WaitGroup
	for i := range 7 {
		wg.Go(func() {
			r.gateway.Do(context.Background(),
				core.Call{
					Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
					Tool:   core.Execute,
					Args: tool.Arguments{
						Capability: "api",
						Method:     "GET",
						Path:       "/" + string(rune('a'+i)),
						MaxBytes:   wire.MaxBody,
					},
				}, Client{})
		})
		select {
		case <-waiting:
		case <-time.After(10 * time.Second):
			t.Fatal("a call did not come to the point of asking")
		}
	}
	if got := code(r.do("other", "/x")); got != "sent" {
		t.Errorf("another capability: %s", got)
	}
	wg.Wait()
}

func TestACallStopsWaitingWhenItsClientLeaves(t *testing.T) {
	r := newRig(t)
	r.demand(20 * time.Second)
	ending := make(chan struct{})
	close(ending)
	began := time.Now()
	reply := r.gateway.Do(t.Context(),
		core.Call{
			Caller: core.Caller{Agent: "tester", Via: core.ViaStdio},
			Tool:   core.Execute,
			Args:   tool.Arguments{Capability: "api", Method: "GET", Path: "/x"},
		}, Client{Ending: ending})
	if got := code(reply); got != core.ApprovalPending || time.Since(began) > 5*time.Second {
		t.Errorf("the call ended with %s after %v", got, time.Since(began))
	}
}
