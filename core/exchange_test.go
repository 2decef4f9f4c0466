package core

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/wire"
)

const clientSecret = "client_secret_of_the_core_tests"

const tokenConfig = `
services:
  crm:
    baseUrl: https://api.crm.example
    auth: {type: oauth2-client-credentials, tokenUrl: 'https://idp.example/token', clientId: me, clientSecret: ` + clientSecret + `, scopes: [a, b]}
capabilities:
  crm: {service: crm}
`

// idp answers for the token endpoint: tok_…_1, tok_…_2 and so on, each good for an hour.
type idp struct {
	*house
	minted int
	api    func(Send) (Head, []string, Ended) // nil: 200
	token  func(Send) (Head, []string, Ended) // nil: a token
}

func minting(n int) string { return fmt.Sprintf("tok_of_the_core_tests_%d", n) }

func newIDP(t *testing.T) *idp {
	i := &idp{house: newHouse(t, tokenConfig)}
	i.reply = func(s Send) (Head, []string, Ended) {
		switch {
		case s.Flight != "" && i.token != nil:
			return i.token(s)
		case s.Flight != "":
			i.minted++
			return Head{Status: 200}, []string{fmt.Sprintf(`{"access_token":%q,"expires_in":3600}`,
				minting(i.minted))}, Ended{}
		case i.api != nil:
			return i.api(s)
		}
		return Head{Status: 200}, []string{"ok"}, Ended{Bytes: 2}
	}
	return i
}

// bearer is the token that the last request to the API carried.
func (i *idp) bearer() string {
	v, _ := wire.Get(i.sent[len(i.sent)-1].Headers, "Authorization")
	return strings.TrimPrefix(v, "Bearer ")
}

func status(n int) func(Send) (Head, []string, Ended) {
	return func(Send) (Head, []string, Ended) { return Head{Status: n}, []string{"said"}, Ended{} }
}

func TestTokenIsAskedForOnceAndUsed(t *testing.T) {
	i := newIDP(t)
	for range 3 {
		i.allowed(get("crm", "/x"))
	}
	if i.minted != 1 || len(i.sent) != 4 || i.bearer() != minting(1) {
		t.Errorf("%d tokens, %d requests, bearer %q", i.minted, len(i.sent), i.bearer())
	}
	s := i.sent[0]
	if s.URL != "https://idp.example/token" || s.Target != "/token" || s.MaxBody != maxTokenReply ||
		s.TimeoutMs != ExchangeTimeout.Milliseconds() || s.Flight == "" ||
		string(s.Body) != "grant_type=client_credentials&scope=a%20b" {
		t.Errorf("exchange %+v", s)
	}
	if api := i.sent[1]; api.Flight != "" || len(api.Records) != 0 ||
		api.URL != "https://api.crm.example/x" {
		t.Errorf("request %+v", api)
	}
	want := "session.open, intent, mint, mint.result, result, intent, result, intent, result"
	if got := i.events(); got != want {
		t.Errorf("recorded %s", got)
	}
	before, after := i.records[2], i.records[3]
	if before.Target != "/token" || before.Method != "POST" ||
		before.Detail["endpoint"] != "https://idp.example" || before.Detail["exchange"] == "" ||
		after.Status != 200 || after.Detail["expires"] == "" ||
		after.Detail["exchange"] != before.Detail["exchange"] {
		t.Errorf("recorded %+v, %+v", before, after)
	}
	for _, r := range i.records {
		if text := fmt.Sprint(r); strings.Contains(text, "tok_of") ||
			strings.Contains(text, clientSecret) {
			t.Errorf("recorded %s", text)
		}
	}
}

func TestTokenIsRenewedAtFourFifths(t *testing.T) {
	i := newIDP(t)
	for _, c := range []struct {
		after int64 // ms
		want  int
	}{{0, 1}, {2879_000, 1}, {1_000, 2}, {0, 2}, {2879_000, 2}, {10_000_000, 3}} {
		i.now.Wall += c.after
		i.now.Mono += c.after
		i.allowed(get("crm", "/x"))
		if i.minted != c.want || i.bearer() != minting(c.want) {
			t.Fatalf("%d ms on: %d tokens, bearer %q", c.after, i.minted, i.bearer())
		}
	}
	// The wall clock, wherever it is set, makes no token older or younger.
	i.now.Wall += 24 * 3600_000
	i.allowed(get("crm", "/x"))
	if i.minted != 3 {
		t.Errorf("%d tokens", i.minted)
	}
}

// TestTokenInUseOutlivesAFailure: from four fifths of its life on a token is renewed, but it is
// still good.
func TestTokenInUseOutlivesAFailure(t *testing.T) {
	i := newIDP(t)
	i.allowed(get("crm", "/x"))
	i.now.Mono += 3000_000
	i.token = status(503)
	for range 3 {
		i.allowed(get("crm", "/x"))
	}
	if n := len(i.sent); n != 2+4 || i.bearer() != minting(1) {
		t.Errorf("%d requests, bearer %q", n, i.bearer())
	}
	if !strings.Contains(i.events(), "mint, mint.result EXCHANGE_FAILED, result") {
		t.Errorf("recorded %s", i.events())
	}
	i.now.Mono += retryMs
	i.token = nil
	if i.allowed(get("crm", "/x")); i.bearer() != minting(2) {
		t.Errorf("bearer %q", i.bearer())
	}
	i.now.Mono += 3600_000
	i.token = status(503)
	i.fails(get("crm", "/x"), ExchangeFailed, "answered 503")
}

// fails wants a refusal after something was sent, and nothing secret in it.
func (i *idp) fails(c Call, code string, text string) {
	i.t.Helper()
	done, _ := i.do(c)
	if done.Denial == nil || done.Denial.Code != code ||
		!strings.Contains(done.Denial.Message, text) {
		i.t.Errorf("ended with %s, want %s with %q", outcome(done), code, text)
		return
	}
	all := fmt.Sprint(done.Denial, i.records)
	for _, leak := range []string{
		clientSecret, "tok_of", "bWU6Y2xpZW50X3NlY3JldF9vZl90aGVfY29yZV90ZXN0cw",
	} {
		if strings.Contains(all, leak) {
			i.t.Errorf("%q in %s", leak, all)
		}
	}
}

func TestRefusedTokenIsDroppedOnce(t *testing.T) {
	i := newIDP(t)
	refuse := func(bad ...string) {
		i.api = func(s Send) (Head, []string, Ended) {
			for _, b := range bad {
				if v, _ := wire.Get(s.Headers, "Authorization"); v == "Bearer "+b {
					return Head{Status: 401}, []string{"no " + b}, Ended{}
				}
			}
			return Head{Status: 200}, []string{"ok"}, Ended{}
		}
	}
	i.allowed(get("crm", "/x"))
	refuse(minting(1))
	if r, body := i.allowed(get("crm", "/x")); r.Status != 200 || body != "ok" || i.minted != 2 {
		t.Errorf("GET: status %d, body %q, %d tokens", r.Status, body, i.minted)
	}
	if last := i.records[len(i.records)-1]; last.Detail["repeated"] == "" || last.Status != 200 {
		t.Errorf("recorded %+v", last)
	}
	refuse(minting(2))
	post := get("crm", "/x")
	post.Args.Method = "POST"
	sent := len(i.sent)
	if r, body := i.allowed(post); r.Status != 401 || body != "no [REDACTED:x5qncd]" ||
		len(i.sent) != sent+1 {
		t.Errorf("POST: status %d, body %q, %d requests", r.Status, body, len(i.sent)-sent)
	}
	if i.allowed(post); i.bearer() != minting(3) {
		t.Errorf("the next call carries %q", i.bearer())
	}
	// A credential without rights is traded at most twice, however many calls are made.
	refuse(minting(3), minting(4), minting(5))
	for range 5 {
		if r, _ := i.allowed(get("crm", "/x")); r.Status != 401 {
			t.Errorf("status %d", r.Status)
		}
	}
	if i.minted != 4 {
		t.Errorf("%d tokens", i.minted)
	}
	refuse()
	i.allowed(get("crm", "/x"))
	refuse(minting(4))
	if r, _ := i.allowed(get("crm", "/x")); r.Status != 200 || i.bearer() != minting(5) {
		t.Errorf("status %d, bearer %q", r.Status, i.bearer())
	}
}

// TestFirstTokenOfACallIsNotDropped: a reply of 401 to the freshest token there is says nothing
// against it.
func TestFirstTokenOfACallIsNotDropped(t *testing.T) {
	i := newIDP(t)
	i.api = status(401)
	if r, _ := i.allowed(get("crm", "/x")); r.Status != 401 || i.minted != 1 || len(i.sent) != 2 {
		t.Errorf("status %d, %d tokens, %d requests", r.Status, i.minted, len(i.sent))
	}
}

func TestTokensGoWithTheirService(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     int
	}{
		{"scopes: [a, b]", "scopes: [a]", 2}, {clientSecret, "another_secret_of_the_tests", 2},
		{"api.crm", "api2.crm", 2}, {"clientId: me", "clientId: you", 2},
		{"  crm: {service: crm}", "  crm: {service: crm, ttl: 2h}", 1}, {"version", "version", 1},
	} {
		i := newIDP(t)
		i.allowed(get("crm", "/x"))
		changed := strings.Replace(tokenConfig, c.from, c.to, 1)
		i.engine = i.engine.Next(i.parse(changed), i.vault)
		i.allowed(get("crm", "/x"))
		if i.minted != c.want {
			t.Errorf("%s: %d tokens", c.to, i.minted)
		}
		i.engine = i.engine.Next(i.parse(tokenConfig), i.vault)
		if len(i.engine.tokens.slots) > 0 && c.want == 2 {
			t.Errorf("%s: %d tokens are kept", c.to, len(i.engine.tokens.slots))
		}
	}
}

func TestTokenNeverReachesTheAgent(t *testing.T) {
	i := newIDP(t)
	i.api = func(s Send) (Head, []string, Ended) {
		v, _ := wire.Get(s.Headers, "Authorization")
		return Head{Status: 200, Headers: []Header{{Name: "ETag", Value: v}}}, []string{
			"you sent ", v[:12], v[12:], " and ", clientSecret, " and ", minting(1),
		}, Ended{}
	}
	for range 2 {
		r, body := i.allowed(get("crm", "/x"))
		if text := body + fmt.Sprint(r); strings.Contains(text, "tok_of") ||
			strings.Contains(text, "client_secret") || r.Redactions != 4 {
			t.Errorf("%s, %d redactions", text, r.Redactions)
		}
		i.now.Mono += 3000_000 // the second time the first token is good for a while yet
	}
	if i.minted != 2 {
		t.Errorf("%d tokens", i.minted)
	}
}

func TestFailedExchanges(t *testing.T) {
	answer := func(n int, body string, headers ...Header) func(Send) (Head, []string, Ended) {
		return func(Send) (Head, []string, Ended) {
			return Head{Status: n, Headers: headers}, []string{body}, Ended{}
		}
	}
	ended := func(e Ended) func(Send) (Head, []string, Ended) {
		return func(Send) (Head, []string, Ended) { return Head{}, nil, e }
	}
	for _, c := range []struct {
		token func(Send) (Head, []string, Ended)
		code  string
		text  string
	}{
		{answer(400, `{"error":"invalid_client","error_description":"`+clientSecret+` is wrong"}`),
			ExchangeFailed,
			`service "crm": the token endpoint answered 400 (invalid_client: [REDACTED:x5qncd] is wrong)`},
		{answer(400, `{"error":"`+strings.Repeat("x", 190)+clientSecret+`"}`), ExchangeFailed,
			strings.Repeat("x", 190) + ")"},
		// Cut after scrubbing: no first half of the secret is left over.
		{answer(400, `{"error":"`+strings.Repeat("x", 178)+clientSecret+`"}`), ExchangeFailed,
			"x[REDACTED:x5qncd])"},
		{answer(401, ``, Header{Name: "Date", Value: "Mon, 23 Nov 2026 09:43:45 GMT"}),
			ExchangeFailed, "this clock is 600 s behind the endpoint's"},
		{answer(200, `{"access_token":"","tok_of":1}`), ExchangeFailed,
			"no token that could be sent"},
		{answer(200, `<html>`), ExchangeFailed, "not the JSON"},
		{answer(302, ``, Header{Name: "Location", Value: "https://evil.example"}),
			ExchangeFailed, "answered 302"},
		{func(Send) (Head, []string, Ended) {
			return Head{Status: 200}, []string{`{"access`}, Ended{Truncated: true}
		}, ExchangeFailed, "longer than 65536 bytes"},
		{ended(Ended{}), ExchangeFailed, "gave no answer"},
		{ended(Ended{Err: ErrTimeout}), ExchangeFailed, "did not answer in time"},
		{ended(Ended{Err: ErrUnreachable, Detail: "no connection"}), ExchangeFailed,
			"could not be reached: no connection"},
		{ended(Ended{Err: ErrUnscannable}), ExchangeFailed, "cannot be read"},
		{ended(Ended{Err: ErrRejected}), ExchangeFailed, "malformed"},
		{ended(Ended{Err: "?"}), ExchangeFailed, "failed"},
		{ended(Ended{Err: ErrBlocked, Detail: "address class metadata"}),
			EgressBlocked,
			"the token endpoint: its host resolves to an address that it may not use: " +
				"address class metadata"},
		{ended(Ended{Err: ErrUnrecorded}), AuditUnavailable, "audit log"},
		{ended(Ended{Err: ErrCancelled}), Cancelled, "the call was cancelled"},
	} {
		i := newIDP(t)
		i.token = c.token
		i.fails(get("crm", "/x"), c.code, c.text)
		if len(i.sent) != 1 {
			t.Errorf("%s: %d requests", c.text, len(i.sent))
		}
		if got, want := i.events(), "session.open, intent, mint, mint.result "+c.code+", result "+
			c.code; got != want {
			t.Errorf("%s: recorded %s", c.text, got)
		}
		flight := i.sent[0].Flight
		i.token = nil
		if i.allowed(get("crm", "/x")); i.sent[1].Flight == flight {
			t.Error("the next call would be given the same answer")
		}
	}
}

// TestEqualFlights: flows that ask at once ask for one flight, and all use what it brings.
func TestEqualFlights(t *testing.T) {
	i := newIDP(t)
	i.allowed(get("crm", "/warm"))
	i.engine.tokens.forget([]string{"crm"})
	var flows []*Flow
	var flights []string
	for range 3 {
		c := get("crm", "/x")
		f, step := i.engine.Begin(i.in(i.engine.Needs(c)), c)
		for {
			if s, ok := step.(Send); ok {
				flows, flights = append(flows, f), append(flights, s.Flight)
				break
			}
			step = f.Resume(i.in(nil), i.commit(step.(Commit)))
		}
	}
	if flights[0] == "" || flights[0] != flights[1] || flights[1] != flights[2] {
		t.Fatalf("flights %q", flights)
	}
	var first *minted
	before := i.minted
	for n, f := range flows {
		f.Resume(i.in(nil), Head{Status: 200})
		step := f.Resume(i.in(nil),
			Ended{Body: secret.New(`{"access_token":"tok_of_the_flight_1","expires_in":60}`),
				First: n == 1})
		if c, ok := step.(Commit); ok != (n == 1) {
			t.Errorf("flow %d: step %+v", n, step)
		} else if ok {
			step = f.Resume(i.in(nil), i.commit(c))
		}
		if s, ok := step.(Send); !ok || s.Flight != "" ||
			s.Headers[len(s.Headers)-1].Value != "Bearer tok_of_the_flight_1" {
			t.Errorf("flow %d: step %+v", n, step)
		}
		for _, slot := range i.engine.tokens.slots {
			if first == nil {
				first = slot.token
			}
			if slot.token == nil || slot.token != first {
				t.Error("two tokens of one flight")
			}
		}
	}
	if i.allowed(get("crm", "/x")); i.minted != before || i.bearer() != "tok_of_the_flight_1" {
		t.Errorf("bearer %q", i.bearer())
	}
}

func TestStoppedExchange(t *testing.T) {
	for why, code := range map[string]string{
		StopRevoked: SessionRevoked, StopCancelled: Cancelled,
	} {
		i := newIDP(t)
		i.before = func(s Step) Event {
			if send, ok := s.(Send); ok && send.Flight != "" {
				return Stopped{Why: why}
			}
			return nil
		}
		i.refused(get("crm", "/x"), code)
	}
}

// TestFailedRecordOfAnExchange: what came of it has to stand before the token is used.
func TestFailedRecordOfAnExchange(t *testing.T) {
	i := newIDP(t)
	i.failCommit = func(c Commit) bool {
		return len(c.Records) > 0 && c.Records[0].Event == "mint.result"
	}
	done, _ := i.do(get("crm", "/x"))
	if done.Denial == nil || done.Denial.Code != AuditUnavailable || len(i.sent) != 1 {
		t.Errorf("%s, %d requests", outcome(done), len(i.sent))
	}
}

func TestTimeoutHoldsForExchangeAndRequestTogether(t *testing.T) {
	i := newIDP(t)
	i.engine = i.engine.Next(i.parse(strings.Replace(tokenConfig, "{service: crm}",
		"{service: crm, timeout: 20s}", 1)), i.vault)
	reply := i.reply
	i.reply = func(s Send) (Head, []string, Ended) {
		if s.Flight != "" {
			i.now.Mono += 15_000
		}
		return reply(s)
	}
	i.allowed(get("crm", "/x"))
	if i.sent[0].TimeoutMs != 20_000 || i.sent[1].TimeoutMs != 5_000 {
		t.Errorf("exchange %d ms, request %d ms", i.sent[0].TimeoutMs, i.sent[1].TimeoutMs)
	}
}

func TestWrongCredentialIsNotTraded(t *testing.T) {
	i := newIDP(t)
	service := i.engine.config.Services["crm"]
	v := service.Auth.Fields["clientSecret"]
	v.Plain = secret.New("with\nline break " + clientSecret)
	service.Auth.Fields["clientSecret"] = v
	d := i.refused(get("crm", "/x"), SigningFailed)
	if !strings.Contains(d.Message, `"clientSecret"`) || strings.Contains(d.Message, clientSecret) {
		t.Errorf("message %q", d.Message)
	}
}

// TestTheHintOfAnUntrustedEndpoint names the service, as that of an API does.
func TestTheHintOfAnUntrustedEndpoint(t *testing.T) {
	i := newIDP(t)
	i.token = func(Send) (Head, []string, Ended) { return Head{}, nil, Ended{Err: ErrUntrusted} }
	done, _ := i.do(get("crm", "/x"))
	if d := done.Denial; d == nil || d.Code != CredentialRebound ||
		!strings.Contains(d.NextStep, "`janee trust crm`") {
		t.Errorf("%s", outcome(done))
	}
}

// TestARefusedTokenIsNotRelayed: the agent gets nothing of a reply after which the request is made
// again, nor of that of a token endpoint.
func TestARefusedTokenIsNotRelayed(t *testing.T) {
	i := newIDP(t)
	i.allowed(get("crm", "/warm"))
	i.api = func(s Send) (Head, []string, Ended) {
		if v, _ := wire.Get(s.Headers, "Authorization"); v == "Bearer "+minting(1) {
			return Head{Status: 401}, []string{"no"}, Ended{}
		}
		return Head{Status: 200}, []string{"ok"}, Ended{}
	}
	i.relays = nil
	i.allowed(get("crm", "/x"))
	var got []string
	for _, step := range i.relays {
		got = append(got, fmt.Sprintf("%T", step))
	}
	if want := []string{"<nil>", "<nil>", "core.Relay"}; !slices.Equal(got, want) {
		t.Errorf("answered heads with %q, not %q", got, want)
	}
}
