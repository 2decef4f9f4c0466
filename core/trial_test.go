package core

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

const trialConfig = `
services:
  one:
    baseUrl: https://one.example/v1
    testPath: /me?full=1
    auth: {type: bearer, key: ` + testKey + `}
  two:
    baseUrl: https://two.example
    testPath: /*/a
    auth: {type: basic, username: u, password: password_of_the_core_tests}
  mute: {baseUrl: https://mute.example, auth: {type: bearer, key: key_of_the_mute_service}}
  hers:
    baseUrl: https://hers.example
    testPath: /x
    ownership: {accessPolicy: agent-only, createdBy: ann}
    auth: {type: bearer, key: key_of_her_own_service}
capabilities:
  one: {service: one, rules: {allow: [POST /only]}}
  one_listed: {service: one, allowedAgents: [ann]}
  two: {service: two, autoApprove: false}
  hers: {service: hers}
`

func trialOf(service string) Call {
	return Call{
		Caller: Caller{Agent: "claude-ai", Via: ViaStdio},
		Tool:   TestService,
		Args:   tool.Arguments{Service: service},
	}
}

func reports(t *testing.T, r *Result) (list []TrialReport) {
	t.Helper()
	var out struct{ Results []TrialReport }
	if err := json.Unmarshal(r.Structured(r.Text(nil)), &out); err != nil {
		t.Fatalf("%s: %v", r.Data, err)
	}
	return out.Results
}

func TestTrialSendsTheTestPathAndNothingElse(t *testing.T) {
	h := newHouse(t, trialConfig)
	r, _ := h.allowed(trialOf("one"))
	want := TrialReport{
		Service:   "one",
		BaseURL:   "https://one.example/v1",
		TestURL:   "https://one.example/v1/me?full=1",
		Reachable: true,
		AuthOK:    true,
		AuthType:  "bearer",
		CheckedAt: "2026-11-23T09:33:45Z",
	}
	got := reports(t, r)
	if len(got) != 1 || got[0].StatusCode == nil || *got[0].StatusCode != 200 {
		t.Fatalf("reports %s", r.Data)
	}
	got[0].StatusCode = nil
	if got[0] != want || r.Data[0] != '{' {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
	s := h.sent[0]
	if len(h.sent) != 1 || s.Method != "GET" || s.Target != "/v1/me?full=1" ||
		s.TimeoutMs != 10_000 || len(s.Body) > 0 {
		t.Errorf("sent %+v", h.sent)
	}
	if v, _ := wire.Get(s.Headers, "Authorization"); v != "Bearer "+testKey {
		t.Error("without the credential")
	}
	if got := h.events(); got != "intent, result" {
		t.Errorf("recorded %s", got)
	}
	if r := h.records[0]; r.Service != "one" || r.Method != "GET" || r.Target != "/me?full=*" ||
		r.Detail["tool"] != TestService || r.Agent != "claude-ai" || r.Rule != "GET /me" {
		t.Errorf("recorded %+v", r)
	}
	c := trialOf("one")
	c.Args.TimeoutMs = 1234
	if h.allowed(c); h.sent[1].TimeoutMs != 1234 {
		t.Errorf("timeout %d", h.sent[1].TimeoutMs)
	}
	// What the rest of a call says is not looked at.
	c.Args.Method, c.Args.Path, c.Args.Capability, c.Args.Body = "DELETE",
		"/everything", "one", []byte("x")
	if h.allowed(c); h.sent[2].Method != "GET" || h.sent[2].Target != "/v1/me?full=1" ||
		h.sent[2].Body != nil {
		t.Errorf("sent %+v", h.sent[2])
	}
}

func TestTrialReports(t *testing.T) {
	answer := func(status int, body string) func(Send) (Head, []string, Ended) {
		return func(Send) (Head, []string, Ended) {
			return Head{Status: status}, []string{body}, Ended{}
		}
	}
	long := strings.Repeat("ä", 1000)
	for _, c := range []struct {
		name             string
		reply            func(Send) (Head, []string, Ended)
		status           int // 0: none
		fault, code, say string
	}{
		{"refused", answer(401, "you sent Bearer "+testKey), 401, "does not accept the credential",
			"", "you sent Bearer [REDACTED:x5qncd]"},
		{"forbidden", answer(403, "no"), 403, "does not accept", "", "no"},
		{"redirected", answer(302, ""), 302, "redirect", "", ""},
		{"absent", answer(404, "no such page"), 404, "testPath may be wrong", "", "no such page"},
		{"broken", answer(500, long), 500, "answered 500", "", long[:2*maxTrialBody]},
		{"long, a key at the cut", answer(500, long[:2*maxTrialBody-10]+testKey), 500,
			"answered 500", "", long[:2*maxTrialBody-10]},
		{"binary", answer(500, "a\xff\xfeb"), 500, "answered 500", "", "a\ufffdb"},
		{"timeout",
			func(Send) (Head, []string, Ended) { return Head{}, nil, Ended{Err: ErrTimeout} }, 0,
			"did not answer in time", UpstreamTimeout, ""},
		{"unreachable", func(Send) (Head, []string, Ended) {
			return Head{}, nil, Ended{Err: ErrUnreachable, Detail: "no " + testKey}
		}, 0, "no [REDACTED:x5qncd]", UpstreamUnreachable, ""},
		{"cut", func(Send) (Head, []string, Ended) {
			return Head{Status: 200}, []string{"x"}, Ended{Err: ErrUnreachable}
		}, 200, "could not be reached", UpstreamUnreachable, ""},
		{"blocked", func(Send) (Head, []string, Ended) {
			return Head{}, nil, Ended{Err: ErrBlocked, Detail: "address class loopback"}
		}, 0, "address class loopback", EgressBlocked, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, trialConfig)
			h.reply = c.reply
			r, _ := h.allowed(trialOf("one"))
			got := reports(t, r)[0]
			if got.AuthOK || got.Reachable != (c.status != 0) ||
				(got.StatusCode == nil) == got.Reachable ||
				got.Reachable && *got.StatusCode != c.status ||
				!strings.Contains(got.Error, c.fault) || got.ReasonCode != c.code ||
				got.ResponseBody != c.say || (got.NextStep == "") != (c.code == "") {
				t.Errorf("got %s", r.Data)
			}
			if last := h.records[len(h.records)-1]; last.Event != "result" || last.Code != c.code ||
				strings.Contains(string(r.Data), testKey) {
				t.Errorf("recorded %+v", last)
			}
		})
	}
}

func TestTrialOfATokenThatIsRefused(t *testing.T) {
	i := newIDP(t)
	i.engine.config.Services["crm"].TestPath = "/me"
	i.allowed(trialOf("crm"))
	i.api = func(s Send) (Head, []string, Ended) {
		if v, _ := wire.Get(s.Headers, "Authorization"); v == "Bearer "+minting(1) {
			return Head{Status: 401}, []string{"first"}, Ended{}
		}
		return Head{Status: 403}, []string{"second"}, Ended{}
	}
	r, _ := i.allowed(trialOf("crm"))
	if got := reports(t, r)[0]; *got.StatusCode != 403 || got.ResponseBody != "second" {
		t.Errorf("got %s", r.Data)
	}
	i.token = status(500)
	i.engine.tokens.forget([]string{"crm"})
	r, _ = i.allowed(trialOf("crm"))
	if got := reports(t, r)[0]; got.Reachable || got.ReasonCode != ExchangeFailed ||
		!strings.Contains(got.Error, "answered 500") {
		t.Errorf("got %s", r.Data)
	}
}

func TestTrialRefuses(t *testing.T) {
	h := newHouse(t, trialConfig)
	pair := session.Pair(ViaStdio, "claude-ai", "one")
	if d := h.refused(trialOf("nothing"), BadArguments); !strings.Contains(d.Message, `"nothing"`) {
		t.Error(d.Message)
	}
	h.refused(trialOf("hers"), OwnershipDenied)
	h.refused(trialOf("two"), ApprovalPending) // a person has not said yes
	h.files[session.RevokedFile(pair)] = session.Revocation{ID: "x", Pair: pair, At: h.now.Wall,
		Until: h.now.Wall + 60_000, By: "cli"}.Encode(h.vault.Key("state"))
	h.refused(trialOf("one"), SessionRevoked)
	delete(h.files, session.RevokedFile(pair))
	h.files[session.LockFile] = nil
	h.refused(trialOf("one"), Locked)
	delete(h.files, session.LockFile)
	fault := trialOf("one")
	fault.Fault = errors.New("timeout must be")
	h.refused(fault, BadArguments)
	h.failCommit = func(Commit) bool { return true }
	h.refused(trialOf("one"), AuditUnavailable)
	h.failCommit = nil
	if got := h.events(); got != "deny BAD_ARGUMENTS, deny OWNERSHIP_DENIED, deny "+
		"APPROVAL_PENDING, deny SESSION_REVOKED, deny LOCKED, deny BAD_ARGUMENTS" {
		t.Errorf("recorded %s", got)
	}
	// The person asks about everything.
	c := trialOf("hers")
	c.Agent, c.Via = "", ViaCLI
	h.allowed(c)
	h.engine = New(h.engine.config, nil)
	h.refused(c, VaultLocked)
	h.refused(trialOf("one"), VaultLocked)
}

// TestTrialUnderAnOpenSession: where a person said yes to a session, a trial is one of its calls.
func TestTrialUnderAnOpenSession(t *testing.T) {
	h := newHouse(t, trialConfig)
	h.engine.config.Capabilities["two"].AutoApprove = true
	h.allowed(get("two", "/x"))
	h.allowed(trialOf("two"))
	if a, b := h.records[0].Session, h.records[len(h.records)-1].Session; a == "" || a != b {
		t.Errorf("session %q, not %q", b, a)
	}
}

func TestTrialThatIsStopped(t *testing.T) {
	for _, service := range []string{"one", ""} {
		h := newHouse(t, trialConfig)
		h.before = func(s Step) Event {
			if _, ok := s.(Send); ok {
				return Stopped{Why: StopCancelled}
			}
			return nil
		}
		h.refused(trialOf(service), Cancelled)
	}
}

func TestTrialWithoutTestPath(t *testing.T) {
	h := newHouse(t, trialConfig)
	r, _ := h.allowed(trialOf("mute"))
	if got := reports(t, r)[0]; got.Reachable || got.AuthOK ||
		!strings.Contains(got.Error, "no testPath") ||
		!strings.Contains(got.NextStep, "janee service edit mute --test-path") || len(h.sent) > 0 {
		t.Errorf("got %s", r.Data)
	}
}

func TestTrialOfAllServices(t *testing.T) {
	h := newHouse(t, trialConfig)
	r, _ := h.allowed(trialOf(""))
	var got []string
	for _, one := range reports(t, r) {
		got = append(got, one.Service+" "+one.ReasonCode)
	}
	if want := []string{"one ", "two APPROVAL_PENDING", "mute "}; !slices.Equal(got, want) ||
		r.Data[0] != '[' {
		t.Errorf("an agent: %q", got)
	}
	c := trialOf("")
	c.Agent, c.Via = "", ViaCLI
	h.reply = func(s Send) (Head, []string, Ended) {
		if s.Service == "one" {
			return Head{}, nil, Ended{Err: ErrTimeout}
		}
		return Head{Status: 401}, []string{s.Service}, Ended{}
	}
	h.records = nil
	r, _ = h.allowed(c)
	if all := reports(t, r); len(all) != 4 || all[0].ReasonCode != UpstreamTimeout ||
		all[1].ResponseBody != "two" || all[3].ResponseBody != "hers" {
		t.Errorf("the person: %s", r.Data)
	}
	reqs := map[string]int{}
	for _, r := range h.records {
		reqs[r.Req]++
	}
	if len(h.records) != 6 || len(reqs) != 3 {
		t.Errorf("%d records of %d calls", len(h.records), len(reqs))
	}
	if empty, _ := newHouse(t, "version: 1\n").allowed(trialOf("")); string(empty.Data) != "[]" {
		t.Errorf("without services: %s", empty.Data)
	}
}

// TestTrialOfAllEndsWithTheLog: a result that cannot be recorded is answered, and nothing more is
// tried.
func TestTrialOfAllEndsWithTheLog(t *testing.T) {
	h := newHouse(t, trialConfig)
	h.failCommit = func(c Commit) bool { return c.Late }
	c := trialOf("")
	c.Agent, c.Via = "", ViaCLI
	done, _ := h.do(c)
	if !done.Lock || done.Result == nil || len(reports(t, done.Result)) != 1 || len(h.sent) != 1 {
		t.Errorf("%s", outcome(done))
	}
	h.failCommit = func(c Commit) bool { return true }
	h.refused(c, AuditUnavailable)
}

// TestTrialIsRevoked: the shell asks whatever flow it was given, also while an inner one is under
// way.
func TestTrialIsRevoked(t *testing.T) {
	for _, service := range []string{"one", ""} {
		h := newHouse(t, trialConfig)
		c := trialOf(service)
		f, step := h.engine.Begin(h.in(h.engine.Needs(c)), c)
		step = f.Resume(h.in(nil), h.commit(step.(Commit)))
		s := step.(Send)
		if f.Revoked(h.in(s.Watch)) {
			t.Error("revoked at once")
		}
		pair := session.Pair(ViaStdio, "claude-ai", "one")
		h.files[session.RevokedFile(pair)] = session.Revocation{ID: "x", Pair: pair, At: h.now.Wall,
			Until: h.now.Wall + 60_000, By: "cli"}.Encode(h.vault.Key("state"))
		if !slices.Contains(s.Watch, session.RevokedFile(pair)) || !f.Revoked(h.in(s.Watch)) {
			t.Error("goes on after it was revoked")
		}
	}
}
