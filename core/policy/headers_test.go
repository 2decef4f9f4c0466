package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

type fields = []wire.Header

func restricted(t *testing.T, allow, deny string) Policy {
	t.Helper()
	split := func(s string) (list []string) {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '|' })
	}
	a, err := parseRules(split(allow))
	if err != nil {
		t.Fatal(err)
	}
	d, err := parseRules(split(deny))
	if err != nil {
		t.Fatal(err)
	}
	return New(a, d)
}

func base(t *testing.T, url string) Base {
	t.Helper()
	b, err := ParseBase(url, false)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func names(t *testing.T, texts ...string) (list []HeaderName) {
	t.Helper()
	for _, text := range texts {
		n, err := ParseHeaderName(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// TestEveryHeaderIsSorted sends each name of the class test by itself, with rules and without, in a
// read and in a write.
func TestEveryHeaderIsSorted(t *testing.T) {
	rules := HeaderPolicy{Policy: restricted(t, "* *", ""), Base: base(t,
		"https://api.example.com")}
	free := HeaderPolicy{Policy: Unrestricted(), Base: rules.Base}
	type results struct{ read, write, freeRead, freeWrite string }
	expected := map[string]results{"sent": {"sent", "sent", "sent", "sent"}, "dropped": {"dropped",
		"dropped", "dropped", "dropped"},
		"piece": {"dropped", "reject", "dropped", "reject"},
		"part":  {"dropped", "sent", "dropped", "sent"}, "refused": {"reject", "reject",
			"reject", "reject"},
		"selector": {"deny", "deny", "sent", "sent"}, "path": {"deny", "deny", "sent", "sent"}}
	for kind, list := range want {
		for _, name := range strings.Fields(list) {
			got := results{outcome(t, rules, "GET", name), outcome(t, rules, "PUT", name),
				outcome(t, free, "GET", name), outcome(t, free, "PATCH", name)}
			if got != expected[kind] {
				t.Errorf("%s (%s): %v, want %v", name, kind, got, expected[kind])
			}
		}
	}
}

// outcome is what becomes of one field. A field is either kept as it was, or told as dropped, or
// nothing is sent.
func outcome(t *testing.T, p HeaderPolicy, method, name string) string {
	t.Helper()
	field := wire.Header{Name: name, Value: "a b"}
	s := p.Sort(method, "/x", fields{field})
	switch {
	case s.Outcome != Allowed && (s.Kept != nil || s.Dropped != nil || s.Reason == "" ||
		s.Hint == ""):
		t.Errorf("%s: refused, and yet %+v", name, s)
	case s.Outcome != Allowed:
		return s.Outcome.String()
	case slices.Equal(s.Kept, fields{field}) && s.Dropped == nil:
		return "sent"
	case slices.Equal(s.Dropped, []string{name}) && s.Kept == nil:
		return "dropped"
	}
	t.Errorf("%s: %+v", name, s)
	return "?"
}

func TestHeadersListedByTheOwner(t *testing.T) {
	p := HeaderPolicy{Policy: restricted(t, "* *", ""), Base: base(t, "https://api.example.com"),
		Allow: names(t, "stripe_account", "x-amz-grant-*", "X-Sudo", "Range", "X-Amz-*",
			"X-Client-Secret", "Host", "X-Method", "X-Signer"), Deny: names(t, "X-Amz-Grant-Write*",
			"Accept"),
		Written: []string{"X-Signer"}, Fixed: fields{{Name: "Stripe-Version", Value: "1"},
			{Name: "OpenAI-Project", Value: "a b"}, {Name: "OpenAI-Organization", Value: "own"},
			{Name: "On-Behalf-Of", Value: "bot"}}}
	for name, want := range map[string]string{"Stripe-Account": "sent", "x_amz_grant_read": "sent",
		"X-Amz-Grant-Write-Acp": "deny", "X-Amz-Acl": "sent", "X-Sudo": "sent",
		"Range": "sent", "X-Client-Secret": "sent", "Accept": "deny", "accept": "deny",
		"Stripe-Context": "deny", "Host": "dropped", "X-Method": "reject",
		"X_Signer":       "dropped",
		"Stripe_Version": "dropped", "OpenAI-Project": "sent", "OpenAI-Organization": "deny",
		"On_Behalf_Of": "deny"} {
		if got := outcome(t, p, "PUT", name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	p.Policy = Unrestricted()
	for name, want := range map[string]string{"Accept": "deny", "X-Amz-Grant-Write": "deny",
		"OpenAI-Organization": "deny", "Stripe-Context": "sent"} {
		if got := outcome(t, p, "PUT", name); got != want {
			t.Errorf("%s without rules: %s, want %s", name, got, want)
		}
	}
	s := (HeaderPolicy{}).Sort("GET", "/", fields{{Name: "Stripe-Account", Value: "a"}})
	if s.Outcome != Denied {
		t.Errorf("the zero policy: %+v", s)
	}
}

func TestHeadersRefused(t *testing.T) {
	for _, c := range []fields{
		{{Name: "", Value: "1"}}, {{Name: "X A", Value: "1"}}, {{Name: "X-A:", Value: "1"}},
		{{Name: ":authority", Value: "1"}}, {{Name: "X-Ä", Value: "1"}},
		{{Name: "X-A", Value: "hunter2\r\nX-Evil: 1"}}, {{Name: "X-A", Value: "\x00"}},
		{{Name: "X-A", Value: " a"}}, {{Name: "X-A", Value: "ü"}},
		{{Name: "Accept", Value: "1"}, {Name: "accept", Value: "1"}}, {{Name: "X-A", Value: "1"},
			{Name: "x_a", Value: "2"}}, {{Name: "Host", Value: "1"}, {Name: "HOST", Value: "1"}},
	} {
		s := HeaderPolicy{Policy: Unrestricted()}.Sort("GET", "/", c)
		if s.Outcome != Rejected || s.Kept != nil || s.Dropped != nil || s.Hint == "" ||
			strings.Contains(s.Reason, "hunter2") {
			t.Errorf("%q: %+v", c, s)
		}
	}
}

func TestHeadersKeepOrder(t *testing.T) {
	in := fields{{Name: "X-B", Value: "1"}, {Name: "Cookie", Value: "2"}, {Name: "accept",
		Value: "3"}, {Name: "Host", Value: "4"}}
	s := HeaderPolicy{}.Sort("GET", "/", in)
	if s.Outcome != Allowed || !slices.Equal(s.Kept, fields{in[0], in[2]}) ||
		!slices.Equal(s.Dropped, []string{"Cookie", "Host"}) {
		t.Errorf("%+v", s)
	}
}

// TestConnectionNames: what a Connection field names is not for the API, and a write must not lose
// it.
func TestConnectionNames(t *testing.T) {
	in := fields{{Name: "X-A", Value: "1"}, {Name: "if_match", Value: "2"}, {Name: "Connection",
		Value: "close, x_a , If-Match"}}
	s := HeaderPolicy{}.Sort("GET", "/", in)
	if s.Outcome != Allowed || len(s.Kept) != 0 || !slices.Equal(s.Dropped, []string{"Connection",
		"X-A", "if_match"}) {
		t.Errorf("read: %+v", s)
	}
	if s := (HeaderPolicy{}).Sort("PUT", "/", in); s.Outcome != Rejected || s.Kept != nil {
		t.Errorf("write: %+v", s)
	}
	s = (HeaderPolicy{}).Sort("PUT", "/",
		fields{{Name: "Connection", Value: "keep-alive, X-Other"}})
	if s.Outcome != Allowed {
		t.Errorf("it names nothing that is there: %+v", s)
	}
	s = (HeaderPolicy{}).Sort("GET", "/",
		fields{{Name: "Stripe-Account", Value: "a"}, {Name: "Connection", Value: "Stripe-Account"}})
	if s.Outcome != Denied {
		t.Errorf("a selector is taken back: %+v", s)
	}
}

// BenchmarkSort: five ordinary headers, of which the last is looked for among all patterns.
func BenchmarkSort(b *testing.B) {
	p := HeaderPolicy{Policy: New([]Rule{{method: "*", pattern: "*"}}, nil),
		Written: []string{"Authorization"}}
	h := fields{{Name: "Accept", Value: "*/*"}, {Name: "Content-Type", Value: "application/json"},
		{Name: "User-Agent", Value: "x"}, {Name: "X-Request-Id", Value: "1"},
		{Name: "Notion-Version", Value: "2022-06-28"}}
	b.ReportAllocs()
	for b.Loop() {
		p.Sort("POST", "/v1/x", h)
	}
}
