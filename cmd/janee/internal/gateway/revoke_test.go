package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/vault"
)

// rig is a gateway over a home of its own, with an API that answers at once, or never under /hang.
type rig struct {
	home    *home.Home
	vault   *vault.Vault
	gateway *Gateway
	hanging chan struct{}    // one for each call of /hang
	api     http.HandlerFunc // in place of the API, if it is set
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return rigFor(t, "{type: bearer, key: key_of_the_gateway_tests}")
}

func rigFor(t testing.TB, auth string) *rig {
	t.Helper()
	r := &rig{vault: vault.New(vault.NewRoot([32]byte{1}), "5f0c2f7c9b3e4d11a7d2c0ffee000001"),
		hanging: make(chan struct{}, 8)}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if r.api != nil {
			r.api(w, q)
			return
		}
		if q.URL.Path == "/hang" {
			r.hanging <- struct{}{}
			<-q.Context().Done()
		}
		fmt.Fprint(w, `{"ok":true}`)
	}))
	t.Cleanup(api.Close)
	var err error
	if r.home, err = home.Create(filepath.Join(t.TempDir(), "home")); err != nil {
		t.Fatal(err)
	}
	log, err := auditlog.Open(r.home, r.vault, auditlog.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte("services: {api: {baseUrl: '" + api.URL + "', auth: " + auth +
		"}}\ncapabilities: {api: {service: api}, other: {service: api}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	client := upstream.New(home.Guard{})
	t.Cleanup(func() { client.Close(); _ = log.Close() })
	engine := core.New(c, r.vault)
	t.Cleanup(engine.Close)
	inForce := &InForce{
		Config: c,
		Engine: engine,
		Targets: map[string]upstream.Target{"api": {Service: "api", Origin: api.URL,
			Guard: c.Services["api"].Guard}},
	}
	r.gateway = New(Parts{
		State:    r.home,
		Log:      log,
		Upstream: client,
		Source:   inForce,
		Warn:     func(line string) { t.Log(line) },
	})
	return r
}

func (r *rig) do(capability, path string) Reply {
	return r.gateway.Do(context.Background(),
		core.Call{Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio}, Tool: core.Execute,
			Args: tool.Arguments{Capability: capability, Method: "GET", Path: path}}, Client{})
}

func (r *rig) write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := state.Put(r.home, name, data); err != nil {
		t.Fatal(err)
	}
}

// TestOrdersCutCallsInFlight writes what another process would write while the API keeps the call
// waiting.
func TestOrdersCutCallsInFlight(t *testing.T) {
	pair := session.Pair(core.ViaStdio, "claude-ai", "api")
	for _, c := range []struct {
		name, file, code string
		data             func(r *rig, now int64) []byte
	}{
		{"revoked", session.RevokedFile(pair), core.SessionRevoked, func(r *rig, now int64) []byte {
			return session.Revocation{ID: "x", Pair: pair, At: now,
				Until: now + 60_000, By: "cli"}.Encode(r.vault.Key("state"))
		}},
		{"closed", session.ClosedFile, core.SessionRevoked, func(r *rig, now int64) []byte {
			return session.Closures{{Agent: "claude-ai", At: now,
				Until: now + 60_000, By: "cli"}}.Encode(r.vault.Key("state"))
		}},
		{"damaged", session.ClosedFile, core.SessionRevoked, func(*rig, int64) []byte {
			return []byte("?")
		}},
		{"locked", session.LockFile, core.Locked, func(*rig, int64) []byte { return []byte{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			var waits []time.Duration
			for range 3 {
				replies := make(chan Reply, 1)
				go func() { replies <- r.do("api", "/hang") }()
				<-r.hanging
				r.write(t, c.file, c.data(r, time.Now().UnixMilli()))
				began := time.Now()
				reply := <-replies
				waits = append(waits, time.Since(began))
				if reply.Denial == nil || reply.Denial.Code != c.code {
					t.Fatalf("the call ended with %+v", reply)
				}
				last := lastRow(t, r)
				if last.Event != "result" || last.Code != c.code || last.Target != "/hang" {
					t.Errorf("recorded %+v", last)
				}
				if reply := r.do("api", "/x"); reply.Denial == nil || reply.Denial.Code != c.code {
					t.Errorf("the next call ended with %+v", reply)
				}
				if err := r.home.Remove(c.file); err != nil {
					t.Fatal(err)
				}
			}
			// The best of three, so that a busy machine does not fail the test and a watch that is
			// too slow does.
			if best := slices.Min(waits); best > 100*time.Millisecond {
				t.Errorf("cut after %v", waits)
			}
			t.Logf("cut after %v", waits)
		})
	}
}

func lastRow(t testing.TB, r *rig) auditlog.Row {
	t.Helper()
	page, err := auditlog.Read(r.home, auditlog.Filter{Limit: 1})
	if err != nil || len(page.Rows) != 1 {
		t.Fatalf("log: %v, %v", page, err)
	}
	return page.Rows[0]
}

func TestSessionOfAnotherProcessIsUsed(t *testing.T) {
	r := newRig(t)
	now := time.Now().UnixMilli()
	g := session.Grant{
		ID:         "00112233445566778899aabbccddeeff",
		Agent:      "claude-ai",
		Via:        core.ViaStdio,
		Capability: "api",
		Service:    "api",
		Origin:     r.gateway.source.Current().Targets["api"].Origin,
		Opened:     now - 1000,
		Expires:    now + 60_000,
	}
	r.write(t, session.File(g.Pair()), g.Encode(r.vault.Key("state")))
	if reply := r.do("api", "/x"); reply.Result == nil {
		t.Fatalf("reply %+v", reply)
	}
	if got := lastRow(t, r).Session; got != g.ID {
		t.Errorf("used session %q", got)
	}
}

// BenchmarkCallAmongSessions shows that a call looks at a fixed number of files: the times are the
// same.
func BenchmarkCallAmongSessions(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := newRig(b)
			if reply := r.do("api", "/x"); reply.Result == nil {
				b.Fatalf("reply %+v", reply)
			}
			for i := 1; i < n; i++ {
				g := session.Grant{
					ID:         fmt.Sprintf("%032x", i),
					Agent:      fmt.Sprint("agent", i),
					Via:        core.ViaStdio,
					Capability: "api",
				}
				if err := os.WriteFile(r.home.Path(session.File(g.Pair())),
					g.Encode(r.vault.Key("state")), 0o600); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if reply := r.do("api", "/x"); reply.Result == nil {
					b.Fatalf("reply %+v", reply)
				}
			}
		})
	}
}
