package core

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestExecuteAnswer(t *testing.T) {
	r := &Result{Tool: Execute, Status: 200,
		Headers: []Header{{Name: "link", Value: "a"}, {Name: "link", Value: "b"}}, Redactions: 1}
	if got := string(r.Text([]byte(`{"a":"<&>"}`))); got !=
		`{"status":200,"headers":{"link":"a, b"},"body":"{\"a\":\"<&>\"}","bodyEncoding":"utf8","truncated":false,"redactions":1}` {
		t.Error(got)
	}
	if got := string(r.Text([]byte{0xff, 0})); !strings.Contains(got,
		`"body":"/wA=","bodyEncoding":"base64"`) {
		t.Error(got)
	}
	if got := string(r.Text([]byte("\x01\x02"))); !strings.Contains(got,
		`"body":"AQI=","bodyEncoding":"base64"`) {
		t.Error(got)
	}
	if got := string(r.Text([]byte("\x1b[31mred text with a little colour"))); !strings.Contains(
		got, `"bodyEncoding":"utf8"`) {
		t.Error(got)
	}
	r.Truncated = true
	if got := string(r.Text([]byte("grü"[:3]))); !strings.Contains(got,
		`"body":"gr","bodyEncoding":"utf8","truncated":true`) {
		t.Error(got)
	}
	if got := string(r.Text([]byte{0xff})); !strings.Contains(got, "base64") {
		t.Error(got)
	}
}

// TestCookiesAreShownInNoSpelling holds where a capability shows all headers.
func TestCookiesAreShownInNoSpelling(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.reply = func(Send) (Head, []string, Ended) {
		return Head{
			Status: 200, Headers: []Header{
				{Name: "Set-Cookie", Value: "a"}, {Name: "set-cookie ", Value: "a"},
				{Name: "SET_COOKIE", Value: "a"},
				{Name: "Set-Cookie2", Value: "a"}, {Name: "X ", Value: "a"},
				{Name: "X-B", Value: "b"},
			},
		}, nil, Ended{}
	}
	c := get("billing", "/v1/refunds/re_1")
	c.Args.Method = "POST"
	if done, _ := h.do(c); done.Result == nil || len(done.Result.Headers) != 1 ||
		done.Result.Headers[0].Name != "x-b" {
		t.Errorf("%s", outcome(done))
	}
}

func TestDenialAnswerLeavesOutWhatIsEmpty(t *testing.T) {
	got := string((&Denial{Code: RuleDeny, Message: `no "x"`}).Text())
	if got != `{"error":"no \"x\"","denial":{"reasonCode":"RULE_DENY"}}` {
		t.Error(got)
	}
	for code := range texts {
		d := Deny(code, Call{})
		if d.Message == "" || d.NextStep == "" {
			t.Errorf("%s has no text", code)
		}
	}
}

func TestListServicesAndWhoami(t *testing.T) {
	h := newHouse(t, houseConfig)
	r, _ := h.allowed(Call{Caller: Caller{Via: ViaStdio, Agent: "a"}, Tool: ListServices})
	var wrapped struct{ Capabilities []map[string]any }
	if err := json.Unmarshal(r.Structured(r.Text(nil)), &wrapped); err != nil ||
		len(wrapped.Capabilities) != 5 {
		t.Fatalf("%v in %s", err, r.Text(nil))
	}
	first, second := wrapped.Capabilities[0], wrapped.Capabilities[1]
	if first["name"] != "stripe" || first["baseUrl"] != "https://api.stripe.com/base" ||
		first["ttl"] != "1h" || first["rules"] != nil || first["accessible"] != true {
		t.Errorf("%v", first)
	}
	if rules, _ := json.Marshal(second["rules"]); string(rules) !=
		`{"allow":["GET *"],"deny":["POST *"]}` {
		t.Errorf("rules %s", rules)
	}
	r, _ = h.allowed(Call{Caller: Caller{Via: ViaStdio, Agent: "a", IdentitySource: "transport"},
		Tool: Whoami})
	if got := string(r.Structured(r.Text(nil))); !strings.HasPrefix(got,
		`{"agentId":"a","identitySource":"transport","defaultAccessPolicy":"open","capabilities":{"accessible":["stripe",`) {
		t.Error(got)
	}
	if len(h.records) != 0 {
		t.Errorf("looking around was recorded: %s", h.events())
	}
}

func BenchmarkExecute(b *testing.B) {
	h := newHouse(b, houseConfig)
	h.allowed(get("stripe", "/x"))
	b.ReportAllocs()
	for b.Loop() {
		h.records, h.sent = h.records[:0], h.sent[:0]
		if done, _ := h.do(get("stripe", "/v1/balance")); done.Result == nil {
			b.Fatal(outcome(done))
		}
	}
}
