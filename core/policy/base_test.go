package policy

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

func TestParseBase(t *testing.T) {
	for raw, want := range map[string][4]string{ // String, Origin, Host, Path
		"https://api.example.com": {"https://api.example.com", "https://api.example.com",
			"api.example.com", ""},
		"HTTPS://API.Example.com:443/": {"https://api.example.com", "https://api.example.com",
			"api.example.com", ""},
		"https://h:8443/Api/v2/": {"https://h:8443/Api/v2", "https://h:8443", "h:8443", "/Api/v2"},
		"https://h:80/a%20b":     {"https://h:80/a%20b", "https://h:80", "h:80", "/a%20b"},
		"http://localhost:80":    {"http://localhost", "http://localhost", "localhost", ""},
		"http://127.8.9.1:443": {"http://127.8.9.1:443", "http://127.8.9.1:443",
			"127.8.9.1:443", ""},
		"http://[::1]:9000/x": {"http://[::1]:9000/x", "http://[::1]:9000", "[::1]:9000", "/x"},
		"https://[2001:DB8:0:0::1]": {"https://[2001:db8::1]", "https://[2001:db8::1]",
			"[2001:db8::1]", ""},
		"https://192.0.2.1/": {"https://192.0.2.1", "https://192.0.2.1", "192.0.2.1", ""},
		"https://xn--bcher-kva.example": {"https://xn--bcher-kva.example",
			"https://xn--bcher-kva.example", "xn--bcher-kva.example", ""},
		"https://my_bucket.s3.example/@a~": {"https://my_bucket.s3.example/@a~",
			"https://my_bucket.s3.example", "my_bucket.s3.example", "/@a~"},
	} {
		b, err := ParseBase(raw, false)
		if got := [4]string{b.String(), b.Origin(), b.Host(), b.Path()}; err != nil || got != want {
			t.Errorf("%s = %q, %v", raw, got, err)
		}
		if again, err := ParseBase(b.String(), false); err != nil || again != b {
			t.Errorf("%s does not read back: %v, %v", b, again, err)
		}
	}
	if b, err := ParseBase("http://api.example.com", true); err != nil ||
		b.String() != "http://api.example.com" {
		t.Errorf("allowHTTP: %v, %v", b, err)
	}
}

func TestParseBaseRefuses(t *testing.T) {
	for raw, says := range map[string]string{
		"": "want https://", "api.example.com": "want https://", "ftp://h": "want https://",
		"https:h": "want https://", " https://h": "want https://", "//h": "want https://",
		"https://": "not a host", "https:///x": "not a host", "https://:443": "not a host",
		"https://user:hunter2@h": "user name", "https://@h": "user name",
		"https://h?key=hunter2": "a query or", "https://h/x?key=hunter2": "a query or",
		"https://h/#f": "a query or", "https://h#f": "a query or",
		"http://api.example.com": "plain http", "http://10.0.0.1": "plain http",
		"http://localhost.example": "plain http", "http://[2001:db8::1]": "plain http",
		"http://127.0.0.1.example": "plain http", "https://h:": "port", "https://h:0": "port",
		"https://h:65536": "port", "https://h:0443": "port", "https://h:+443": "port",
		"https://h:a": "port", "https://h/a/../b": "segment", "https://h//": "names a host",
		"https://h/a//b": "empty segment", "https://h/a b": "%20", "https://h\\x": "/",
		"https://h/%2e": "needs none", "https://h/a;b": "%3B", "https://h /": "not a host",
		"https://a..b": "not a host", "https://h.": "not a host",
		"https://bücher.example": "not a host", "https://h%41": "not a host",
		"https://h\n": "not a host", "https://2130706433": "not a host",
		"https://127.1": "not a host", "https://0x7f.1": "not a host",
		"https://a.0x7f": "not a host", "https://127.0.0.01": "not a host",
		"https://[::1": "not a host", "https://[::1:443": "not a host", "https://::1": "not a host",
		"https://[fe80::1%25eth0]": "not a host", "https://[127.0.0.1]": "not a host",
		"https://[::1]x": "port", "https://[::1]x:1": "not a host",
		"https://" + strings.Repeat("a", 64) + ".example":  "not a host",
		"https://" + strings.Repeat("a.", 127) + "ab":      "not a host",
		"https://h/" + strings.Repeat("a", wire.MaxTarget): "longer",
	} {
		b, err := ParseBase(raw, false)
		if err == nil || b != (Base{}) || !strings.Contains(err.Error(), says) ||
			strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%.60q = %v, %v, want an error with %q", raw, b, err, says)
		}
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct{ base, path, signed, want string }{ // want: target, "" if refused
		{"https://h", "/a", "", "/a"},
		{"https://h/p/", "/a?b", "", "/p/a?b"},
		{"https://h/p", "/a", "s=1", "/p/a?s=1"},
		{"https://h/p", "/a?", "s=1", "/p/a?s=1"},
		{"https://h/p", "/a?b=2", "s=1&t=%2B", "/p/a?b=2&s=1&t=%2B"},
		{"https://h", "/a?x[]={|}", "", "/a?x[]={|}"},
		{"https://h", "/", "s=a#b", ""},
		{"https://h", "/", "s=a b", ""},
		{"https://h", "/", "s=\r\n", ""},
		{"https://[2001:db8::1]:8443/p", "/a%C3%bc!$&'()*+,=:@", "", "/p/a%C3%bc!$&'()*+,=:@"},
	} {
		base, err := ParseBase(c.base, false)
		if err != nil {
			t.Fatal(err)
		}
		j, d := Judge(Unrestricted(), Options{}, "GET", c.path)
		if d.Outcome != Allowed {
			t.Fatalf("%s: %+v", c.path, d)
		}
		url, target := base.JoinUnder("", j, c.signed)
		if wantURL := base.Origin() + c.want; target != c.want || c.want != "" && url != wantURL ||
			c.want == "" && url != "" {
			t.Errorf("%s + %s + %q = %q, %q", c.base, c.path, c.signed, url, target)
		}
		if url, target := (Base{}).JoinUnder("", j, ""); url != "" || target != "" {
			t.Errorf("the zero Base joins to %q, %q", url, target)
		}
	}
}

// TestJoinDistrustsItsParts: the last check does not rely on the others, whatever the grammar let
// through.
func TestJoinDistrustsItsParts(t *testing.T) {
	for _, c := range []struct {
		base Base
		path string
	}{
		{Base{"https", "h", ""}, "/a#b"}, {Base{"https", "h", ""}, "@evil.example/"},
		{Base{"https", "h", ""}, ".evil.example/"},
		{Base{"https", "h", ""}, "/a\x00"}, {Base{"https", "h", ""}, "/ü"},
		{Base{"https", "u@h", ""}, "/a"},
	} {
		if url, target := c.base.JoinUnder("", Judged{
			method: "GET",
			path:   c.path,
			target: c.path,
		}, ""); url != "" || target != "" {
			t.Errorf("%q + %q = %q, %q", c.base, c.path, url, target)
		}
	}
}

func TestJoinUnder(t *testing.T) {
	base, err := ParseBase("https://api.telegram.org", false)
	if err != nil {
		t.Fatal(err)
	}
	j, _ := Judge(Unrestricted(), Options{}, "GET", "/getMe?a=1")
	if url, target := base.JoinUnder("/bot1:A-b_c", j, ""); url !=
		"https://api.telegram.org/bot1:A-b_c/getMe?a=1" || target != "/bot1:A-b_c/getMe?a=1" {
		t.Errorf("%q, %q", url, target)
	}
	for _, prefix := range []string{
		"bot", "/..", "/a//b", "/a?b", "/a#b", "//evil.example", "/a b", "/a%2fb",
	} {
		if url, target := base.JoinUnder(prefix, j, ""); url != "" || target != "" {
			t.Errorf("%q: %q, %q", prefix, url, target)
		}
	}
}
