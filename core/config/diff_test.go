package config

import (
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	const text = `
services:
  a: {baseUrl: "https://a.example", auth: {type: bearer, key: key_of_service_a}}
  b: {baseUrl: "https://b.example", auth: {type: bearer, key: key_of_service_b}}
capabilities:
  a: {service: a, rules: {allow: [GET *]}}
  b: {service: b}
`
	parse := func(text string) *Config {
		t.Helper()
		c, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	services, capabilities := Diff(parse(text), parse("# moved\n"+text))
	if !services.Empty() || !capabilities.Empty() {
		t.Errorf("the same meaning differs: %v %v", services, capabilities)
	}
	for edit, want := range map[[2]string]string{
		{"key_of_service_a", "another_key_here"}:                   "services a",
		{"https://b.example", "https://c.example"}:                 "services b",
		{"[GET *]", "[GET *, POST *]"}:                             "capabilities a",
		{"  b: {service: b}\n", "  b: {service: b, ttl: 2h}\n"}:    "capabilities b",
		{"  b: {service: b}\n", "  c: {service: b}\n"}:             "capabilities +c -b",
		{"  b: {service: b}\n", "  b: {service: b}\n  # comment "}: "",
	} {
		services, capabilities := Diff(parse(text),
			parse(strings.Replace(text, edit[0], edit[1], 1)))
		got := shownChanges("services", services) + shownChanges("capabilities", capabilities)
		if got != want {
			t.Errorf("%q: %q, not %q", edit, got, want)
		}
	}
}

func shownChanges(what string, c Changes) string {
	if c.Empty() {
		return ""
	}
	for _, n := range c.Changed {
		what += " " + n
	}
	for _, n := range c.Added {
		what += " +" + n
	}
	for _, n := range c.Removed {
		what += " -" + n
	}
	return what
}
