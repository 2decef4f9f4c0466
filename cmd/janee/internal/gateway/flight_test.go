package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
)

// tokenRig is a rig whose API wants a token, with a token server that counts what it is asked.
type tokenRig struct {
	*rig
	asked, given atomic.Int64
	// one for each request to the token server
	asking chan struct{}
	// before a token is given, if it is set
	token func(http.ResponseWriter, *http.Request) (done bool)
	// the token that the API takes
	good  atomic.Int64
	calls atomic.Int64 // requests to the API
}

func newTokenRig(t testing.TB) *tokenRig {
	r := &tokenRig{asking: make(chan struct{}, 1000)}
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body) // net/http sees a client leave only when it has read all
		r.asked.Add(1)
		r.asking <- struct{}{}
		if user, secret, _ := q.BasicAuth(); user != "me" ||
			secret != "client_secret_of_the_gateway_tests" || q.Method != "POST" {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		if r.token != nil && r.token(w, q) {
			return
		}
		fmt.Fprintf(w, `{"access_token":"tok_of_the_gateway_tests_%d","expires_in":3600}`,
			r.given.Add(1))
	}))
	t.Cleanup(func() { tokens.CloseClientConnections(); tokens.Close() })
	r.rig = rigFor(t, "{type: oauth2-client-credentials, tokenUrl: '"+tokens.URL+
		"/token', clientId: me, clientSecret: client_secret_of_the_gateway_tests}")
	r.api = func(w http.ResponseWriter, q *http.Request) {
		r.calls.Add(1)
		if q.Header.Get("Authorization") != fmt.Sprintf("Bearer tok_of_the_gateway_tests_%d",
			max(1, r.good.Load())) {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprintln(w, q.Header.Get("Authorization"))
	}
	return r
}

// many makes calls at once, each from an agent of its own: sessions are not shared.
func (r *tokenRig) many(n int) []Reply {
	replies := make([]Reply, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { replies[i] = r.as(context.Background(), fmt.Sprint("agent", i)) })
	}
	wait.Wait()
	return replies
}

func (r *tokenRig) as(ctx context.Context, agent string) Reply {
	return r.gateway.Do(ctx, core.Call{
		Caller: core.Caller{Agent: agent, Via: core.ViaStdio},
		Tool:   core.Execute,
		Args:   tool.Arguments{Capability: "api", Method: "GET", Path: "/x"},
	}, Client{})
}

// await returns when n calls wait for token exchanges.
func (r *tokenRig) await(n int) {
	for waiting := -1; waiting < n; time.Sleep(time.Millisecond) {
		r.gateway.flights.mu.Lock()
		waiting = 0
		for _, fl := range r.gateway.flights.all {
			waiting += fl.waiting
		}
		r.gateway.flights.mu.Unlock()
	}
}

func (r *tokenRig) events(t testing.TB, name string) (rows []auditlog.Row) {
	t.Helper()
	page, err := auditlog.Read(r.home, auditlog.Filter{Events: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range page.Rows {
		if row.Event == name {
			rows = append(rows, row)
		}
	}
	return rows
}

var (
	marked  = regexp.MustCompile(`^Bearer \[REDACTED:[0-9a-z]{6}\]\n$`)
	refused = regexp.MustCompile(`answered 503 \(server_error: \[REDACTED:[0-9a-z]{6}\]\)`)
)

func TestConcurrentCallsMintOnce(t *testing.T) {
	for range 3 {
		r := newTokenRig(t)
		for i, reply := range r.many(50) {
			if reply.Result == nil || reply.Result.Status != 200 || !marked.Match(reply.Body) {
				t.Fatalf("call %d: %s %q", i, code(reply), reply.Body)
			}
		}
		if asked := r.asked.Load(); asked != 1 || r.calls.Load() != 50 {
			t.Errorf("the token server was asked %d times, the API %d times", asked, r.calls.Load())
		}
		before, after := r.events(t, "mint"), r.events(t, "mint.result")
		if len(before) != 1 || len(after) != 1 || after[0].Status != 200 ||
			before[0].Detail["exchange"] != after[0].Detail["exchange"] {
			t.Errorf("recorded %+v, %+v", before, after)
		}
	}
}

// TestRefusedTokenIsReplacedOnce: of many calls that meet a revoked token one asks for another.
func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	r := newTokenRig(t)
	r.many(1)
	r.good.Store(2)
	for i, reply := range r.many(20) {
		if reply.Result == nil || reply.Result.Status != 200 {
			t.Fatalf("call %d: %s", i, code(reply))
		}
	}
	if r.asked.Load() != 2 {
		t.Errorf("the token server was asked %d times", r.asked.Load())
	}
}

func TestFailingTokenServer(t *testing.T) {
	r := newTokenRig(t)
	var release sync.WaitGroup
	release.Add(1)
	r.token = func(w http.ResponseWriter, _ *http.Request) bool {
		release.Wait()
		http.Error(w,
			`{"error":"server_error","error_description":"client_secret_of_the_gateway_tests"}`,
			http.StatusServiceUnavailable)
		return true
	}
	go func() {
		defer release.Done()
		r.await(10)
	}()
	for _, reply := range r.many(10) {
		if code(reply) != core.ExchangeFailed || !refused.MatchString(reply.Denial.Message) {
			t.Fatalf("%s %+v", code(reply), reply.Denial)
		}
	}
	failed := r.asked.Load()
	if failed != 1 || r.calls.Load() != 0 {
		t.Errorf("the token server was asked %d times, the API %d times", failed, r.calls.Load())
	}
	if n := int64(len(r.events(t, "mint.result"))); n != failed {
		t.Errorf("%d results recorded of %d exchanges", n, failed)
	}
	r.token = nil
	if reply := r.as(context.Background(), "late"); code(reply) != "sent" ||
		r.asked.Load() != failed+1 {
		t.Errorf("the next call: %s", code(reply))
	}
}

func TestSlowTokenServer(t *testing.T) {
	r := newTokenRig(t)
	gone := make(chan struct{}, 10)
	r.token = func(_ http.ResponseWriter, q *http.Request) bool {
		<-q.Context().Done()
		gone <- struct{}{}
		return true
	}
	inForce := r.gateway.source.Current()
	inForce.Config.Capabilities["api"].Timeout = 150 * time.Millisecond
	if reply := r.as(context.Background(), "first"); code(reply) != core.ExchangeFailed ||
		!strings.Contains(reply.Denial.Message, "did not answer in time") {
		t.Errorf("%s %+v", code(reply), reply.Denial)
	}
	within(t, gone, "the exchange that nobody waits for goes on")
	if rows := r.events(t, "mint.result"); len(rows) != 1 || rows[0].Code != core.ExchangeFailed {
		t.Errorf("recorded %+v", rows)
	}
	// A call that has more time is not cut short by one that has less.
	r.token = func(http.ResponseWriter, *http.Request) bool {
		time.Sleep(300 * time.Millisecond)
		return false
	}
	short := make(chan Reply, 1)
	go func() { short <- r.as(context.Background(), "short") }()
	<-r.asking
	<-r.asking
	inForce.Config.Capabilities["api"].Timeout = 10 * time.Second
	if reply := r.as(context.Background(), "long"); code(reply) != "sent" {
		t.Errorf("%s %+v", code(reply), reply.Denial)
	}
	if got := code(<-short); got != core.ExchangeFailed || r.asked.Load() != 2 {
		t.Errorf("the short call: %s, asked %d times", got, r.asked.Load())
	}
}

func within(t testing.TB, c <-chan struct{}, fault string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(5 * time.Second):
		t.Fatal(fault)
	}
}

// TestRevokedDuringExchange: the call whose session ends is cut, the others get their token, and
// the API never sees the first.
func TestRevokedDuringExchange(t *testing.T) {
	r := newTokenRig(t)
	release := make(chan struct{})
	r.token = func(http.ResponseWriter, *http.Request) bool { <-release; return false }
	revoked, kept := make(chan Reply, 1), make(chan Reply, 1)
	go func() { revoked <- r.as(context.Background(), "revoked") }()
	<-r.asking
	go func() { kept <- r.as(context.Background(), "kept") }()
	time.Sleep(100 * time.Millisecond)
	pair, now := session.Pair(core.ViaStdio, "revoked", "api"), time.Now().UnixMilli()
	r.write(t,
		session.RevokedFile(pair), session.Revocation{ID: "x", Pair: pair, At: now,
			Until: now + 60_000, By: "cli"}.Encode(r.vault.Key("state")))
	if got := code(<-revoked); got != core.SessionRevoked {
		t.Errorf("the revoked call ended with %s", got)
	}
	close(release)
	if got := code(<-kept); got != "sent" || r.asked.Load() != 1 || r.calls.Load() != 1 {
		t.Errorf("the other call ended with %s; asked %d times, API %d times", got,
			r.asked.Load(), r.calls.Load())
	}
	if rows := r.events(t, "mint.result"); len(rows) != 1 || rows[0].Agent != "kept" {
		t.Errorf("recorded %+v", rows)
	}
}

// TestAbandonedExchange: when its last call goes the exchange is given up, and nothing of it is
// found by the next.
func TestAbandonedExchange(t *testing.T) {
	r := newTokenRig(t)
	gone := make(chan struct{}, 1)
	r.token = func(_ http.ResponseWriter, q *http.Request) bool {
		<-q.Context().Done()
		gone <- struct{}{}
		return true
	}
	ctx, cancel := context.WithCancel(context.Background())
	replies := make(chan Reply, 1)
	go func() { replies <- r.as(ctx, "one") }()
	<-r.asking
	cancel()
	if got := code(<-replies); got != core.Cancelled {
		t.Errorf("the cancelled call ended with %s", got)
	}
	within(t, gone, "the exchange goes on")
	r.token = nil
	if reply := r.as(context.Background(), "two"); code(reply) != "sent" {
		t.Errorf("the next call ended with %s", code(reply))
	}
}

// TestExchangeIsRecordedFirst: where the log cannot be written the token server is not asked.
func TestExchangeIsRecordedFirst(t *testing.T) {
	r := newTokenRig(t)
	f := &flights{}
	_ = r.gateway.log.Close()
	fl := f.join("x", func(ctx context.Context, fl *flight) {
		r.gateway.sendExchange(ctx, fl, core.Send{URL: "http://127.0.0.1:1/",
			Records: []core.Record{{Event: "mint"}}}, upstream.Target{})
	})
	<-fl.done
	if fl.end.Err != core.ErrUnrecorded || r.asked.Load() != 0 {
		t.Errorf("ended with %+v", fl.end)
	}
}

func TestTokenEndpointIsGuarded(t *testing.T) {
	c, err := config.Parse([]byte(`services:
  plain: {baseUrl: https://api.example, auth: {type: bearer, key: k_of_the_guard_test}}
  opened: {baseUrl: https://api.example, allowPrivate: [127.0.0.2/32], auth: {type: bearer, key: k_of_the_guard_test}}
  proxied: {baseUrl: https://api.example, proxy: "http://127.0.0.1:9", auth: {type: bearer, key: k_of_the_guard_test}}
`))
	if err != nil {
		t.Fatal(err)
	}
	target := func(name string) upstream.Target {
		s := c.Services[name]
		return upstream.Target{
			Service: name,
			CAFile:  "ca.pem",
			Origin:  s.Base.Origin(),
			Proxy:   s.Proxy,
			Guard:   s.Guard,
		}
	}
	for _, name := range c.ServiceNames {
		if _, err := endpoint(target(name), "https://169.254.169.254/token"); err == nil {
			t.Errorf("%s: a metadata service is asked for tokens", name)
		}
	}
	for name, permitted := range map[string]string{
		"plain": "1.1.1.1", "opened": "1.1.1.1 127.0.0.2", "proxied": "127.0.0.1",
	} {
		to, err := endpoint(target(name).For("mallory"), "https://idp.example:8443/token")
		if to.Agent != "" {
			t.Errorf("%s: all agents' token is fetched on connections of %q", name, to.Agent)
		}
		if err != nil || to.Origin != "https://idp.example:8443" || to.CAFile != "ca.pem" ||
			to.Service != name || to.Proxy != c.Services[name].Proxy {
			t.Errorf("%s: %+v, %v", name, to, err)
		}
		for _, address := range []string{"1.1.1.1", "127.0.0.1", "127.0.0.2", "10.0.0.1"} {
			if got := to.Guard.Permit(addrPort(address)) == nil; got !=
				(strings.Contains(" "+permitted+" ", " "+address+" ")) {
				t.Errorf("%s: %s permitted: %v", name, address, got)
			}
		}
	}
	if to, err := endpoint(target("plain"), "http://127.0.0.1:9/token"); err != nil ||
		to.Guard.Permit(addrPort("127.0.0.1")) != nil {
		t.Errorf("a token endpoint on this machine: %v", err)
	}
}

func addrPort(address string) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(address), 443)
}
