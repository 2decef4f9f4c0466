package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/policy"
)

// minimal is a valid start that cases add to; its last line is number 7.
const minimal = `version: 1
services:
  stripe:
    baseUrl: https://api.stripe.com
    auth:
      type: bearer
      key: sk_live_xxx
`

func problems(t *testing.T, text string) []string {
	t.Helper()
	_, err := Parse([]byte(text))
	if err == nil {
		return nil
	}
	var all *Error
	if !errors.As(err, &all) {
		t.Fatalf("error is %T, want *Error", err)
	}
	var lines []string
	for _, p := range all.Problems {
		lines = append(lines, p.String())
	}
	return lines
}

// TestProblems holds a case for every refusal. Each wants exactly these problems, in this order; a
// want is the line and a part of the text.
func TestProblems(t *testing.T) {
	// lines begin at 11
	capability := func(lines string) string {
		return minimal + "capabilities:\n  c:\n    service: stripe\n" + lines
	}
	// at 8
	service := func(lines string) string { return minimal + lines }
	cases := []struct {
		name, text string
		want       []string
	}{
		{"unknown key", "versoin: 1\n",
			[]string{`1: config.yaml has no key "versoin": it may have version, vault`}},
		{"unknown key in another spelling", service("    base_url: x\n"),
			[]string{`8: service "stripe" has no key "base_url": write baseUrl`}},
		{"duplicate key", minimal + "version: 1\n",
			[]string{`8: key "version" is already given at line 1`}},
		{"duplicate service",
			service("  stripe:\n    baseUrl: https://x.example\n"),
			[]string{`8: key "stripe" is already given at line 3: ` +
				`keep one and put the entries of both under it`}},
		{"duplicate key in auth", service("      key: other\n"),
			[]string{`8: key "key" is already given at line 7`}},
		{"key that is a list", "[a]: 1\n", []string{"1: a key is plain text, not a list"}},
		{"root is a list", "- a\n", []string{"1: config.yaml must be a mapping"}},
		{"root is text", "hello\n", []string{"1: config.yaml must be a mapping"}},
		{"services is a list", "services:\n- stripe\n",
			[]string{"2: services must be a mapping (key: value lines), not a list"}},
		{"service is text", "services:\n  a: https://x.example\n",
			[]string{`2: service "a" must be a mapping`}},
		{"service is nothing", "services:\n  a:\n",
			[]string{`2: service "a" must be a mapping (key: value lines), not nothing`}},
		{"capability is nothing", minimal + "capabilities:\n  c:\n",
			[]string{`9: capability "c" must be a mapping`}},
		{"text that is a list", service("    docs: [a]\n"),
			[]string{`8: service "stripe": docs must be text, not a list`}},
		{"text that is empty", service("    docs:\n"),
			[]string{`8: service "stripe": docs is empty`}},
		{"flag that is text", service("    allowHttp: yes\n"),
			[]string{`8: service "stripe": allowHttp must be true or false`}},

		{"anchor", service("    docs: &d x\n"), []string{"8: YAML anchors"}},
		{"alias", service("    docs: &d x\n    description: *d\n"),
			[]string{"8: YAML anchors", "9: YAML aliases"}},
		{"alias of nothing", service("    docs: *d\n"),
			[]string{"8: YAML reads an unquoted * or &"}},
		{"merge key", service("    <<: {docs: x}\n"), []string{"8: YAML merge keys"}},
		{"custom tag", service("    docs: !x y\n"), []string{"8: YAML tags"}},
		{"standard tag", service("    docs: !!str y\n"), []string{"8: YAML tags"}},
		{"lone tag", service("    docs: ! y\n"), []string{"8: YAML tags"}},
		{"tag on a mapping", "services: !x\n  {}\n", []string{"1: YAML tags"}},
		{"second document", minimal + "---\nversion: 1\n",
			[]string{"8: a second document begins here"}},
		{"not UTF-8", "version: 1\n# \xff\n", []string{"2: this line is not UTF-8"}},
		{"UTF-16", "\xff\xfev\x00", []string{"1: this line is not UTF-8",
			"1: this line contains the invisible character U+0000"}},
		{"control character", "version: 1\n# \x07\n",
			[]string{"2: this line contains the invisible character U+0007"}},
		{"line separator that hides a rule",
			capability("    rules: # \u2028    rules: {deny: [GET *]}\n"),
			[]string{"11: this line contains the invisible character U+2028"}},
		{"bare CR", "version: 1\r# x\n",
			[]string{"1: this line contains the invisible character U+000D"}},
		{"too large", "#" + strings.Repeat("x", MaxSize), []string{"1: the file is larger than"}},

		{"version 2", "version: 2\n", []string{`1: version "2" is not known: write version: 1`}},
		{"version of the TypeScript Janee", "version: '0.2.0'\n",
			[]string{`1: version "0.2.0" is the format of the TypeScript Janee`}},
		{"version list", "version: [1]\n", []string{"1: version must be text"}},
		{"unsupported in a capability",
			capability("    mode: exec\n    allowCommands: [a]\n    env: {}\n    workDir: x\n"),
			[]string{"11: capability \"c\": mode is not supported by this version",
				"12: capability \"c\": allowCommands is not",
				"13: capability \"c\": env is not", "14: capability \"c\": workDir is not"}},

		{"vault id is a path", "vault: {id: ../x, key: k1, check: 0123456789abcdef}\n",
			[]string{"1: vault id and key must be"}},
		{"vault without key", "vault: {id: x, check: 0123456789abcdef}\n",
			[]string{"1: vault id and key must be"}},
		{"vault check", "vault: {id: x, key: k1, check: 0123}\n",
			[]string{"1: vault check must be 16 hex digits"}},
		{"vault source",
			"vault: {id: x, key: k1, check: 0123456789abcdef, source: a b}\n",
			[]string{`1: vault source "a b" is not known: write one of file, passphrase, keyring,` +
				` command, systemd`}},
		{"vault source unknown",
			"vault:\n  id: x\n  key: k1\n  check: 0123456789abcdef\n  source: tpm\n",
			[]string{`5: vault source "tpm" is not known`}},
		{"vault command without its words",
			"vault: {id: x, key: k1, check: 0123456789abcdef, source: command}\n",
			[]string{"1: vault: source command needs a command"}},
		{"vault command of another source",
			"vault:\n  id: x\n  key: k1\n  check: 0123456789abcdef\n  command: [pass]\n",
			[]string{"5: vault: command is only for source: command"}},
		{"vault command is a line",
			"vault: {id: x, key: k1, check: 0123456789abcdef, source: command, command: " +
				"pass show x}\n", []string{"1: vault command must be a list of 1 to 64 words"}},
		{"vault command is empty",
			"vault: {id: x, key: k1, check: 0123456789abcdef, source: command, command: []}\n",
			[]string{"1: vault command must be a list"}},
		{"vault command without a program",
			"vault: {id: x, key: k1, check: 0123456789abcdef, source: command, command: ['', x]}\n",
			[]string{"1: vault command: each word is text"}},
		{"vault command of lists",
			"vault: {id: x, key: k1, check: 0123456789abcdef, source: command, command: [a, " +
				"[b]]}\n", []string{"1: vault command: each word is text"}},
		{"vault command too long",
			"vault: {id: x, key: k1, check: 0123456789abcdef, source: command, command: [" +
				strings.Repeat("a, ", 65) + "]}\n",
			[]string{"1: vault command must be a list of 1 to 64"}},
		{"vault unknown key", "vault: {id: x, key: k1, check: 0123456789abcdef, masterKey: y}\n",
			[]string{`1: vault has no key "masterKey"`}},
		{"vault is text", "vault: x\n", []string{"1: vault must be a mapping"}},

		{"service name", strings.Replace(minimal, "stripe:", "my stripe:", 1),
			[]string{`3: service name "my stripe": use 1 to 64 letters`}},
		{"service name too long", strings.Replace(minimal, "stripe:",
			strings.Repeat("a", 65)+":", 1), []string{`3: service name`}},
		{"no baseUrl", "services:\n  a:\n    auth: {type: bearer, key: k}\n",
			[]string{`2: service "a" has no baseUrl`}},
		{"baseUrl with userinfo",
			strings.Replace(minimal, "https://", "https://user:hunter2@", 1), []string{
				`4: service "stripe": reading base URL: it may not contain a user name or password`}},
		{"baseUrl with query", strings.Replace(minimal, "stripe.com", "stripe.com/?a=b", 1),
			[]string{`4: service "stripe": reading base URL: it may not contain a query`}},
		{"baseUrl with fragment", strings.Replace(minimal, "stripe.com", "stripe.com/#a", 1),
			[]string{
				`4: service "stripe": reading base URL: it may not contain a query or a fragment`}},
		{"plain http", strings.Replace(minimal, "https:", "http:", 1),
			[]string{`4: service "stripe": reading base URL: plain http`}},
		{"baseUrl of another scheme", strings.Replace(minimal, "https:", "ftp:", 1),
			[]string{`4: service "stripe": reading base URL`}},
		{"testPath", service("    testPath: /../x\n"), []string{`8: service "stripe": testPath: `}},
		{"credential in headers", service("    headers: {authorization: Bearer x}\n"),
			[]string{`8: service "stripe": header "authorization" carries a credential`}},
		{"framing in headers", service("    headers: {Host: x}\n"),
			[]string{`8: service "stripe": header "Host" is written by Janee itself`}},
		{"header name", service("    headers: {\"X Y\": x}\n"),
			[]string{`8: service "stripe": headers: a name may contain`}},
		{"header value", service("    headers: {X-Y: \"a\\nb\"}\n"),
			[]string{`8: service "stripe": header "X-Y": the value may contain`}},
		{"header twice", service("    headers: {X-Y: a, x-y: b}\n"),
			[]string{`8: service "stripe": header "x-y" is given twice`}},

		{"no auth", "services:\n  a:\n    baseUrl: https://x.example\n",
			[]string{`2: service "a" has no auth: write auth: with a type (bearer`}},
		{"auth is nothing", "services:\n  a:\n    baseUrl: https://x.example\n    auth:\n",
			[]string{`4: service "a" has no auth`}},
		{"auth is text", "services:\n  a:\n    baseUrl: https://x.example\n    auth: bearer\n",
			[]string{`4: service "a": auth must be a mapping`}},
		{"auth without type", strings.Replace(minimal, "      type: bearer\n", "", 1),
			[]string{`6: service "stripe": auth has no type: write type: and one of bearer`}},
		{"auth of unknown type", strings.Replace(minimal, "bearer", "barer", 1),
			[]string{`6: service "stripe": auth: type "barer" is not known`}},
		{"auth type is a list", strings.Replace(minimal, "bearer", "[bearer]", 1),
			[]string{`6: service "stripe": auth: type must be text`}},
		{"auth without a field", strings.Replace(minimal, "      key: sk_live_xxx\n", "", 1),
			[]string{`6: service "stripe": auth: type bearer needs the field key`}},
		{"auth with a foreign field", service("      apiSecret: x\n"),
			[]string{
				`8: service "stripe": auth: type bearer has no field "apiSecret": it has key`}},
		{"field is empty", strings.Replace(minimal, "sk_live_xxx", "\"\"", 1),
			[]string{`7: service "stripe": auth: key is empty`}},
		{"field is a mapping", strings.Replace(minimal, "sk_live_xxx", "{a: b}", 1),
			[]string{`7: service "stripe": auth: key must be text`}},
		{"field with a line break", strings.Replace(minimal, "sk_live_xxx", `"a\nb"`, 1),
			[]string{`7: service "stripe": auth: key contains a line break`}},
		{"two wrong fields",
			"services:\n  a:\n    baseUrl: https://x.example\n    auth:\n      type: headers\n" +
				"      headers:\n        X-A: \"a\\nb\"\n        X-B: \"c\\nd\"\n",
			[]string{`7: service "a": auth: headers.X-A contains`,
				`8: service "a": auth: headers.X-B contains`}},
		{"headers without one",
			"services:\n  a:\n    baseUrl: https://x.example\n" +
				"    auth: {type: headers, headers: {}}\n",
			[]string{`4: service "a": auth: headers is missing`}},

		{"capability name", strings.Replace(capability(""), "  c:", "  c d:", 1),
			[]string{`9: capability name "c d"`}},
		{"capability without service", minimal + "capabilities:\n  c:\n    ttl: 1h\n",
			[]string{`9: capability "c" names no service`}},
		{"capability of an unknown service", minimal + "capabilities:\n  c:\n    service: strip\n",
			[]string{`10: capability "c": there is no service "strip"`}},
		{"ttl", capability("    ttl: 1x\n"),
			[]string{`11: capability "c": ttl "1x" is not a duration`}},
		{"ttl zero", capability("    ttl: 0h\n"),
			[]string{`11: capability "c": ttl "0h" is not a duration`}},
		{"ttl too long", capability("    ttl: 31d\n"), []string{`at most 30d`}},
		{"ttl overflow", capability("    ttl: 99999999999999999999d\n"),
			[]string{`11: capability "c": ttl`}},
		{"timeout", capability("    timeout: 30000\n"),
			[]string{`11: capability "c": timeout "30000" is not a duration`}},
		{"timeout too long",
			capability("    timeout: 2h\n"),
			[]string{`11: capability "c": timeout "2h" is not a duration: write a number with ms,` +
				` s, m, h or d, as in 15m, at most 1h`}},
		{"escape sequence in a name",
			minimal + "capabilities:\n  \"a\\e[31m\": {service: stripe}\n",
			[]string{`9: capability name "a\x1b[31m"`}},
		{"null key", "~: 1\n", []string{"1: config.yaml has no key (not shown)"}},
		{"headers", capability("    headers: some\n"),
			[]string{`11: capability "c": headers: the only value is all`}},
		{"rules are nothing", capability("    rules:\n"),
			[]string{`11: capability "c": rules: is empty`}},
		{"rules are text", capability("    rules: GET *\n"),
			[]string{`11: capability "c": rules must be a mapping with allow and deny, not text`}},
		{"rules are a list of maps",
			capability("    rules:\n      - allow: GET *\n      - deny: \"*\"\n"),
			[]string{
				`12: capability "c": rules must be a mapping with allow and deny, not a list`}},
		{"allow is text", capability("    rules: {allow: GET *}\n"),
			[]string{`11: capability "c": allow must be a list, not text`}},
		{"deny is nothing", capability("    rules:\n      deny:\n"),
			[]string{`12: capability "c": deny must be a list, not nothing`}},
		{"unknown list of rules", capability("    rules: {alow: [GET *]}\n"),
			[]string{`11: capability "c": rules has no key "alow"`}},
		{"rule without path", capability("    rules: {deny: [DELETE]}\n"),
			[]string{`11: capability "c": deny: reading rule "DELETE"`}},
		{"rule that is a mapping", capability("    rules:\n      deny:\n        - GET: /x\n"),
			[]string{`13: capability "c": deny: a rule is text`}},
		{"rule that is nothing", capability("    rules:\n      deny:\n        -\n"),
			[]string{`13: capability "c": deny: a rule is text`}},
		{"rule that no path can match", capability("    rules: {deny: [\"GET /a#b\"]}\n"),
			[]string{`11: capability "c": deny: reading rule`}},
		{"unquoted star", capability("    rules:\n      deny:\n        - * /x\n"),
			[]string{`13: YAML reads an unquoted * as an alias: quote the rule, as in - "* /x"`}},
		{"bare star", capability("    rules:\n      deny: [*]\n"),
			[]string{`12: YAML reads an unquoted *`}},
		{"unquoted stars, and what follows them", capability("    rules:\n      allow: [GET *, * " +
			"/y, * *]\n      deny:\n        - * /x # all\n    ttl: 1x\n"), []string{
			`12: YAML reads an unquoted * as an alias: quote the rule, as in - "* /y"`,
			`12: YAML reads an unquoted * as an alias: quote the rule, as in - "* *"`,
			`14: YAML reads an unquoted * as an alias: quote the rule, as in - "* /x"`,
			`15: capability "c": ttl "1x"`}},
		{"unquoted star in a credential",
			strings.Replace(minimal, "sk_live_xxx",
				"*hunter2",
				1),
			[]string{`7: YAML reads an unquoted * or & as an alias or anchor, which config.yaml ` +
				`does not use: quote the value, as in "* /v1/*"`}},

		{"tab", "services:\n\ta: 1\n", []string{"2: a tab cannot indent YAML"}},
		{"no colon", "version: 1\nservices\n", []string{`2: a key needs ": " and a value`}},
		{"odd indentation", "services:\n  a:\n    baseUrl: x\n   auth: y\n",
			[]string{"4: the indentation does not fit"}},
		{"colon in a value", "version: 1\nservices: a: b\n",
			[]string{`2: ": " is not expected here`}},
		{"open quote", "version: 1\nservices: \"a\n\n", []string{"2: a quote that begins here"}},
		{"open bracket", "version: 1\nservices: [a\n",
			[]string{"2: a comma or the closing bracket is missing"}},
		{"unknown escape", "version: 1\nservices: \"\\q\"\n",
			[]string{"2: this is not YAML: found unknown escape character"}},
		{"backquote", "version: 1\nservices: `a`\n", []string{"2: a value cannot begin with"}},
		{"syntax on the first line", "version: 1: 2\n", []string{`1: ": " is not expected here`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := problems(t, c.text)
			if len(got) != len(c.want) {
				t.Fatalf("got %d problems, want %d:\n%s", len(got), len(c.want),
					strings.Join(got, "\n"))
			}
			for i, want := range c.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("problem %d is\n  %s\nwant it to hold\n  %s", i, got[i], want)
				}
			}
		})
	}
}

func TestReservedValues(t *testing.T) {
	for _, value := range []string{
		"env:KEY", "file:/x", "keyring:a", "op://v/i/f", "bw://x", "vault://x", "cmd:pass show x",
	} {
		got := problems(t, strings.Replace(minimal, "sk_live_xxx", value, 1))
		if len(got) != 1 || !strings.HasPrefix(got[0], "line 7:") ||
			!strings.Contains(got[0], "reserved") {
			t.Errorf("%s: %q", value, got)
		}
	}
}

// TestProblemsNeverShowCredentials puts a credential where slips of the hand put it.
func TestProblemsNeverShowCredentials(t *testing.T) {
	const secret = "sk_live_4eC39HqLyjWDarjtT1"
	for _, text := range []string{
		strings.Replace(minimal, "key: sk_live_xxx", "key:"+secret, 1),
		strings.Replace(minimal, "key: sk_live_xxx", "key: \"a\\n"+secret+"\"", 1),
		strings.Replace(minimal, "key: sk_live_xxx", "key: env:"+secret, 1),
		strings.Replace(minimal, "key: sk_live_xxx", "key: *"+secret, 1),
		strings.Replace(minimal, "key: sk_live_xxx", "key: &"+secret+" x", 1),
		strings.Replace(minimal, "key: sk_live_xxx", "key: !"+secret+" x", 1),
		strings.Replace(minimal, "key: sk_live_xxx", "key: ["+secret+"]", 1),
		strings.Replace(minimal, "key: sk_live_xxx", secret+": x", 1),
		strings.Replace(minimal, "bearer", secret, 1),
		strings.Replace(minimal, "bearer\n      key: sk_live_xxx",
			"bearer\n        key:"+secret, 1),
		"services:\n  a:\n    baseUrl: https://x.example\n    auth: {type: bearer, key:" +
			secret + "}\n",
		"services:\n  a:\n    baseUrl: https://user:" + secret +
			"@x.example\n    auth: {type: bearer, key: k}\n",
	} {
		got := problems(t, text)
		if len(got) == 0 || strings.Contains(strings.Join(got, "\n"), "4eC39") {
			t.Errorf("%s\n-> %q", text, got)
		}
	}
}

// TestGuide loads the blocks of the guide as printed there.
func TestGuide(t *testing.T) {
	c, err := Parse([]byte(guide))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.CapabilityNames, " "); got !=
		"stripe_readonly stripe_billing github_readonly openai internal_readonly" {
		t.Errorf("capabilities in the order %q", got)
	}
	if got := strings.Join(c.ServiceNames, " "); got != "stripe github openai internal_api" {
		t.Errorf("services in the order %q", got)
	}
	for name, want := range map[string]string{
		"stripe_readonly": "stripe 1h0m0s auto=true reason=false [GET *] [POST * DELETE * PUT *]",
		"stripe_billing": "stripe 15m0s auto=true reason=true [GET * POST /v1/refunds/* POST " +
			"/v1/invoices/*] [POST /v1/charges/* DELETE *]",
		"github_readonly": "github 2h0m0s auto=true reason=false [GET *] [POST * DELETE * PUT " +
			"* PATCH *]",
		"openai": "openai 30m0s auto=true reason=true [] []",
		"internal_readonly": "internal_api 10m0s auto=false reason=false [GET /v1/users/* GET " +
			"/v1/analytics/*] []",
	} {
		k := c.Capabilities[name]
		got := fmt.Sprintf("%s %s auto=%v reason=%v %v %v", k.Service, k.TTL, k.AutoApprove,
			k.RequiresReason, k.Policy.Allow(), k.Policy.Deny())
		if got != want {
			t.Errorf("%s is\n  %s\nwant\n  %s", name, got, want)
		}
		if k.Policy.Restricted() == (name == "openai") {
			t.Errorf("%s: restricted = %v", name, k.Policy.Restricted())
		}
	}
	if len(c.Warnings) > 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

const guide = `services:
  stripe:
    baseUrl: https://api.stripe.com
    auth:
      type: bearer
      key: sk_live_xxx
  github:
    baseUrl: https://api.github.com
    auth:
      type: bearer
      key: ghp_xxx
  openai:
    baseUrl: https://api.openai.com
    auth:
      type: bearer
      key: sk-xxx
  internal_api:
    baseUrl: https://api.yourcompany.com
    auth:
      type: bearer
      key: internal_xxx

capabilities:
  stripe_readonly:
    service: stripe
    ttl: 1h
    autoApprove: true
    rules:
      allow:
        - GET *
      deny:
        - POST *
        - DELETE *
        - PUT *
  stripe_billing:
    service: stripe
    ttl: 15m
    requiresReason: true
    rules:
      allow:
        - GET *
        - POST /v1/refunds/*
        - POST /v1/invoices/*
      deny:
        - POST /v1/charges/*  # Can't charge cards
        - DELETE *
  github_readonly:
    service: github
    ttl: 2h
    rules:
      allow: [GET *]
      deny: [POST *, DELETE *, PUT *, PATCH *]
  openai:
    service: openai
    ttl: 30m
    requiresReason: true
  internal_readonly:
    service: internal_api
    ttl: 10m
    autoApprove: false  # Manual approval required
    rules:
      allow: [GET /v1/users/*, GET /v1/analytics/*]
`

// TestRulesPresence is the difference between no rules and no permission.
func TestRulesPresence(t *testing.T) {
	for rules, want := range map[string]policy.Outcome{
		"":                                 policy.Allowed,
		"    rules: {}\n":                  policy.Allowed,
		"    rules: {allow: []}\n":         policy.Denied,
		"    rules: {deny: []}\n":          policy.Denied,
		"    rules: {deny: [POST *]}\n":    policy.Denied,
		"    rules: {allow: [GET /x]}\n":   policy.Allowed,
		"    rules: {allow: [\"* /x\"]}\n": policy.Allowed,
	} {
		c, err := Parse([]byte(minimal + "capabilities:\n  c:\n    service: stripe\n" + rules))
		if err != nil {
			t.Fatal(err)
		}
		_, d := policy.Judge(c.Capabilities["c"].Policy, policy.Options{}, "GET", "/x")
		if d.Outcome != want {
			t.Errorf("%q: %v, want %v", rules, d.Outcome, want)
		}
		warned := len(c.Warnings) == 1 && c.Warnings[0].Line == 11 &&
			strings.Contains(c.Warnings[0].Text, "nothing is allowed")
		if warned != strings.Contains(rules, "{deny") {
			t.Errorf("%q: warnings %v", rules, c.Warnings)
		}
	}
}

func TestWholeService(t *testing.T) {
	c, err := Parse([]byte(`version: "1"
vault: {id: 5f0c2f7c9b3e4d11a7d2c0ffee000001, key: k1, check: 0123456789012345, source: file}
services:
  a@b.c-d_1:
    baseUrl: http://Local.example:80/api/v2/
    description: Größe 🎉
    docs: https://docs.example
    headers: {Notion-Version: 2022-06-28}
    testPath: /users/me?a=b
    caFile: ca.pem
    allowHttp: true
    allowEncodedSlash: true
    allowSemicolon: true
    allowDoubleSlash: true
    auth: {type: headers, headers: {X-Api-Key: 12345678, X-Other: janee:v1:broken}}
capabilities:
  c: {service: a@b.c-d_1, headers: all, timeout: 30s, description: d}
`))
	if err != nil {
		t.Fatal(err)
	}
	s := c.Services["a@b.c-d_1"]
	if s.Base.String() != "http://local.example/api/v2" || s.Description != "Größe 🎉" ||
		s.Docs != "https://docs.example" || s.TestPath != "/users/me?a=b" || s.CAFile != "ca.pem" {
		t.Errorf("service %+v", s)
	}
	if s.Options != (policy.Options{EncodedSlash: true, Semicolon: true, DoubleSlash: true}) ||
		!s.AllowHTTP || s.Line != 4 || s.Headers[0].Value != "2022-06-28" {
		t.Errorf("service %+v", s)
	}
	if v := s.Auth.Fields["headers.X-Api-Key"]; v.Plain.Reveal() != "12345678" ||
		v.Sealed != "" || v.Line != 15 {
		t.Errorf("plain value %+v", v)
	}
	if v := s.Auth.Fields["headers.X-Other"]; !v.Plain.IsZero() || v.Sealed != "janee:v1:broken" {
		t.Errorf("sealed value %+v", v)
	}
	if len(c.Warnings) != 1 || c.Warnings[0].Line != 15 ||
		!strings.Contains(c.Warnings[0].Text, "damaged") {
		t.Errorf("warnings %v", c.Warnings)
	}
	if v := c.Vault; v.ID != "5f0c2f7c9b3e4d11a7d2c0ffee000001" || v.Key != "k1" ||
		v.Check != "0123456789012345" || v.Source != "file" || v.Command != nil {
		t.Errorf("vault %+v", c.Vault)
	}
	if k := c.Capabilities["c"]; !k.AllHeaders || k.Timeout != 30*time.Second ||
		k.TTL != DefaultTTL || !k.AutoApprove || k.Description != "d" || k.Line != 17 {
		t.Errorf("capability %+v", k)
	}
}

func TestEmpty(t *testing.T) {
	for _, text := range []string{
		"", "\n", "# only a comment\n", "---\n", "\xef\xbb\xbf",
		"version: 1\nservices:\ncapabilities: {}\nvault:\n", "version: 1\r\n",
	} {
		c, err := Parse([]byte(text))
		if err != nil || c.Version != "1" || len(c.Services) != 0 {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

// TestEmptyPassword: some services take a key as the user name and no password.
func TestEmptyPassword(t *testing.T) {
	c, err := Parse([]byte(strings.Replace(minimal, "bearer\n      key: sk_live_xxx",
		"basic\n      username: u\n      password: ''", 1)))
	if err != nil || len(c.Services["stripe"].Auth.Fields) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestErrorText(t *testing.T) {
	_, err := Parse([]byte("version: 2\nx: 1\n"))
	want := "reading config.yaml: 2 problems\n" +
		"  line 1: version \"2\" is not known: write version: 1\n  line 2: config.yaml has no key"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v", err)
	}
	_, err = Parse([]byte("version: 2\n"))
	if want := "reading config.yaml: line 1: version"; err == nil ||
		!strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v", err)
	}
}

func TestTemplate(t *testing.T) {
	if _, err := Parse(Template()); err != nil {
		t.Errorf("as it is: %v", err)
	}
	var lines []string
	for _, line := range strings.Split(string(Template()), "\n") {
		lines = append(lines, strings.TrimPrefix(line, "# "))
	}
	c, err := Parse([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatalf("uncommented: %v", err)
	}
	if len(c.Services) != 1 || len(c.Capabilities) != 2 || len(c.Warnings) != 0 {
		t.Errorf("uncommented: %v %v %v", c.ServiceNames, c.CapabilityNames, c.Warnings)
	}
}
