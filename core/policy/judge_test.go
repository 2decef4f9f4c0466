package policy

import (
	"fmt"
	"strings"
	"testing"
)

func rules(t testing.TB, texts ...string) []Rule {
	t.Helper()
	list, err := parseRules(texts)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestZeroValuesRefuse(t *testing.T) {
	j, d := Judge(Policy{}, Options{}, "GET", "/")
	if d.Outcome != Denied || j != (Judged{}) ||
		!strings.HasPrefix(d.Reason, "no policy is in force") || d.Hint == "" {
		t.Errorf("zero Policy: %+v %+v", j, d)
	}
	if (Decision{}).Outcome != Denied || !(Policy{}).Restricted() {
		t.Error("a zero value allows")
	}
	base, err := ParseBase("https://api.example.com/v1", false)
	if err != nil {
		t.Fatal(err)
	}
	if url, target := base.JoinUnder("", Judged{}, ""); url != "" || target != "" {
		t.Errorf("a zero Judged can be sent: %q %q", url, target)
	}
	_, d = Judge(New(rules(t, "* *"), []Rule{{}}), Options{}, "GET", "/")
	if d.Outcome != Denied {
		t.Errorf("a policy with an unreadable deny rule: %+v", d)
	}
}

func TestPolicyHandsOutCopies(t *testing.T) {
	allow, deny := rules(t, "GET /a"), rules(t, "GET /b")
	p := New(allow, deny)
	other := rules(t, "* *")[0]
	allow[0], p.Allow()[0], deny[0], p.Deny()[0] = other, other, other, other
	if p.Allow()[0].String() != "GET /a" || p.Deny()[0].String() != "GET /b" {
		t.Errorf("the policy can be changed from outside: %v %v", p.Allow(), p.Deny())
	}
	if !p.Restricted() || !New(nil, nil).Restricted() || Unrestricted().Restricted() {
		t.Error("Restricted is wrong")
	}
}

func TestJudgeRules(t *testing.T) {
	for _, c := range []struct {
		allow, deny, method, path string // rules separated by ","
		want                      Outcome
		rule                      string
	}{
		{"GET /a", "", "get", "/a", Allowed, "GET /a"},
		{"GET /a", "", "GET", "/A", Denied, ""},
		{"GET /a", "", "GET", "/a/", Denied, ""},
		{"GET /a/", "", "GET", "/a", Denied, ""},
		{"GET /a%c3%bc", "", "GET", "/a%C3%BC", Denied, ""},
		{"GET /a*", "", "GET", "/a", Allowed, "GET /a*"},
		{"GET /a*a", "", "GET", "/a", Denied, ""},
		{"GET /a*b*c", "", "GET", "/a-c-b-c", Allowed, "GET /a*b*c"},
		{"GET /a*b*c", "", "GET", "/a-c-b", Denied, ""},
		{"GET /a*b*b", "", "GET", "/ab", Denied, ""},
		{"GET /*b*a*c", "", "GET", "/a-b-c", Denied, ""},
		{"GET /**x", "", "GET", "/x", Allowed, "GET /**x"},
		{"GET *", "", "GET", "/a?b", Allowed, "GET *"},
		{"HEAD *", "", "GET", "/a", Denied, ""},
		{"", "GET /b", "GET", "/a", Denied, ""}, // deny rules alone allow nothing
		{"* *", "GET /b", "GET", "/B", Denied, "GET /b"},
		{"* *", "GET /b", "GET", "/b/", Denied, "GET /b"},
		{"* *", "GET /b/", "GET", "/b", Denied, "GET /b/"},
		{"* *", "GET /b/", "GET", "/b/", Denied, "GET /b/"},
		{"* *", "GET /B*", "GET", "/bc", Denied, "GET /B*"},
		{"* *", "GET /b/*/", "GET", "/b/1", Denied, "GET /b/*/"},
		{"* *", "GET /%C3%BC", "GET", "/%c3%bc", Denied, "GET /%C3%BC"},
		{"* *", "GET /u/@me", "GET", "/u/%40me", Denied, "GET /u/@me"},
		{"* *", "GET /u/%40me", "GET", "/u/@me", Denied, "GET /u/%40me"},
		{"* *", "GET /%24metadata", "GET", "/$metadata", Denied, "GET /%24metadata"},
		{"* *", "GET /a%2A", "GET", "/a*", Denied, "GET /a%2A"},
		{"* *", "GET /a%2a", "GET", "/abc", Allowed, "* *"},
		{"* *", "GET /a/*", "GET", "/a", Allowed, "* *"},
		{"* *", "GET /b", "POST", "/b", Allowed, "* *"},
		{"* *", "* /b", "OPTIONS", "/b", Denied, "* /b"},
		{"* *", "GET /", "GET", "/", Denied, "GET /"},
	} {
		name := fmt.Sprintf("allow %s deny %s: %s %s", c.allow, c.deny, c.method, c.path)
		_, d := Judge(New(rules(t, split(c.allow)...), rules(t, split(c.deny)...)),
			Options{}, c.method, c.path)
		if d.Outcome != c.want || d.Rule != c.rule || d.Reason == "" {
			t.Errorf("%s = %+v, want %s by %q", name, d, c.want, c.rule)
		}
	}
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func TestJudgeMethods(t *testing.T) {
	for method, want := range map[string]Outcome{
		"GET": Allowed, "head": Allowed, "Post": Allowed, "PUT": Allowed, "PATCH": Allowed,
		"delete": Allowed, "OPTIONS": Allowed, "PROPFIND": Denied,
		"VERSION-CONTROL": Denied, "LIST": Denied, "TRACE": Rejected, "trace": Rejected,
		"TRACK": Rejected, "CONNECT": Rejected, "": Rejected, "*": Rejected, "GET ": Rejected,
		"GET\r\n": Rejected, "G\u0117T": Rejected, "po\u017ft": Rejected, "GET2": Rejected,
		"G@T": Rejected, "G[T": Rejected,
		strings.Repeat("A", 33): Rejected,
	} {
		for _, p := range []Policy{Unrestricted(), New(rules(t, "* *"), nil)} {
			j, d := Judge(p, Options{}, method, "/x")
			if d.Outcome != want || want == Allowed && j.Method() != strings.ToUpper(method) ||
				want != Allowed && (d.Hint == "" || d.Reason == "") {
				t.Errorf("%q: %+v %+v, want %s", method, j, d, want)
			}
		}
	}
}

func TestExplanations(t *testing.T) {
	allow := "GET /v1/balance,POST /v1/x/*,POST /v1/y/*/refund,PUT /v1/*/z/*,GET /e,GET /f,GET " +
		"/g,GET /h"
	for _, c := range []struct{ allow, deny, method, path, reason, hint string }{
		{allow, "", "POST", "/v1/x",
			"no allow rule matches POST /v1/x",
			`the allow rule "POST /v1/x/*" covers what is below /v1/x/, not /v1/x itself: call something below it, or ask your user to allow "POST /v1/x"`},
		{allow, "", "POST", "/v1/y", "no allow rule matches POST /v1/y",
			`the allow rule "POST /v1/y/*/refund" covers what is below /v1/y/`},
		{allow, "", "PUT", "/v1/a/z", "no allow rule", `the allow rule "PUT /v1/*/z/*" covers`},
		{allow, "", "GET", "/v1/balance/", "no allow rule",
			`the allow rule "GET /v1/balance" matches without the trailing slash`},
		{allow, "", "POST", "/v1/balance", "no allow rule", "this path is allowed with GET only"},
		{allow, "", "POST", "/v1/other", "no allow rule",
			`allowed with POST here: "POST /v1/x/*", "POST /v1/y/*/refund"; ask`},
		{allow, "", "GET", "/v1/other", "no allow rule",
			`allowed with GET here: "GET /v1/balance", "GET /e", "GET /f" and others; ask`},
		{"GET /v1/x,GET /v1/xyz,GET /v1/xy", "", "GET", "/v1/xyZ", "no allow rule",
			`allowed with GET here: "GET /v1/xyz", "GET /v1/xy", "GET /v1/x"; ask`},
		{"GET /a,POST /b*", "", "POST", "/a", "no allow rule",
			`this path is allowed with GET only, and with POST there is "POST /b*": ask`},
		{"GET /a,PUT /a,POST /b*,POST /c", "GET /secret,GET /A,POST /b*", "POST", "/a",
			"no allow rule",
			`this path is allowed with PUT only, and with POST there is "POST /c": ask`},
		{"GET /a", "* /a*,POST *", "POST", "/x", `POST /x is refused by the deny rule "POST *"`,
			"the owner has ruled this out; another spelling will not pass: ask"},
		{"POST *,POST /v1/refunds/*,GET *", "POST /v1/charges/*", "POST", "/v1/charges/ch_1",
			"POST /v1/charges/ch_1 is refused",
			`the owner has ruled this out; another spelling will not pass; this path is allowed with GET; allowed with POST: "POST /v1/refunds/*": ask`},
		{"GET *", "PUT /secret,GET /s/*", "POST", "/s/a", "no allow rule matches POST /s/a",
			"nothing is allowed with POST here; ask"},
		{"GET /a", "GET *", "POST", "/b", "no allow rule matches POST /b",
			"nothing is allowed with POST here; ask"},
		{"GET /a", "", "POST", "/b?secret=1", "no allow rule matches POST /b",
			`nothing is allowed with POST here, only "GET /a"; ask`},
		{"POST /a/b", "", "POST", "/a", "no allow rule matches POST /a",
			`allowed with POST here: "POST /a/b"; ask`},
		{"", "GET /b", "GET", "/a", "no allow rule matches GET /a",
			"there are no allow rules here"},
		{"* *", "POST /V1/*", "post", "/v1/x?secret=1",
			`POST /v1/x is refused by the deny rule "POST /V1/*"`, "the owner has ruled this out"},
		{"* *", "", "PROPFIND", "/", "the method PROPFIND is not one that rules can allow",
			"use one of GET, HEAD, POST"},
		{"GET /a", "", "GET", "/" + strings.Repeat("x", 300), "no allow rule matches GET /" +
			strings.Repeat("x", 199) + "…", "allowed with GET here"},
	} {
		_, d := Judge(New(rules(t, split(c.allow)...), rules(t, split(c.deny)...)),
			Options{}, c.method, c.path)
		if d.Outcome != Denied || !strings.HasPrefix(d.Reason, c.reason) ||
			!strings.HasPrefix(d.Hint, c.hint) || strings.Contains(d.Reason+d.Hint, "secret") {
			t.Errorf("%s %s: %+v", c.method, c.path, d)
		}
	}
}

func TestJudgedParts(t *testing.T) {
	for _, c := range []struct{ target, path, query, redacted string }{
		{"/a", "/a", "", "/a"},
		{"/a?", "/a", "", "/a?"},
		{"/a?b=1&c&d=&e=x=y&&", "/a", "b=1&c&d=&e=x=y&&", "/a?b=*&c&d=*&e=*&&"},
		{"/a?expand[]=x?y", "/a", "expand[]=x?y", "/a?expand[]=*"},
	} {
		j, d := Judge(Unrestricted(), Options{}, "GET", c.target)
		if d.Outcome != Allowed || j.Target() != c.target || j.Path() != c.path ||
			j.Query() != c.query || Redact(j.Target()) != c.redacted {
			t.Errorf("%q: %+v redacted %q, decision %+v", c.target, j, Redact(j.Target()), d)
		}
	}
}

// BenchmarkJudge1000Rules: half deny, half allow, all alike at the start, and the last one matches.
func BenchmarkJudge1000Rules(b *testing.B) {
	var allow, deny []Rule
	for i := range 500 {
		deny = append(deny, rules(b, fmt.Sprintf("* /v1/Accounts/%d/secret*", i))...)
		allow = append(allow, rules(b, fmt.Sprintf("GET /v1/accounts/%d/*/items", i))...)
	}
	p := New(allow, deny)
	for _, path := range []string{
		"/v1/accounts/499/x%20y/items?limit=10", "/v1/accounts/499/x%20y/other?limit=10",
		"/v1/accounts/499/secret",
	} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Judge(p, Options{}, "GET", path)
			}
		})
	}
}
