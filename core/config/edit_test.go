package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

var testEntry = NewCapability{Name: "new", Service: "s", TTL: "15m"}

const service = "services:\n  s: {baseUrl: \"https://x.example\", auth: {type: bearer, key: k}}\n"

// TestAddPlaces adds a capability to every shape that the section and what follows it can have.
func TestAddPlaces(t *testing.T) {
	const entry = "  new:\n    service: s\n    ttl: 15m\n"
	cases := []struct{ name, before, after string }{
		{"missing", service, service + "\ncapabilities:\n" + entry},
		{"missing, no last line end", strings.TrimSuffix(service, "\n"),
			service + "\ncapabilities:\n" + entry},
		{"missing, blank line at the end", service + "\n", service + "\ncapabilities:\n" + entry},
		{"null", "capabilities:\n" + service, "capabilities:\n" + entry + service},
		{"null at the end without line end", service + "capabilities:",
			service + "capabilities:\n" + entry},
		{"null with comments",
			"capabilities:  # mine\n  # a:\n  #   service: s\n\n# next\n" + service,
			"capabilities:  # mine\n  # a:\n  #   service: s\n" + entry + "\n# next\n" + service},
		{"tilde", "capabilities: ~ # none\n" + service, "capabilities: # none\n" + entry + service},
		{"empty flow", service + "capabilities: {}\n", service + "capabilities:\n" + entry},
		{"empty flow over lines", service + "capabilities: {\n  # none\n} # x\n",
			service + "capabilities: # x\n" + entry},
		{"block", service + "capabilities:\n  a: {service: s} # one\n# end\n",
			service + "capabilities:\n  a: {service: s} # one\n" + entry + "# end\n"},
		{"block, then more",
			"capabilities:\n  a:\n    service: s\n    # own\n\n  # b:\n\n\n# next\n" + service,
			"capabilities:\n  a:\n    service: s\n    # own\n\n  # b:\n" + entry +
				"\n\n# next\n" + service},
		{"block with blank lines",
			service + "capabilities:\n  a:\n    service: s\n\n  b:\n    service: s\n",
			service + "capabilities:\n  a:\n    service: s\n\n  b:\n    service: s\n\n" + entry},
		{"block with blank lines and comments",
			service + "capabilities:\n  a:\n    service: s\n\n  # b\n  b:\n    service: s\n",
			service +
				"capabilities:\n  a:\n    service: s\n\n  # b\n  b:\n    service: s\n\n" + entry},
		{"deeper indentation",
			service + "capabilities:\n     a:\n         service: s\n         rules:\n" +
				"           allow:\n           - GET *\n",
			service + "capabilities:\n     a:\n         service: s\n         rules:\n" +
				"           allow:\n           - GET *\n     new:\n       service: s\n" +
				"       ttl: 15m\n"},
		{"behind a literal",
			service + "capabilities:\n  a:\n    service: s\n    description: |\n      x\n\n\n",
			service + "capabilities:\n  a:\n    service: s\n    description: |\n      x\n" +
				entry + "\n\n"},
		{"behind text over lines",
			service + "capabilities:\n  a:\n    service: s\n    description: one\n      ü two\n\n" +
				"      three # c\n",
			service + "capabilities:\n  a:\n    service: s\n    description: one\n      ü two\n\n" +
				"      three # c\n" + entry},
		{"behind brackets",
			service + "capabilities:\n  a:\n    service: s\n" +
				"    rules: {allow: [GET *, 'GET /x',], # c ]\n      } # }\n",
			service + "capabilities:\n  a:\n    service: s\n" +
				"    rules: {allow: [GET *, 'GET /x',], # c ]\n      } # }\n" + entry},
		{"behind quotes",
			service + "capabilities:\n  a:\n    service: s\n    description: 'it''s \"\n      ü'\n",
			service +
				"capabilities:\n  a:\n    service: s\n    description: 'it''s \"\n      ü'\n" +
				entry},
		{"indented root",
			"  services:\n   s: {baseUrl: \"https://x.example\", auth: {type: bearer, key: k}}\n",
			"  services:\n   s: {baseUrl: \"https://x.example\", auth: {type: bearer, key: k}}\n" +
				"\n  capabilities:\n    new:\n      service: s\n      ttl: 15m\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, crlf := range []bool{false, true} {
				before, after := c.before, c.after
				if crlf {
					before, after = strings.ReplaceAll(before, "\n", "\r\n"),
						strings.ReplaceAll(after, "\n", "\r\n")
				}
				got, err := AddCapability([]byte(before), testEntry)
				if err != nil {
					t.Fatal(err)
				}
				if string(got) != after {
					t.Errorf("got\n%q\nwant\n%q", got, after)
				}
			}
		})
	}
}

func TestAddRefusals(t *testing.T) {
	for name, text := range map[string]string{
		"flow section": service + "capabilities: {a: {service: s}}\n",
		"flow file": "{services: {s: {baseUrl: \"https://x.example\", auth: {type: bearer, " +
			"key: k}}}}\n",
		"end marker":    service + "...\n",
		"no service":    "version: 1\n",
		"broken before": service + "x: 1\n",
	} {
		if out, err := AddCapability([]byte(text), testEntry); err == nil {
			t.Errorf("%s: accepted\n%s", name, out)
		}
	}
	for what, c := range map[string]NewCapability{
		"a name":    {Name: "a b", Service: "s"},
		"a ttl":     {Name: "a", Service: "s", TTL: "1x"},
		"a rule":    {Name: "a", Service: "s", Allow: []string{"GET"}},
		"a service": {Name: "a", Service: "t"},
		"a header":  {Name: "a", Service: "s", Description: "\xff"},
	} {
		if out, err := AddCapability([]byte(service), c); err == nil {
			t.Errorf("%s: accepted\n%s", what, out)
		}
	}
	if _, err := AddService([]byte(service), NewService{
		Name:    "s",
		BaseURL: "https://y.example",
		Type:    "bearer",
		Fields:  []KV{{"key", "k"}},
	}); !errors.Is(err, ErrExists) {
		t.Errorf("adding a name twice: %v", err)
	}
	_, err := AddCapability([]byte(service+"capabilities: {new: {service: s}}\n"), testEntry)
	if !errors.Is(err, ErrExists) {
		t.Errorf("adding a name twice to a flow section: %v", err)
	}
}

func TestAddWhole(t *testing.T) {
	out, err := AddService(Template(), NewService{
		Name:        "123",
		BaseURL:     "https://api.notion.com/v1",
		Description: "Notes: \"mine\", 🎉\n- all",
		Docs:        "https://x.example/a",
		Type:        "headers",
		Fields: []KV{
			{"headers.X-Api-Key", "janee:v1:k1:s:f:t:o:Ym94"}, {"headers.X-User", "0123"},
		},
		Headers:   []wire.Header{{Name: "Notion-Version", Value: "2022-06-28"}},
		TestPath:  "/users/me",
		CAFile:    "/ca.pem",
		AllowHTTP: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err = AddCapability(out, NewCapability{
		Name:           "true",
		Service:        "123",
		Description:    "all ",
		TTL:            "15m",
		Timeout:        "30s",
		NeedsApproval:  true,
		RequiresReason: true,
		AllHeaders:     true,
		Allow:          []string{"GET *", "* /x"},
		Deny:           []string{},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := template + `
services:
  "123":
    baseUrl: https://api.notion.com/v1
    description: "Notes: \"mine\", 🎉\u000A- all"
    docs: https://x.example/a
    auth:
      type: headers
      headers:
        X-Api-Key: janee:v1:k1:s:f:t:o:Ym94
        X-User: "0123"
    headers:
      Notion-Version: "2022-06-28"
    testPath: /users/me
    caFile: /ca.pem
    allowHttp: true

capabilities:
  "true":
    service: "123"
    description: "all "
    ttl: 15m
    autoApprove: false
    requiresReason: true
    rules:
      allow:
        - GET *
        - "* /x"
      deny: []
    headers: all
    timeout: 30s
`
	if string(out) != want {
		t.Errorf("got\n%s", strings.TrimPrefix(string(out), template))
	}
}

func TestSetVault(t *testing.T) {
	v := Vault{ID: "abc", Key: "k1", Check: "1234567890123456", Source: "file"}
	const block = "vault:\n  id: abc\n  key: k1\n  check: \"1234567890123456\"\n  source: file\n"
	cases := []struct{ name, before, after string }{
		{"empty file", "", block},
		{"comments only", "# one\n", "# one\n\n" + block},
		{"version", "# one\nversion: 1 # x\n\n# s\nservices:\n",
			"# one\nversion: 1 # x\n" + block + "\n# s\nservices:\n"},
		{"header comment", "# one\nservices:\n", "# one\n" + block + "\nservices:\n"},
		{"header and own comment", "# one\n\n# s\nservices:\n",
			"# one\n\n" + block + "\n# s\nservices:\n"},
		{"null", "vault: # here\nservices:\n",
			"vault: # here\n" + block[len("vault:\n"):] + "services:\n"},
		{"flow", "version: 1\nvault: {id: x, key: k0, check: aaaaaaaaaaaaaaaa} # here\nservices:\n",
			"version: 1\nvault: # here\n" + block[len("vault:\n"):] + "services:\n"},
		{"block",
			"vault:\n  # do not touch\n  check: aaaaaaaaaaaaaaaa # c\n  'key': \"k0\"\n  id: x\n" +
				"services:\n",
			"vault:\n  # do not touch\n  check: \"1234567890123456\" # c\n  'key': \"k1\"\n" +
				"  id: abc\n  source: file\nservices:\n"},
		{"again", block, block},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := SetVault([]byte(c.before), v)
			if err != nil || string(got) != c.after {
				t.Errorf("%v, got\n%s\nwant\n%s", err, got, c.after)
			}
		})
	}
	if out, err := SetVault(nil, Vault{ID: "../x", Key: "k1", Check: v.Check}); err == nil {
		t.Errorf("accepted\n%s", out)
	}
}

// TestAddWithOwnership writes whose credential it is along with it: in a second step, an agent
// could use it in between.
func TestAddWithOwnership(t *testing.T) {
	want := &Ownership{Policy: Shared, CreatedBy: "alice", SharedWith: []string{"bob", "123"},
		CreatedAt: "2026-01-02T03:04:05.000Z"}
	out, err := AddService(nil, NewService{
		Name:      "s",
		BaseURL:   "https://x.example",
		Type:      "bearer",
		Fields:    []KV{{"key", "k"}},
		Ownership: want,
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(out)
	if err != nil || !reflect.DeepEqual(c.Services["s"].Ownership, want) {
		t.Errorf("%v\n%s", err, out)
	}
}
