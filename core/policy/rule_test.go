package policy

import (
	"strings"
	"testing"
)

func TestParseRule(t *testing.T) {
	for text, want := range map[string]string{
		"GET /v1/*": "GET /v1/*", "get\t \t/a": "GET /a", "  POST /a ": "POST /a", "* *": "* *",
		"DELETE */x": "DELETE */x",
		"PUT /[ab]/%C3%BC/a%20b/" +
			"%2F/;%3b/a//b": "PUT /[ab]/%C3%BC/a%20b/%2F/;%3b/a//b",
		"GET *..": "GET *..", "put /b/*?acl": "PUT /b/*?acl", "* *?list-type": "* *?list-type",
		"GET /.*": "GET /.*",
	} {
		r, err := ParseRule(text)
		if err != nil || r.String() != want {
			t.Errorf("%q = %q, %v", text, r, err)
		}
		if again, err := ParseRule(r.String()); err != nil || again != r {
			t.Errorf("%q does not read back: %v, %v", r, again, err)
		}
	}
	if (Rule{}).String() != "" {
		t.Error("the zero rule has a text")
	}
}

func TestParseRuleRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"": "want a method and a path", "GET": "want a method", "/admin/*": "want a method",
		"GET /a /b": "want a method", "GET\u00a0/a": "want a method", "GET\n/a": "want a method",
		"GET:/a": "want a method", "GET /a\n": "%0A", "PROPFIND /a": "is not a method",
		"TRACE /a": "is not a method", "GET: /a": "is not a method", "GE* /a": "is not a method",
		"po\u017ft /a": "is not a method", "GET a": "must begin with", "GET a/*": "must begin with",
		"GET https://x/": "must begin with", "GET /a?": "one query key",
		"GET /a?b=c": "one query key", "GET /a?b&c": "one query key",
		"GET /a?b*":  "one query key",
		"GET /a?%61": "one query key", "GET ?a": "must begin with", "GET /a#b": "%23",
		`GET /\*`: "%5C", "GET /a\x00": "%00", "GET /a\x7f": "%7F", "GET /ü": "%C3",
		"GET /a\u00a0b": "%C2",
		"GET /a%":       "hex digits", "GET /a%zz": "hex digits", "GET /a%2*": "hex digits",
		"GET /%61": "needs none", "GET /%00": "control byte", "GET /%5c": "backslash",
		"GET /a/../b": "segment", "GET /./a": "segment", "GET *a/..": "segment",
		"GET //a": "names a host", "GET /a%20/*": "encoded blank",
	} {
		r, err := ParseRule(text)
		if err == nil || r != (Rule{}) || !strings.Contains(err.Error(), says) ||
			!strings.HasPrefix(err.Error(), "reading rule ") {
			t.Errorf("%q = %q, %v, want an error with %q", text, r, err, says)
		}
	}
}
