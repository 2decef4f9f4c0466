package core

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/approval"
)

// shownFor is what a person is shown about c outside of Janee, in at most that many characters.
func (h *house) shownFor(c Call, most int) (text string) {
	h.t.Helper()
	asked := 0
	h.person = func(Question, bool) {
		asked++
		text = h.flow.Form(most)
	}
	h.refused(c, ApprovalPending)
	if h.person = nil; asked == 0 {
		h.t.Fatal("nobody was asked")
	}
	return text
}

func TestAFormShowsTheWholeRequest(t *testing.T) {
	h := newHouse(t, houseConfig)
	c := post("/refunds?note="+strings.Repeat("a", 190)+"&amount=999999&to=mallory",
		`{"charge":"ch_1"}`)
	c.Args.Headers = append(c.Args.Headers, Header{Name: "X-Idempotency", Value: "one two"})
	c.Args.Reason = "Pay"
	want := "The request:\n```\n" +
		"POST https://api.stripe.com/base" + c.Args.Path + "\n" +
		"Header Content-Type: text/plain\n" +
		"Header X-Idempotency: one two\n" +
		"Body of 17 bytes: {\"charge\":\"ch_1\"}\n" +
		"Capability asked of service stripe, agent claude-ai\n" +
		"Always, or a session: for 1h, what the rules of the capability allow\n" +
		"The agent says: \"Pay\"\n```"
	if got := h.shownFor(c, len(want)); got != want {
		t.Errorf("shown %s", got)
	}
	// The reason alone is cut; one character less than the request takes, and nothing is shown.
	for most, reason := range map[int]string{len(want) - 1: `"P…"`, len(want) - 2: `"…"`} {
		if got := h.shownFor(c, most); got != strings.Replace(want, `"Pay"`, reason, 1) {
			t.Errorf("in %d characters %s", most, got)
		}
	}
	if got := h.shownFor(c, len(want)-3); got != "" {
		t.Errorf("of a request that does not fit: %s", got)
	}
}

func TestAFormSaysHTTPWhereItIsHTTP(t *testing.T) {
	h := newHouse(t,
		strings.ReplaceAll(houseConfig, "https://api.stripe.com", "http://127.0.0.1:8080"))
	if got := h.shownFor(post("/x", ""), 512); !strings.Contains(got,
		"\nPOST http://127.0.0.1:8080/base/x\n") {
		t.Errorf("shown %s", got)
	}
}

// TestWhatCannotBeSeenIsNotShown has what a chat, a form or an eye takes for something else. Each
// is asked about by `janee approve` alone.
func TestWhatCannotBeSeenIsNotShown(t *testing.T) {
	body := func(s string) func(*Call) { return func(c *Call) { c.Args.Body = []byte(s) } }
	header := func(s string) func(*Call) {
		return func(c *Call) {
			c.Args.Headers = append(c.Args.Headers, Header{Name: "X-Note", Value: s})
		}
	}
	for name, change := range map[string]func(*Call){
		"a line of its own":               body("a\nCapability harmless"),
		"a line of its own, by CR":        body("a\rb"),
		"a line separator":                body("a\u2028b"),
		"a tab":                           body("a\tb"),
		"the end of the block":            body("a```b"),
		"one backtick":                    body("a`b"),
		"binary":                          body("\x00\xff\xfe"),
		"not UTF-8":                       body("a\xe9"),
		"the direction of writing":        body("a\u202eb"),
		"an isolate":                      body("a\u2066b"),
		"nothing to see":                  body("a\u200bb"),
		"a soft hyphen":                   body("a\u00adb"),
		"a Hangul filler":                 body("a\u3164b"),
		"a Braille blank":                 body("a\u2800b"),
		"a fullwidth letter":              body("ａ"),
		"a Cyrillic letter":               body("а"),
		"a variation selector":            body("a\ufe0f"),
		"a tag":                           body("a\U000e0041"),
		"blanks":                          body("a  b"),
		"a blank at the end":              body("a "),
		"a blank at the beginning":        body(" a"),
		"a no-break space":                body("a\u00a0b"),
		"a link of Slack":                 body("<https://evil.example|bank>"),
		"HTML":                            body("<b>a</b>"),
		"a character reference":           body("a=1&lt;b"),
		"a character reference by number": body("a=1&#x3c;b"),
		"a header, two blanks":            header("a  b"),
		"a header, a backtick":            header("a`b"),
		"a header, not ASCII":             header("ü"),
		"a header's name, the end of the block": func(c *Call) {
			c.Args.Headers = append(c.Args.Headers, Header{Name: "X-```", Value: "a"})
		},
		"a path with a backtick":  func(c *Call) { c.Args.Path = "/x`y" },
		"a secret of the service": body("key=" + testKey),
		"the secret as a reason":  func(c *Call) { c.Args.Reason = "with " + testKey },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, houseConfig)
			c := post("/x", "")
			change(&c)
			h.person = func(Question, bool) {
				if got := h.flow.Form(1 << 14); got != "" {
					t.Errorf("shown %q", got)
				}
			}
			if done, _ := h.do(c); done.Denial == nil {
				t.Error("it was sent")
			}
		})
	}
}

// TestAReasonForgesNothing puts words into the agent's mouth that would be lines, marks or code of
// the place that shows them.
func TestAReasonForgesNothing(t *testing.T) {
	for reason, want := range map[string]string{
		"a\nCapability b of service c":      `a\u{a}Capability b of service c`,
		"a\u2028b\r\u0085c":                 `a\u{2028}b\u{d}\u{85}c`,
		`"` + "\n```\nhidden":               `\"\u{a}\u{60}\u{60}\u{60}\u{a}hidden`,
		`\"`:                                `\\\"`,
		"a" + strings.Repeat(" ", 99) + "b": "a b",
		"\u202eab\u2066":                    `\u{202e}ab\u{2066}`,
		"a\u200b\u3164\u2800\u115f\u00ad":   `a\u{200b}\u{3164}\u{2800}\u{115f}\u{ad}`,
		"＂，Ａ":                               `\u{ff02}\u{ff0c}\u{ff21}`,
		"“a” ｜ b":                           `\u{201c}a\u{201d} \u{ff5c} b`,
		"<@U1> &lt; ||x||":                  `\u{3c}@U1\u{3e} \u{26}lt; ||x||`,
		"Bezahle für 木村さん — dann ok":        "Bezahle für 木村さん — dann ok",
		"a\ufe0f\U000e0041":                 `a\u{fe0f}\u{e0041}`,
		"\xff":                              `\u{fffd}`,
		"e\u0301\u0323\u0301\u0301\u0301f":  "e\u0301\u0323\u0301" + `\u{301}\u{301}f`,
	} {
		h := newHouse(t, houseConfig)
		c := post("/x", "")
		c.Args.Headers, c.Args.Reason = nil, reason
		got := h.shownFor(c, 512)
		if _, said, _ := strings.Cut(got, "The agent says: "); said != `"`+want+"\"\n```" {
			t.Errorf("%q is shown as %s", reason, said)
		}
	}
}

// TestAYesWithoutThePIN gives each yes over a channel that does not ask for the PIN: before it was
// set, after, and by hand.
func TestAYesWithoutThePIN(t *testing.T) {
	pinned := houseConfig +
		"approvals: {pin: '$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$aGFzaA'}\n"
	for _, scope := range []string{approval.Once, approval.Session} {
		said := func(h *house, decision string) {
			h.answers = append(h.answers, Said{decision, scope, "openclaw"})
		}
		t.Run(scope+" where there is one", func(t *testing.T) {
			h := newHouse(t, pinned)
			h.person = func(Question, bool) {
				if said(h, approval.Allow); h.flow.TakesYes() || h.flow.Form(512) != "" {
					t.Error("a yes is asked for")
				}
			}
			h.refused(post("/x", ""), ApprovalPending)
			if got := h.events(); got != "ask, deny APPROVAL_PENDING" {
				t.Errorf("recorded %s", got)
			}
			h.person = h.says(approval.Allow, scope)
			h.allowed(post("/x", ""))
		})
		t.Run(scope+" that was kept before it was set", func(t *testing.T) {
			h := newHouse(t, houseConfig)
			h.refused(post("/x", ""), ApprovalPending)
			first := h.questions()[0]
			h.answer(first, approval.Allow, scope, "openclaw")
			h.engine = h.engine.Next(h.parse(pinned), h.vault)
			// and it is asked again, so that janee approve has something to answer
			d := h.refused(post("/x", ""), ApprovalPending)
			if d.ApprovalID == first.ID {
				t.Error("the question that a yes without the PIN has answered stays")
			}
			h.person = h.says(approval.Allow, scope)
			h.allowed(post("/x", ""))
		})
		t.Run(scope+" of a call that began before it was set", func(t *testing.T) {
			h := newHouse(t, houseConfig)
			h.person = func(Question, bool) { said(h, approval.Allow) }
			h.before = func(s Step) Event {
				if _, asks := s.(Ask); asks && len(h.asked) > 0 {
					h.engine = h.engine.Next(h.parse(pinned), h.vault)
					if said(h, approval.Allow); h.flow.TakesYes() {
						t.Error("a yes is taken")
					}
					h.before = nil
				}
				return nil
			}
			h.refused(post("/x", ""), ApprovalExpired)
			if got := h.events(); got != "ask, answer, deny APPROVAL_EXPIRED" {
				t.Errorf("recorded %s", got)
			}
			h.person = nil
			h.refused(post("/x", ""), ApprovalPending)
		})
		t.Run(scope+": a no needs none", func(t *testing.T) {
			h := newHouse(t, pinned)
			h.person = func(Question, bool) { said(h, approval.Deny) }
			h.refused(post("/x", ""), ApprovalDenied)
		})
	}
}

// TestAlwaysIsForWhatThePersonSaw: a longer ttl that comes after the yes does not lengthen the
// session.
func TestAlwaysIsForWhatThePersonSaw(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.refused(post("/x", ""), ApprovalPending)
	began := h.now.Wall
	h.answer(h.questions()[0], approval.Allow, approval.Session, "openclaw")
	const one = "asked: {service: stripe"
	h.engine = h.engine.Next(h.parse(strings.Replace(houseConfig, one, one+", ttl: 12h", 1)),
		h.vault)
	h.allowed(post("/x", ""))
	grant, open := h.openSession(post("/x", ""))
	if !open || grant.Expires != began+hour {
		t.Errorf("open %v, a session until %d ms after the yes", open, grant.Expires-began)
	}
}
