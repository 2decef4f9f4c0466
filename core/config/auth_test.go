package config

import (
	"strings"
	"testing"
)

const tokenService = `services:
  s:
    baseUrl: https://api.example
    auth:
      clientSecret: client_secret_of_the_test
      clientId: me
      type: oauth2-client-credentials
      tokenUrl: TOKEN
      scopes: SCOPES
`

func TestScopesAreAListOrText(t *testing.T) {
	for text, want := range map[string]string{
		"a b":      "a b",
		"[a, 'b']": "a b",
		"\n        - a\n        - https://b.example/x": "a https://b.example/x",
	} {
		c, err := Parse([]byte(strings.NewReplacer("TOKEN", "https://idp.example/token",
			"SCOPES", text).Replace(tokenService)))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Services["s"].Auth.Fields["scopes"].Plain.Reveal(); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
	for text, want := range map[string]string{
		"[]":          "line 9: service \"s\": auth: scopes is empty",
		"[a b]":       "line 9: service \"s\": auth: scopes: an item of the list contains a blank",
		"[[a]]":       "line 9: service \"s\": auth: scopes must be text, not a list",
		"{a: b}":      "line 9: service \"s\": auth: scopes must be text, not a mapping",
		"[\"a\\nb\"]": "line 9: service \"s\": auth: scopes: an item of the list contains a blank",
	} {
		got := problems(t, strings.NewReplacer("TOKEN", "https://idp.example/token",
			"SCOPES", text).Replace(tokenService))
		if len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: %q", text, got)
		}
	}
	for _, text := range []string{"clientId: [a, b]", "clientSecret: {a: b}"} {
		name, _, _ := strings.Cut(text, ":")
		got := problems(t, strings.NewReplacer("TOKEN", "https://idp.example/token", "SCOPES", "a",
			name+": client_secret_of_the_test", text, name+": me", text).Replace(tokenService))
		if len(got) != 1 || !strings.Contains(got[0], name+" must be text") {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// TestTokenEndpointIsBound: a client secret is sent to the token endpoint, which is in the
// clear beside it.
func TestTokenEndpointIsBound(t *testing.T) {
	before := strings.NewReplacer("TOKEN", "https://idp.example/token",
		"SCOPES", "a").Replace(tokenService)
	sealed, n := sealAndShow(t, before)
	if n != 1 || !strings.Contains(sealed,
		"clientSecret: <s clientSecret oauth2-client-credentials https://api.example "+
			"https://idp.example = client_secret_of_the_test>\n") {
		t.Errorf("%d sealed:\n%s", n, sealed)
	}
	out, _, err := Seal([]byte(before), testSeal)
	if err != nil {
		t.Fatal(err)
	}
	for from, same := range map[string]bool{
		"tokenUrl: https://idp.example/other": true, "tokenUrl: https://evil.example/token": false,
		"tokenUrl: http://localhost/token": false,
	} {
		c, err := Parse([]byte(strings.Replace(string(out),
			"tokenUrl: https://idp.example/token", from, 1)))
		if err != nil {
			t.Fatal(err)
		}
		s := c.Services["s"]
		got, _, err := testVault.Open(s.Auth.Fields["clientSecret"].Sealed)
		if err != nil || (got == s.Binding("clientSecret")) != same {
			t.Errorf("%s: sealed for %q, %v", from, got.Origin, err)
		}
	}
}
