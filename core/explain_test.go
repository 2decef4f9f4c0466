package core

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
)

// asked turns an execute into the question about it.
func asked(c Call) Call {
	c.Tool, c.Args.Reason = ExplainAccess, ""
	return c
}

func (h *house) explain(c Call) Explanation {
	h.t.Helper()
	records, files := len(h.records), len(h.files)
	r, _ := h.allowed(c)
	if len(h.sent) > 0 || len(h.records) != records || len(h.files) != files {
		h.t.Errorf("an explanation sent, recorded or wrote something")
	}
	var e Explanation
	if err := json.Unmarshal(r.Data, &e); err != nil {
		h.t.Fatal(err)
	}
	return e
}

// story is the trace without details: "lock+ rules-" with + for pass, - for fail; what is skipped
// is left out.
func (e Explanation) story() string {
	var out []string
	for _, l := range e.Trace {
		if sign := map[string]string{checkPass: "+", checkFail: "-"}[l.Result]; sign != "" {
			out = append(out, l.Check+sign)
		}
	}
	return strings.Join(out, " ")
}

func (e Explanation) detail(check string) string {
	for _, l := range e.Trace {
		if l.Check == check {
			return l.Result + ": " + l.Detail
		}
	}
	return ""
}

func TestExplainTellsEveryCheck(t *testing.T) {
	post := get("readonly", "/v1/x")
	post.Args.Method = "POST"
	bare := Call{
		Caller: Caller{Agent: "claude-ai", Via: ViaStdio},
		Args:   tool.Arguments{Capability: "billing"},
	}
	own := get("asked", "/x")
	own.Via, own.Agent = ViaCLI, ""
	for _, c := range []struct {
		name  string
		call  Call
		story string
		says  map[string]string
	}{
		{"allowed",
			get("readonly", "/v1/x"),
			"lock+ capability_exists+ mode+ default_access+ size+ request+ rules+ writeback+ " +
				"reason+ root_key+ session+ limits+ approval+",
			map[string]string{"rules": `the allow rule "GET *" matches`,
				"capability_exists": "https://api.stripe.com/base", "session": "none is open",
				"ownership": "skip: the service has no owner"}},
		{"no rules",
			get("stripe", "/v1/x"),
			"lock+ capability_exists+ mode+ default_access+ size+ request+ rules+ writeback+ " +
				"reason+ root_key+ session+ limits+ approval+",
			map[string]string{"rules": "no rules are set"}},
		{"denied",
			post,
			"lock+ capability_exists+ mode+ default_access+ size+ request+ rules- writeback+ " +
				"reason+ root_key+ session+ limits+ approval+",
			map[string]string{"rules": `deny rule "POST *"`}},
		{"rejected",
			get("readonly", "/v1/../x"),
			"lock+ capability_exists+ mode+ default_access+ size+ request- reason+ root_key+ " +
				"session+ limits+ approval+",
			map[string]string{"rules": "skip: rules are for requests"}},
		{"unknown", get("nosuch", "/x"), "lock+ capability_exists-",
			map[string]string{"approval": "skip: there is no such capability"}},
		{"no request",
			bare,
			"lock+ capability_exists+ mode+ default_access+ size+ root_key+ session+ limits+ " +
				"approval+",
			map[string]string{"rules": "skip: give method and path",
				"request": "skip: give method and path",
				"reason":  "skip: every call has to give a reason"}},
		{"asked",
			get("asked", "/x"),
			"lock+ capability_exists+ mode+ default_access+ size+ request+ rules+ writeback+ " +
				"reason+ root_key+ session+ limits+ approval-",
			map[string]string{"approval": "a person must approve"}},
		{"the person's own", own,
			"lock+ capability_exists+ mode+ size+ request+ rules+ writeback+ reason+ root_key+",
			map[string]string{"approval": "skip: a person's own"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newHouse(t, houseConfig).explain(asked(c.call))
			if e.story() != c.story || len(e.Trace) != len(checks) {
				t.Errorf("trace %s", e.story())
			}
			if fails := strings.Contains(c.story, "-"); e.Allowed == fails ||
				(e.NextStep != "") != fails {
				t.Errorf("allowed %t, next step %q", e.Allowed, e.NextStep)
			}
			for check, want := range c.says {
				if got := e.detail(check); !strings.Contains(got, want) {
					t.Errorf("%s: %s", check, got)
				}
			}
			for _, l := range e.Trace {
				if l.Detail == "" {
					t.Errorf("%s says nothing", l.Check)
				}
			}
			if (e.Agent == nil) != (c.call.Agent == "") {
				t.Errorf("agent %v", e.Agent)
			}
		})
	}
}

func TestExplainSeesSessionsLockAndRootKey(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.allowed(get("stripe", "/x"))
	h.sent = nil
	if got := h.explain(asked(get("stripe", "/x"))).detail("session"); !strings.HasPrefix(got,
		"pass: one is open until 2026-") {
		t.Error(got)
	}
	if g, open := h.openSession(get("stripe", "/x")); !open || g.Agent != "claude-ai" {
		t.Errorf("open session %+v", g)
	}
	for _, capability := range []string{"readonly", "nosuch"} {
		if _, open := h.openSession(get(capability, "/x")); open {
			t.Errorf("%s has a session", capability)
		}
	}
	pair := session.Pair(ViaStdio, "claude-ai", "stripe")
	h.files[session.RevokedFile(pair)] = session.Revocation{ID: "x", Pair: pair, At: h.now.Wall,
		Until: h.now.Wall + hour, By: "cli"}.Encode(h.vault.Key("state"))
	e := h.explain(asked(get("stripe", "/x")))
	if e.Allowed || !strings.Contains(e.detail("session"), ": revoked by cli") ||
		!strings.HasPrefix(e.detail("approval"), "skip") {
		t.Errorf("revoked: %+v", e)
	}
	if _, open := h.openSession(get("stripe", "/x")); open {
		t.Error("a revoked session counts as open")
	}
	h.files[session.LockFile] = []byte{}
	e = h.explain(asked(get("readonly", "/x")))
	if e.Allowed || !strings.HasPrefix(e.detail("lock"), "fail") ||
		!strings.Contains(e.NextStep, "locked") || !strings.HasPrefix(e.detail("rules"), "pass") {
		t.Errorf("locked: %+v", e)
	}
	h = newHouse(t, houseConfig)
	h.engine = New(h.parse(houseConfig), nil)
	e = h.explain(asked(get("stripe", "/x")))
	if e.Allowed || !strings.HasSuffix(e.story(), "root_key-") ||
		e.detail("session") != "skip: only the root key can tell" {
		t.Errorf("no root key: %+v", e)
	}
}

func (h *house) openSession(c Call) (session.Grant, bool) {
	return h.engine.OpenSession(h.in(h.engine.Needs(c)), c)
}

func TestExplainIsAboutTheCallerOnly(t *testing.T) {
	h := newHouse(t, houseConfig)
	c := asked(get("stripe", "/x"))
	c.Args.About = "claude-ai"
	h.explain(c)
	c.Args.About = "cursor"
	d := h.refused(c, BadArguments)
	if !strings.Contains(d.Message, `"claude-ai"`) || h.events() != "deny BAD_ARGUMENTS" {
		t.Errorf("denial %+v, recorded %s", d, h.events())
	}
}

// TestExplainSaysWhatExecuteDoes holds every explanation against the call itself.
func TestExplainSaysWhatExecuteDoes(t *testing.T) {
	n := 0
	for _, capability := range []string{
		"stripe", "readonly", "billing", "asked", "bybit", "nosuch",
	} {
		for _, method := range []string{"GET", "POST", "PROPFIND", "TRACE"} {
			for _, path := range []string{
				"/", "/v1/refunds/re_1", "/v1/refunds", "/..", "/%2e", "//x", "x", "/a?b=[c]",
			} {
				for _, change := range []func(*house, Call){
					func(*house, Call) {},
					func(h *house, _ Call) { h.files[session.LockFile] = nil },
					func(h *house, _ Call) { h.engine = New(h.parse(houseConfig), nil) },
					func(h *house, _ Call) { h.files[session.ClosedFile] = nil },
					func(h *house, c Call) {
						h.person = h.says(approval.Allow, approval.Session)
						h.do(c)
						h.person = nil
					},
				} {
					c := get(capability, path)
					c.Args.Method = method
					h := newHouse(t, houseConfig)
					change(h, c)
					h.sent = nil
					e := h.explain(asked(c))
					done, _ := h.do(c)
					// its next step names the question
					asks := done.Denial != nil && done.Denial.Code == ApprovalPending
					if e.Allowed != (done.Denial == nil) ||
						done.Denial != nil && !asks && done.Denial.NextStep != e.NextStep {
						t.Errorf("%s %s %s: %s, but execute ends with %s", capability, method, path,
							e.story(), outcome(done))
					}
					n++
				}
			}
		}
	}
	if n != 6*4*8*5 {
		t.Error(fmt.Sprint(n, " calls"))
	}
}
