package policy

import (
	"reflect"
	"strings"
	"testing"
)

func policyOf(t *testing.T, allow, deny string) Policy {
	t.Helper()
	read := func(lines string) (rules []Rule) {
		for _, line := range strings.FieldsFunc(lines, func(r rune) bool { return r == ',' }) {
			r, err := ParseRule(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			rules = append(rules, r)
		}
		return rules
	}
	return New(read(allow), read(deny))
}

func TestMissedCollections(t *testing.T) {
	for _, c := range []struct {
		allow, deny string
		want        []Missed
	}{
		{"* *", "POST /v1/charges/*",
			[]Missed{{"POST /v1/charges/*", []string{"POST"}, "/v1/charges"}}},
		{"POST /v1/charges", "POST /v1/charges/*",
			[]Missed{{"POST /v1/charges/*", []string{"POST"}, "/v1/charges"}}},
		{"GET *, POST *", "* /v1/charges/*",
			[]Missed{{"* /v1/charges/*", []string{"GET", "POST"}, "/v1/charges"}}},
		{"GET *", "GET /users/*/keys/*",
			[]Missed{{"GET /users/*/keys/*", []string{"GET"}, "/users/*/keys"}}},
		{"* *", "POST /v1/charges/*, POST /v1/charges", nil},
		{"* *", "POST /v1/charges/*, * /V1/charge*", nil},
		{"* *", "POST /v1/charges/", nil},
		{"* *", "POST /v1/charges*", nil},
		{"* *", "POST /*", nil},
		{"* *", "POST *", nil},
		{"GET *", "POST /v1/charges/*", nil},
		{"POST /v1/refunds/*", "POST /v1/charges/*", nil},
		{"", "POST /v1/charges/*", nil},
	} {
		if got := policyOf(t, c.allow, c.deny).MissedCollections(); !reflect.DeepEqual(got,
			c.want) {
			t.Errorf("allow %q deny %q: %v, not %v", c.allow, c.deny, got, c.want)
		}
	}
	if got := Unrestricted().MissedCollections(); got != nil {
		t.Errorf("no rules: %v", got)
	}
}

func TestDeadRules(t *testing.T) {
	for _, c := range []struct {
		allow, deny string
		want        []Dead
		unreachable bool
	}{
		{"GET /v1/*", "* /v1/*", []Dead{{"GET /v1/*", []string{"* /v1/*"}}}, true},
		{"GET /v1/*", "* *", []Dead{{"GET /v1/*", []string{"* *"}}}, true},
		{"* /v1/*", "GET *, HEAD *, POST *, PUT *, PATCH *, DELETE *, OPTIONS *",
			[]Dead{{"* /v1/*", []string{"GET *", "HEAD *", "POST *", "PUT *", "PATCH *",
				"DELETE *", "OPTIONS *"}}}, true},
		{"GET /V1/x/", "GET /v1/x", []Dead{{"GET /V1/x/", []string{"GET /v1/x"}}}, true},
		{"GET /v1/x, POST /v1/x", "GET *", []Dead{{"GET /v1/x", []string{"GET *"}}}, false},
		{"* /v1/*", "GET *", nil, false},
		{"GET /v1/*", "GET /v1/x*", nil, false},
		{"GET /*", "GET /v1/*", nil, false},
		{"GET /*", "GET /*2a*", nil, false},
		{"GET /*", "GET /*/*", nil, false},
		{"GET /a*b", "GET /*b", []Dead{{"GET /a*b", []string{"GET /*b"}}}, true},
		{"", "GET /x", nil, true},
		{"", "", nil, true},
	} {
		p := policyOf(t, c.allow, c.deny)
		if got := p.DeadRules(); !reflect.DeepEqual(got, c.want) ||
			p.Unreachable() != c.unreachable {
			t.Errorf("allow %q deny %q: %v, unreachable %v", c.allow, c.deny, got, p.Unreachable())
		}
	}
	if Unrestricted().Unreachable() {
		t.Error("no rules: unreachable")
	}
	if (Policy{}).Unreachable() != true {
		t.Error("the zero policy denies everything")
	}
}
