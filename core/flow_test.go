package core

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/wire"
)

func TestExecuteSignsAndRecordsBeforeSending(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.reply = func(s Send) (Head, []string, Ended) {
		if got := h.events(); got != "session.open, intent" {
			t.Errorf("recorded before sending: %s", got)
		}
		return Head{
			Status: 200, Headers: []Header{
				{Name: "Content-Type", Value: "text/plain"}, {Name: "Set-Cookie", Value: "a=b"},
				{Name: "X-Other", Value: "c"},
			},
		}, []string{"hello"}, Ended{Bytes: 5}
	}
	c := get("stripe", "/v1/x?expand[]=a")
	c.Args.Headers = []Header{
		{Name: "Accept", Value: "text/plain"}, {Name: "Authorization", Value: "Bearer mine"},
		{Name: "Stripe_Version", Value: "2001-01-01"},
	}
	r, body := h.allowed(c)
	if r.Status != 200 || body != "hello" || len(r.Headers) != 1 ||
		strings.Join(r.Dropped, ",") != "Authorization,Stripe_Version" {
		t.Errorf("result %+v, body %q", r, body)
	}
	s := h.sent[0]
	if s.URL != "https://api.stripe.com/base/v1/x?expand[]=a" ||
		s.Target != "/base/v1/x?expand[]=a" || s.TimeoutMs != 60000 ||
		s.MaxBody <= wire.ReplyBody {
		t.Errorf("sent %+v", s)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + testKey, "Accept": "text/plain",
		"Stripe-Version": "2026-01-01",
	} {
		if got, _ := wire.Get(s.Headers, name); got != want {
			t.Errorf("%s = %q", name, got)
		}
	}
	if got := h.events(); got != "session.open, intent, result" {
		t.Errorf("recorded %s", got)
	}
	if last := h.records[2]; last.Status != 200 || last.Bytes != 5 ||
		last.Target != "/v1/x?expand[]=*" || last.Session == "" || last.Req != h.records[1].Req {
		t.Errorf("result record %+v", last)
	}
}

func TestRefusalsInOrder(t *testing.T) {
	h := newHouse(t, houseConfig)
	faulty := get("stripe", "/x")
	faulty.Fault = errors.New("path must be a string, got a number")
	h.refused(faulty, BadArguments)
	h.refused(Call{Caller: Caller{Via: ViaStdio}, Tool: "no_such_tool"}, BadArguments)
	if got := h.records[1].Detail["tool"]; got != "no_such_tool" {
		t.Errorf("the probe was recorded as %q", got)
	}
	h.refused(get("nosuch", "/.."), CapabilityNotFound)
	h.refused(get("billing", "/v1/../x"), RequestRejected)
	h.refused(get("billing", "/x"), RuleDeny)
	post := get("billing", "/v1/refunds/re_1")
	post.Args.Method, post.Args.Reason = "POST", " "
	for _, blank := range []string{
		"", " ", "\u200b", "\u00a0\u2028", "\u202e\u2066", "\x00\x1b", "\ufeff\u00ad",
	} {
		post.Args.Reason = blank
		h.refused(post, ReasonRequired)
	}
	split := get("stripe", "/x")
	split.Args.Headers = []Header{{Name: "X-A", Value: "a\r\nX-Evil: 1"}}
	h.refused(split, RequestRejected)

	deny := get("readonly", "/v1/x")
	deny.Args.Method = "POST"
	d := h.refused(deny, RuleDeny)
	if d.EvaluatedPolicy != `deny "POST *"` || d.NextStep == "" || d.AgentID != "claude-ai" ||
		d.Capability != "readonly" {
		t.Errorf("denial %+v", d)
	}
	for _, r := range h.records {
		if r.Event != "deny" || r.Decision != "deny" || r.Code == "" {
			t.Errorf("record %+v", r)
		}
	}
	if len(h.records) != 14 {
		t.Errorf("%d refusals were recorded", len(h.records))
	}
}

func TestNothingHappensWithoutARecord(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.failCommit = func(c Commit) bool { return len(c.Writes) > 0 }
	h.refused(get("stripe", "/x"), AuditUnavailable)
	h.failCommit = func(c Commit) bool { return len(c.Records) > 0 }
	h.refused(get("stripe", "/x"), AuditUnavailable)
}

func TestResultThatCannotBeRecordedLocks(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.failCommit = func(c Commit) bool { return c.Late }
	done, body := h.do(get("stripe", "/x"))
	if done.Result == nil || body != `{"ok":true}` || !done.Lock {
		t.Errorf("done %+v, body %q", done, body)
	}
	h.failCommit = nil
	if done, _ := h.do(get("stripe", "/x")); done.Lock {
		t.Error("a recorded result locks")
	}
}

func TestKeyNeverComesBack(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.reply = func(s Send) (Head, []string, Ended) {
		auth, _ := wire.Get(s.Headers, "Authorization")
		return Head{
			Status: 401, Headers: []Header{
				{Name: "Location", Value: "https://x.example/?k=" + testKey},
				{Name: "Content-Length", Value: "36"},
			},
		}, []string{"a " + auth[:12], auth[12:] + " b"}, Ended{}
	}
	r, body := h.allowed(get("stripe", "/x"))
	if body != "a Bearer [REDACTED:x5qncd] b" || len(r.Headers) != 1 ||
		r.Headers[0].Value != "https://x.example/?k=[REDACTED:x5qncd]" || r.Redactions != 2 {
		t.Errorf("body %q, headers %v, %d redactions", body, r.Headers, r.Redactions)
	}
	// A reply that is cut inside the key shows nothing of it.
	cut := get("stripe", "/x")
	cut.Args.MaxBytes = 10
	h.reply = func(Send) (Head, []string, Ended) {
		return Head{Status: 200}, []string{"a " + testKey + strings.Repeat(" b", 9999)},
			Ended{Truncated: true}
	}
	if r, body = h.allowed(cut); body != "a [REDACTED:x5qncd]" || !r.Truncated {
		t.Errorf("cut body %q", body)
	}
	h.reply = func(Send) (Head, []string, Ended) {
		return Head{}, nil, Ended{Err: ErrUnreachable, Detail: "dialling with " + testKey}
	}
	done, _ := h.do(get("stripe", "/x"))
	if text := string(done.Denial.Text()); strings.Contains(text, testKey) ||
		!strings.Contains(text, "REDACTED") {
		t.Errorf("denial %s", text)
	}
	for _, r := range h.records {
		if b, _ := json.Marshal(r); strings.Contains(string(b), testKey) {
			t.Errorf("record %s", b)
		}
	}
}

// TestLostRepliesMayHaveBeenActedOn: an agent that repeats a POST because "the API could not be
// reached" may pay twice.
func TestLostRepliesMayHaveBeenActedOn(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.reply = func(Send) (Head, []string, Ended) { return Head{}, nil, Ended{Err: ErrUnreachable} }
	for method, warned := range map[string]bool{
		"GET": false, "HEAD": false, "OPTIONS": false, "POST": true, "PUT": true,
		"PATCH": true, "DELETE": true,
	} {
		c := get("stripe", "/x")
		c.Args.Method = method
		done, _ := h.do(c)
		if done.Denial == nil ||
			strings.Contains(done.Denial.NextStep, "check before you repeat it") != warned {
			t.Errorf("%s: %s", method, outcome(done))
		}
	}
}

func TestEndingsOfAnExchange(t *testing.T) {
	h := newHouse(t, houseConfig)
	for err, code := range map[string]string{
		ErrTimeout: UpstreamTimeout, ErrUnreachable: UpstreamUnreachable,
		ErrUnscannable: ResponseUnscannable, ErrCancelled: Cancelled, ErrRejected: RequestRejected,
		ErrBlocked:      EgressBlocked,
		"something new": Internal,
	} {
		h.records = nil
		h.reply = func(Send) (Head, []string, Ended) {
			return Head{Status: 200}, []string{"part"}, Ended{Err: err}
		}
		done, _ := h.do(get("stripe", "/x"))
		if done.Result != nil || done.Denial == nil || done.Denial.Code != code {
			t.Errorf("%s ended with %s", err, outcome(done))
		}
		if last := h.records[len(h.records)-1]; last.Event != "result" || last.Code != code {
			t.Errorf("%s recorded as %+v", err, last)
		}
	}
}

func TestStopped(t *testing.T) {
	for name, c := range map[string]struct {
		at     func(Step) bool
		why    string
		code   string
		events string
	}{
		"before the intent": {func(s Step) bool {
			c, ok := s.(Commit)
			return ok && len(c.Writes) > 0
		}, StopCancelled, Cancelled, "session.open, deny CANCELLED"},
		"before sending": {func(s Step) bool { _, ok := s.(Send); return ok },
			StopCancelled, Cancelled, "session.open, intent, result CANCELLED"},
		"revoked": {func(s Step) bool { _, ok := s.(Send); return ok }, StopRevoked,
			SessionRevoked, "session.open, intent, result SESSION_REVOKED"},
		"while closing, in vain": {func(s Step) bool { c, ok := s.(Commit); return ok && c.Late },
			StopCancelled, "", "session.open, intent"},
	} {
		h := newHouse(t, houseConfig)
		stopped := false
		h.before = func(s Step) Event {
			if stopped || !c.at(s) {
				return nil
			}
			stopped = true
			return Stopped{Why: c.why}
		}
		done, _ := h.do(get("stripe", "/x"))
		if c.code == "" && done.Result == nil ||
			c.code != "" && (done.Denial == nil || done.Denial.Code != c.code) {
			t.Errorf("%s: %s", name, outcome(done))
		}
		if got := h.events(); got != c.events {
			t.Errorf("%s: recorded %s", name, got)
		}
	}
}

func TestSignerGetsTheTime(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.allowed(get("bybit", "/v5/order?symbol=X"))
	if ts, _ := wire.Get(h.sent[0].Headers, "X-BAPI-TIMESTAMP"); ts != "1795426425000" {
		t.Errorf("timestamp %q", ts)
	}
}

// TestSecretInThePath: rules, session and log see the agent's path; the wire has the secret in
// front of it, replies have not.
func TestSecretInThePath(t *testing.T) {
	const key = "123456:ABC-DEF1234ghIkl"
	h := newHouse(t,
		"services: {bot: {baseUrl: https://api.telegram.org, auth: {type: telegram, key: \""+key+
			"\"}}}\ncapabilities: {bot: {service: bot, rules: {allow: [GET /getMe]}}}\n")
	h.reply = func(s Send) (Head, []string, Ended) {
		return Head{Status: 404}, []string{"no " + s.Target}, Ended{}
	}
	_, body := h.allowed(get("bot", "/getMe"))
	if s := h.sent[0]; s.URL != "https://api.telegram.org/bot"+key+"/getMe" ||
		s.Target != "/bot"+key+"/getMe" || body != "no /bot[REDACTED:x5qncd]/getMe" {
		t.Errorf("sent %s, body %q", s.URL, body)
	}
	if last := h.records[len(h.records)-1]; last.Target != "/getMe" {
		t.Errorf("recorded %q", last.Target)
	}
	h.refused(get("bot", "/bot1:x/getMe"), RuleDeny)
}

func TestSealedCredentialStaysWithItsDestination(t *testing.T) {
	h := newHouse(t, houseConfig)
	seal := func(b vaultBinding) string {
		return h.vault.Seal("k1", b, [12]byte{1}, secretText(testKey))
	}
	at := vaultBinding{
		Service: "stripe",
		Field:   "key",
		Type:    "bearer",
		Origin:  "https://api.stripe.com",
	}
	with := func(sealed string) *house {
		n := newHouse(t, strings.Replace(houseConfig, testKey, sealed, 1))
		return n
	}
	n := with(seal(at))
	n.allowed(get("stripe", "/x"))
	if auth, _ := wire.Get(n.sent[0].Headers, "Authorization"); auth != "Bearer "+testKey {
		t.Errorf("Authorization = %q", auth)
	}
	for name, other := range map[string]vaultBinding{
		"service": {Service: "github", Field: at.Field, Type: at.Type, Origin: at.Origin},
		"field":   {Service: at.Service, Field: "password", Type: at.Type, Origin: at.Origin},
		"type":    {Service: at.Service, Field: at.Field, Type: "basic", Origin: at.Origin},
		"origin": {Service: at.Service, Field: at.Field, Type: at.Type,
			Origin: "https://evil.example"},
	} {
		n := with(seal(other))
		d := n.refused(get("stripe", "/x"), CredentialRebound)
		if !strings.Contains(d.Message, "https://api.stripe.com") ||
			!strings.Contains(d.NextStep, "`janee trust stripe`") {
			t.Errorf("%s: %s; %s", name, d.Message, d.NextStep)
		}
		if got := n.events(); got != "session.open, intent, result CREDENTIAL_REBOUND" {
			t.Errorf("%s: recorded %s", name, got)
		}
	}
	whole := seal(at)
	n = with(whole[:len(whole)-6] + "AAAAAA")
	if d := n.refused(get("stripe", "/x"), VaultLocked); !strings.Contains(d.Message, "key") ||
		!strings.Contains(d.Message, `"stripe"`) {
		t.Errorf("damaged: %s", d.Message)
	}
	n.engine.vault = nil
	n.refused(get("stripe", "/x"), VaultLocked)
}

func TestLockedAndTheOwnersOwnCalls(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.files[session.LockFile] = []byte{}
	h.refused(get("stripe", "/x"), Locked)
	h.refused(Call{Caller: Caller{Via: ViaStdio}, Tool: Whoami}, Locked)
	delete(h.files, session.LockFile)

	own := get("asked", "/x")
	own.Via = ViaCLI
	h.allowed(own)
	if got := h.events(); got != "deny LOCKED, deny LOCKED, intent, result" {
		t.Errorf("recorded %s", got)
	}
	own = get("readonly", "/x")
	own.Via, own.Args.Method = ViaCLI, "POST"
	h.refused(own, RuleDeny)
}

// TestSchemeOfTheURLIsSigned: OAuth 1 signs whether a request goes over http (RFC 5849 section
// 3.4.1.2).
func TestSchemeOfTheURLIsSigned(t *testing.T) {
	secrets := map[string]string{
		"consumerKey": "ck_of_the_core_tests", "consumerSecret": "cs_of_the_core_tests",
	}
	scheme, _ := sign.Lookup("oauth1a")
	for _, base := range []string{"http://127.0.0.1:9", "https://127.0.0.1:9"} {
		h := newHouse(t,
			"services: {x: {baseUrl: '"+base+"', auth: {type: oauth1a, consumerKey: "+
				secrets["consumerKey"]+", consumerSecret: "+secrets["consumerSecret"]+
				"}}}\ncapabilities: {x: {service: x}}\n")
		var used In
		h.before = func(s Step) Event {
			if c, ok := s.(Commit); ok && len(c.Records) > 0 && c.Records[0].Event == "intent" {
				ev := h.commit(c)
				used = h.in(nil)
				h.rand--
				return ev
			}
			return nil
		}
		h.allowed(get("x", "/a?b=c"))
		c := sign.Credential{}
		for field, v := range secrets {
			c[field] = secret.New(v)
		}
		want, err := scheme.Sign(c, sign.Request{Method: "GET", Host: "127.0.0.1:9", Path: "/a",
			Query: "b=c", HTTP: base[:5] == "http:"},
			sign.Moment{UnixMs: used.Now.Wall, Nonce: used.Rand[:32]})
		got, _ := wire.Get(h.sent[0].Headers, "Authorization")
		if err != nil || got != want.Headers[0].Value {
			t.Errorf("%s: %s, want %s, %v", base, got, want.Headers[0].Value, err)
		}
	}
}
