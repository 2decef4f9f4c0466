package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// both runs an edit on a text as it is and with CRLF line ends.
func both(t *testing.T, before, after string, edit func(text []byte) ([]byte, error)) {
	t.Helper()
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	for _, ends := range []func(string) string{func(s string) string { return s }, crlf} {
		got, err := edit([]byte(ends(before)))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != ends(after) {
			t.Errorf("got\n%s\nwant\n%s\n%q", got, ends(after), got)
		}
	}
}

// TestRemovePlaces removes capability b from every shape that can be around it.
func TestRemovePlaces(t *testing.T) {
	const a, b, c = "  a: {service: s} # a\n", "  b: {service: s} # b\n", "  c: {service: s} # c\n"
	cases := []struct{ name, before, after string }{
		{"last", a + b, a},
		{"first", b + c, c},
		{"middle", a + b + c, a + c},
		{"only", b, "capabilities: {}\n"},
		{"no last line end", a + "  b: {service: s}", a},
		{"comments above and inside",
			a + "  # b one\n  # b two\n  b:\n    # why\n    service: s # x\n    # ttl: 1h\n" +
				"  # c's\n" + c, a + "  # c's\n" + c},
		{"comment of the one above", a[:len(a)-1] + "\n    # ttl of a\n" + b + c,
			a + "    # ttl of a\n" + c},
		{"comment apart", a + "  # of all\n\n" + b + c, a + "  # of all\n\n" + c},
		{"comment at the margin", a + "# of b\n" + b + c, a + c},
		{"blank lines between", a + "\n" + b + "\n" + c, a + "\n" + c},
		{"two blank lines", a + "\n\n" + b + "\n" + c, a + "\n\n" + c},
		{"blank line, last", a + "\n" + b + "\n# end\n", a + "\n# end\n"},
		{"blank line, last of the file", a + "\n" + b, a},
		{"blank line, first", b + "\n" + c, c},
		{"blank line above alone", a + "\n" + b + c, a + "\n" + c},
		{"blank line below alone", a + b + "\n" + c, a + "\n" + c},
		{"block",
			a + "  b:\n    service: s\n    rules:\n      allow:\n      - GET *\n      # - PUT *\n" +
				c, a + c},
		{"literal",
			a + "  b:\n    service: s\n    description: |\n      x\n\n      # no comment\n\n" + c,
			a + "\n" + c},
		{"quoted name", a + "  'b': {service: s}\n" + c, a + c},
		{"only, with comments", "  # one\n\n  # two\n  b:\n    service: s\n\n# end\n",
			"capabilities: {}\n  # one\n\n# end\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			after := c.after
			if !strings.HasPrefix(after, "capabilities:") {
				after = "capabilities:\n" + after
			}
			both(t, service+"\ncapabilities:\n"+c.before, service+"\n"+after,
				func(text []byte) ([]byte, error) { return RemoveCapability(text, "b") })
		})
	}
}

func TestRemoveFromBrackets(t *testing.T) {
	cases := []struct{ name, before, after string }{
		{"last", "{a: {service: s}, b: {service: s}}", "{a: {service: s}}"},
		{"first", "{b: {service: s}, a: {service: s} }", "{a: {service: s} }"},
		{"middle", "{ a: {service: s} , b: {service: s} , c: {service: s}}",
			"{ a: {service: s} , c: {service: s}}"},
		{"only", "{ b: {service: s} }", "{  }"},
		{"last comma", "{a: {service: s}, b: {service: s},}", "{a: {service: s},}"},
		{"lines", "{\n  a: {service: s}, # a, \n  b: {service: s}, # b\n  # c\n  c: {service: s} }",
			"{\n  a: {service: s}, # a, \n  # c\n  c: {service: s} }"},
		{"lines, last", "{\n  a: {service: s}, # a, \n  b: {service: s} # b\n  }",
			"{\n  a: {service: s}, # a, \n   # b\n  }"},
		{"JSON", `{"a":{"service":"s"},"b":{"service":"s"}}`, `{"a":{"service":"s"}}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			both(t, service+"capabilities: "+c.before+"\n", service+"capabilities: "+c.after+"\n",
				func(text []byte) ([]byte, error) { return RemoveCapability(text, "b") })
		})
	}
}

func TestRemoveService(t *testing.T) {
	const other = "  # other\n  o: {baseUrl: \"https://o.example\", auth: {type: bearer, key: k}}\n"
	before := "# mine\n" + service +
		other +
		"\ncapabilities:\n  x: {service: s}\n\n  # keep\n  y: {service: o}\n\n  # gone\n" +
		"  z: {service: s}\n"
	want := "# mine\nservices:\n" + other + "\ncapabilities:\n  # keep\n  y: {service: o}\n"
	got, err := RemoveService([]byte(before), "s", []string{"x", "z"})
	if err != nil || string(got) != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
	}
	for _, listed := range [][]string{nil, {"x"}, {"x", "y", "z"}} {
		if out, err := RemoveService([]byte(before), "s", listed); !errors.Is(err, ErrInUse) {
			t.Errorf("with %v: %v\n%s", listed, err, out)
		}
	}
	empty, err := RemoveService([]byte(service), "s", nil)
	if err != nil || string(empty) != "services: {}\n" {
		t.Errorf("%v, got\n%s", err, empty)
	}
	// What is left is good for the next service.
	if _, err := AddService(empty, NewService{
		Name:    "t",
		BaseURL: "https://t.example",
		Type:    "bearer",
		Fields:  []KV{{"key", "k"}},
	}); err != nil {
		t.Error(err)
	}
}

func TestNotFound(t *testing.T) {
	text := []byte(service + "capabilities: {one: {service: s}, two: {service: s}}\n")
	for what, edit := range map[string]func() ([]byte, error){
		"capability one two": func() ([]byte, error) { return RemoveCapability(text, "x") },
		"capability one two.": func() ([]byte, error) {
			return EditCapability(text, "x", CapabilityEdit{})
		},
		"service s":   func() ([]byte, error) { return RemoveService(text, "x", nil) },
		"service s.":  func() ([]byte, error) { return EditService(text, "x", ServiceEdit{}) },
		"service s..": func() ([]byte, error) { return Set(text, "services.x.docs", "y") },
		"capability one two..": func() ([]byte, error) {
			return Set(text, "capabilities.x.ttl", "1h")
		},
	} {
		out, err := edit()
		var missing *NotFoundError
		if !errors.As(err, &missing) || missing.Name != "x" ||
			missing.Kind+" "+strings.Join(missing.Known, " ") != strings.TrimRight(what, ".") {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestEditCapability(t *testing.T) {
	const head = service + "capabilities:\n  # mine\n  c:\n    service: s # yes\n"
	cases := []struct {
		name, before, after string
		edit                CapabilityEdit
	}{
		{"nothing", "    ttl: 1h\n", "    ttl: 1h\n", CapabilityEdit{}},
		{"ttl in place", "    ttl: '1h' # short\n    timeout: 1s\n",
			"    ttl: '15m' # short\n    timeout: 1s\n", CapabilityEdit{TTL: ptr("15m")}},
		{"ttl added", "    # own\n\n  # next\n", "    # own\n    ttl: 15m\n\n  # next\n",
			CapabilityEdit{TTL: ptr("15m")}},
		{"ttl cleared", "    # short\n    ttl: 1h # x\n    # apart\n\n  # next\n",
			"    # apart\n\n  # next\n", CapabilityEdit{TTL: ptr("")}},
		{"clearing what is not there", "", "", CapabilityEdit{TTL: ptr(""), ClearRules: true}},
		{"description in single quotes", "    description: 'a' # x\n",
			"    description: 'it''s \"b\": # c' # x\n",
			CapabilityEdit{Description: ptr(`it's "b": # c`)}},
		{"description in double quotes", "    description: \"a\" # x\n",
			"    description: \"it's \\\"b\\\": # c\" # x\n",
			CapabilityEdit{Description: ptr(`it's "b": # c`)}},
		{"description plain", "    description: a # x\n", "    description: \"true\" # x\n",
			CapabilityEdit{Description: ptr("true")}},
		{"description literal", "    description: | # x\n      a\n\n      b\n    ttl: 1h\n",
			"    description: c # x\n    ttl: 1h\n", CapabilityEdit{Description: ptr("c")}},
		{"flags", "    autoApprove: true # x\n",
			"    autoApprove: false # x\n    requiresReason: true\n",
			CapabilityEdit{AutoApprove: ptr(false), RequiresReason: ptr(true)}},
		{"flags as they are without a line", "", "",
			CapabilityEdit{AutoApprove: ptr(true), RequiresReason: ptr(false)}},
		{"everything added",
			"",
			"    description: d\n    ttl: 1d\n    headers: all\n    timeout: 1s\n" +
				"    autoApprove: false\n    requiresReason: true\n    rules:\n      allow:\n" +
				"        - GET *\n      deny:\n        - \"* /x\"\n",
			CapabilityEdit{
				Description:    ptr("d"),
				TTL:            ptr("1d"),
				Headers:        ptr("all"),
				Timeout:        ptr("1s"),
				AutoApprove:    ptr(false),
				RequiresReason: ptr(true),
				Allow:          []string{"GET *", "GET *"},
				Deny:           []string{"* /x"},
			}},
		{"rules replaced",
			"    rules:\n      # reading\n      allow:\n        # all of it\n" +
				"        - get  * # g\n        # not this\n        - POST /a # p\n\n" +
				"        - PUT /b\n      deny: # d\n      - DELETE *\n    ttl: 1h\n",
			"    rules:\n      # reading\n      allow:\n        # all of it\n" +
				"        - get  * # g\n\n        - PUT /b\n        - PATCH /c\n      deny: # d\n" +
				"      - POST *\n    ttl: 1h\n",
			CapabilityEdit{Allow: []string{"PATCH /c", "PUT /b", "GET *"},
				Deny: []string{"POST *"}}},
		{"rules in brackets", "    rules: {allow: [GET *, 'POST /a',], deny: [DELETE *]} # r\n",
			"    rules: {allow: [GET *, \"PUT /b,c\",], deny: [POST *]} # r\n",
			CapabilityEdit{Allow: []string{"GET *", "PUT /b,c"}, Deny: []string{"POST *"}}},
		{"a list added in brackets", "    rules: {allow: [GET *]} # r\n",
			"    rules: {allow: [GET *], deny: [POST *]} # r\n",
			CapabilityEdit{Deny: []string{"POST *"}}},
		{"empty rules", "    rules: {} # r\n", "    rules: # r\n      allow:\n        - GET *\n",
			CapabilityEdit{Allow: []string{"GET *"}}},
		{"an empty list", "    rules: {allow: [], deny: [GET *]}\n",
			"    rules: {allow: [GET /a], deny: [GET *]}\n",
			CapabilityEdit{Allow: []string{"GET /a"}}},
		{"rules cleared",
			"    # why\n    rules: # r\n      allow:\n        - GET *\n    # t\n    ttl: 1h\n",
			"    # t\n    ttl: 1h\n", CapabilityEdit{ClearRules: true}},
		{"rules cleared and set",
			"    rules:\n      allow:\n        - GET *\n      deny:\n        - PUT *\n",
			"    rules:\n      allow:\n        - GET /a\n",
			CapabilityEdit{ClearRules: true, Allow: []string{"GET /a"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			both(t, head+c.before, head+c.after, func(text []byte) ([]byte, error) {
				return EditCapability(text, "c", c.edit)
			})
		})
	}
	both(t, service+"capabilities: {c: {service: s, rules: {}}, d: {service: s}}\n",
		service+
			"capabilities: {c: {service: s, rules: {allow: [GET *]}, ttl: 1m}, d: {service: s}}\n",
		func(text []byte) ([]byte, error) {
			return EditCapability(text, "c", CapabilityEdit{
				Allow:      []string{"GET *"},
				ClearRules: false,
				TTL:        ptr("1m"),
			})
		})
}

func TestEditRefusals(t *testing.T) {
	text := []byte(service + "capabilities: {c: {service: s}}\n")
	for what, e := range map[string]CapabilityEdit{
		"a ttl": {TTL: ptr("1x")}, "a timeout": {Timeout: ptr("2h")},
		"headers": {Headers: ptr("some")}, "a rule": {Allow: []string{"GET"}},
		"text": {Description: ptr("\xff")},
	} {
		if out, err := EditCapability(text, "c", e); err == nil {
			t.Errorf("%s: accepted\n%s", what, out)
		}
	}
	for what, e := range map[string]ServiceEdit{
		"a base": {BaseURL: ptr("ftp://x")}, "no base": {BaseURL: ptr("")},
		"a path": {TestPath: ptr("x")}, "a field": {Fields: []KV{{"apiKey", "x"}}},
		"a reserved value": {Fields: []KV{{"key", "env:X"}}},
	} {
		if out, err := EditService(text, "s", e); err == nil {
			t.Errorf("%s: accepted\n%s", what, out)
		}
	}
	odd := "services:\n  ? s\n  : {baseUrl: \"https://x.example\", auth: {type: bearer, key: k}}\n"
	if out, err := RemoveService([]byte(odd), "s", nil); err == nil {
		t.Errorf("a key behind ? was cut: %s", out)
	}
	dash := service +
		"capabilities:\n  c:\n    service: s\n    rules:\n      allow:\n        -\n" +
		"          GET *\n        - PUT *\n"
	out, err := EditCapability([]byte(dash), "c", CapabilityEdit{Allow: []string{"PUT *"}})
	if err == nil {
		t.Errorf("a rule below its dash was cut: %s", out)
	}
}

func TestEditService(t *testing.T) {
	const before = "services:\n  s:\n    baseUrl: \"https://x.example\" # b\n    auth: # a\n" +
		"      type: headers\n      headers:\n        X-Api-Key: k1 # k\n        # second\n" +
		"        X-Other: k2\n    docs: d # gone\n"
	const after = "services:\n  s:\n    baseUrl: \"https://y.example/v1\" # b\n    auth: # a\n" +
		"      type: headers\n      headers:\n        X-Api-Key: n1 # k\n        # second\n" +
		"        X-Other: k2\n        X-New: n3\n    description: new\n    testPath: /a\n" +
		"    caFile: /ca.pem\n"
	both(t, before, after, func(text []byte) ([]byte, error) {
		return EditService(text, "s", ServiceEdit{
			BaseURL:     ptr("https://y.example/v1"),
			Description: ptr("new"),
			Docs:        ptr(""),
			TestPath:    ptr("/a"),
			CAFile:      ptr("/ca.pem"),
			Fields:      []KV{{"headers.X-Api-Key", "n1"}, {"headers.X-New", "n3"}},
		})
	})
	both(t, service, strings.Replace(service, "key: k}", "key: n, scheme: Token}", 1),
		func(text []byte) ([]byte, error) {
			return EditService(text, "s",
				ServiceEdit{Fields: []KV{{"key", "n"}, {"scheme", "Token"}}})
		})
}

const settingsText = `vault: {id: abc, key: k1, check: "1234567890123456"}
services:
  a:
    baseUrl: https://x.example
    auth: {type: bearer, key: janee:v1:k1:a:key:bearer:https%3A//x.example:Ym94, scheme: Token}
  a.b: # two
    baseUrl: https://y.example
    headers:
    auth: {type: basic, username: me, password: plain-text}
capabilities:
  c: {service: a, autoApprove: false, rules: {allow: [GET *]}}
`

func TestGet(t *testing.T) {
	for key, want := range map[string]string{
		"services.a.auth": "[{services.a.auth.type bearer} {services.a.auth.key " +
			"sealed} {services.a.auth.scheme Token}]",
		"services.a.b.auth.password": "[{services.a.b.auth.password not sealed yet}]",
		"services.a.b.auth.username": "[{services.a.b.auth.username not sealed yet}]",
		"services.a.b.baseUrl":       "[{services.a.b.baseUrl https://y.example}]",
		"services.a.b.headers":       "[]",
		"services.a.testPath":        "[{services.a.testPath <nil>}]",
		"capabilities.c.autoApprove": "[{capabilities.c.autoApprove false}]",
		"capabilities.c.rules":       "[{capabilities.c.rules.allow [GET *]}]",
		"capabilities.c.ttl":         "[{capabilities.c.ttl <nil>}]",
		"vault.id":                   "[{vault.id abc}]",
	} {
		got, err := Get([]byte(settingsText), key)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v, want %s", key, got, err, want)
		}
	}
	all, err := Get([]byte(settingsText), "")
	if err != nil || len(all) != 14 || all[13].Key != "capabilities.c.rules.allow" {
		t.Errorf("%v, %d settings: %v", err, len(all), all)
	}
	for key, known := range map[string]string{
		"capabilities.c.tll": "capabilities.c.ttl", "capabilities.d.ttl": "c", "services.z": "a.b",
		"vault.x": "vault.id", "serv": "services", "services.a.auth.kee": "services.a.auth.key",
	} {
		var missing *NotFoundError
		if got, err := Get([]byte(settingsText), key); !errors.As(err, &missing) ||
			!slices.Contains(missing.Known, known) {
			t.Errorf("%s: %v, %v, want an error that knows %s", key, got, err, known)
		}
	}
}

func TestSet(t *testing.T) {
	for key, c := range map[string][3]string{
		"services.a.description": {"mine: \"x\"", "scheme: Token}\n",
			"scheme: Token}\n    description: \"mine: \\\"x\\\"\"\n"},
		"services.a.auth.scheme":     {"Key", "Token", "Key"},
		"services.a.b.headers.X-A.B": {"1", "headers:\n", "headers:\n      X-A.B: \"1\"\n"},
		"services.a.headers.X-A.B": {"1", "scheme: Token}\n",
			"scheme: Token}\n    headers:\n      X-A.B: \"1\"\n"},
		"services.a.allowHttp": {"true", "scheme: Token}\n",
			"scheme: Token}\n    allowHttp: true\n"},
		"capabilities.c.autoApprove":    {"true", "autoApprove: false", "autoApprove: true"},
		"capabilities.c.ttl":            {"2d", "[GET *]}}", "[GET *]}, ttl: 2d}"},
		"capabilities.c.service":        {"a.b", "service: a,", "service: a.b,"},
		"capabilities.c.requiresReason": {"false", "[GET *]}}", "[GET *]}, requiresReason: false}"},
	} {
		t.Run(key, func(t *testing.T) {
			both(t, settingsText, strings.Replace(settingsText, c[1], c[2], 1),
				func(text []byte) ([]byte, error) { return Set(text, key, c[0]) })
		})
	}
}

func TestSetRefuses(t *testing.T) {
	for key, want := range map[string]error{
		"services.a.auth.key": ErrSecret, "services.a.b.auth.password": ErrSecret,
		"services.a.baseUrl": ErrBinding, "services.a.auth.type": ErrBinding,
		"vault.check": ErrReserved, "vault": ErrReserved, "services.a": ErrNoScalar,
		"services": ErrNoScalar, "services.a.auth": ErrNoScalar,
		"capabilities.c.rules": ErrNoScalar, "capabilities.c.rules.allow": ErrNoScalar,
		"services.a.auth.x": nil, "capabilities.c.tll": nil, "": nil, "version": nil,
		"capabilities.c.autoApprove": nil, "capabilities.c.service": nil,
		"capabilities.c.rules.allow.0": nil,
	} {
		out, err := Set([]byte(settingsText), key, "xy")
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v\n%s", key, err, want, out)
		}
	}
}

// TestScalarsAreKnown holds the table of settings to what a file may say.
func TestScalarsAreKnown(t *testing.T) {
	for section, keys := range scalars {
		for key, flag := range keys {
			path := map[string]string{"services": "services.a.", "capabilities": "capabilities.c.",
				"server": "server.", "approvals": "approvals.", "limits": "limits."}[section] + key
			value := map[string]string{"access": "open", "defaultAccess": "restricted",
				"port": "9100", "testPath": "/x", "service": "a", "ttl": "1m", "timeout": "1m",
				"headers": "all", "wait": "5s",
				"queryOperations": "s3"}[key]
			switch {
			case key == "baseUrl":
				continue
			case flag:
				value = "true"
			case section == limitsSection:
				value = "60"
			case value == "":
				value = "x"
			}
			if _, err := Set([]byte(settingsText), path, value); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}
