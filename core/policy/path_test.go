package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

var (
	slashes    = Options{EncodedSlash: true}
	semicolons = Options{Semicolon: true}
	doubles    = Options{DoubleSlash: true}
	everything = Options{EncodedSlash: true, Semicolon: true, DoubleSlash: true}
)

func TestGrammarAccepts(t *testing.T) {
	for _, c := range []struct {
		options Options
		target  string
	}{
		{Options{}, "/"},
		{Options{}, "/-._~!$&'()*+,=:@/AZaz09"},
		{Options{}, "/a/"},
		{Options{}, "/.../a..b/.well-known/..a"},
		{Options{}, "/a%20b/%20a/%C3%BC/%c3%bc/%E2%82%AC/%F0%9F%98%80/%C2%A0x"},
		{Options{}, "/100%25/%25zz/%25a/%23/%3F/%40"},
		{Options{}, "/a?"},
		{Options{}, "/a?a=%2e%2F%5C%3B%09%FF&expand[]=x|y&q={}"},
		{Options{}, "/a?u=https://x.example//../y?z"},
		{Options{}, "/a?method=x&my_method=y&_methods=z&x=_method"},
		{Options{}, "/a?method=flickr.photos.search&$method=&method&x=method=DELETE"},
		{Options{}, "/a?method=GET&$METHOD=get&method=DELETED&filter[method]=DELETE"},
		{Options{}, "/" + strings.Repeat("a", wire.MaxTarget-1)},
		{slashes, "/projects/a%2Fb%2fc"},
		{semicolons, "/a;b=1/c%3Bd/e%3bf?x=1;y=2"},
		{semicolons, "/a/;x"},
		{doubles, "/bucket//key//"},
		{everything, "/a//b;c%2Fd%2F%2Fe"},
	} {
		if _, d := Judge(Unrestricted(), c.options, "GET", c.target); d.Outcome != Allowed {
			t.Errorf("%q with %+v: %+v", c.target, c.options, d)
		}
	}
}

func TestGrammarRejects(t *testing.T) {
	for _, c := range []struct {
		options Options
		target  string
		says    string // part of the reason or the hint
	}{
		{Options{}, "", "does not begin with /"},
		{Options{}, "?a", "does not begin with /"},
		{Options{}, "https://evil.example/", "scheme and host come from the service"},
		{Options{}, "/" + strings.Repeat("a", wire.MaxTarget), "longer than 8192 bytes"},
		{Options{}, "/a?" + strings.Repeat("a", wire.MaxTarget), "longer than 8192 bytes"},
		{Options{}, "/a b", "byte %20 at byte 2"},
		{Options{}, "/a\tb", "byte %09"},
		{Options{}, "/a\x00", "byte %00"},
		{Options{}, "/a\x7f", "byte %7F"},
		{Options{}, "/a\\b", `\ (%5C)`},
		{Options{}, "/a#b", "# (%23)"},
		{Options{}, "/a#b", "leave the fragment out"},
		{Options{}, "/a<", "< (%3C)"},
		{Options{}, "/a>", "> (%3E)"},
		{Options{}, "/a\"", "\" (%22)"},
		{Options{}, "/a^", "^ (%5E)"},
		{Options{}, "/a`", "` (%60)"},
		{Options{}, "/a[", "[ (%5B)"},
		{Options{}, "/a]", "] (%5D)"},
		{Options{}, "/a|", "| (%7C)"},
		{Options{}, "/a{", "{ (%7B)"},
		{Options{}, "/a}", "} (%7D)"},
		{Options{}, "/ü", "byte %C3"},
		{Options{}, "/a;b", "; (%3B)"},
		{Options{}, "/a;b", "allowSemicolon"},
		{Options{}, "/a%", "without two hex digits"},
		{Options{}, "/a%4", "without two hex digits"},
		{Options{}, "/a%4g", "without two hex digits"},
		{Options{}, "/a%g4", "without two hex digits"},
		{Options{}, "/%61", "needs none"},
		{Options{}, "/%2e%2e/a", "needs none"},
		{Options{}, "/%7E", "write ~ in its place"},
		{Options{}, "/a%2Fb", "allowEncodedSlash"},
		{Options{}, "/a%2fb", "%2f at byte 2, an encoded slash"},
		{Options{}, "/a%5Cb", "encoded backslash"},
		{Options{}, "/a%3Bb", "allowSemicolon"},
		{Options{}, "/a%00", "control byte"},
		{Options{}, "/a%1f", "control byte"},
		{Options{}, "/a%7f", "control byte"},
		{Options{}, "/a%C2%85", "control character"},
		{Options{}, "/a%C2%9f", "control character"},
		{Options{}, "/a%C0%AE", "not UTF-8"},
		{Options{}, "/a%ED%A0%80", "not UTF-8"},
		{Options{}, "/a%C3", "not UTF-8"},
		{Options{}, "/a%C3%", "not UTF-8"},
		{Options{}, "/a%C3(", "not UTF-8"},
		{Options{}, "/a%FF", "not UTF-8"},
		{Options{}, "/a%F4%90%80%80", "not UTF-8"},
		{Options{}, "/a%252e", "second escape"},
		{Options{}, "/a%25AA", "second escape"},
		{Options{}, "/..", "dot segments"},
		{Options{}, "/a/../b", "dot segments"},
		{Options{}, "/a/./b", "dot segments"},
		{Options{}, "/a/.", "dot segments"},
		{Options{}, "/a/..?b", "dot segments"},
		{Options{}, "//a", "names a host"},
		{Options{}, "/a//b", "empty segment"},
		{Options{}, "/a//", "empty segment"},
		{Options{}, "/a%20", "encoded blank"},
		{Options{}, "/a%20/b", "encoded blank"},
		{Options{}, "/..%20/b", "encoded blank"},
		{Options{}, "/a?b c", "byte %20"},
		{Options{}, "/a?b\r\nc", "the query contains the byte %0D"},
		{Options{}, "/a?b#c", "# (%23)"},
		{Options{}, "/a?b\\c", `\ (%5C)`},
		{Options{}, "/a?b\"c", "\" (%22)"},
		{Options{}, "/a?b<c", "< (%3C)"},
		{Options{}, "/a?b>c", "> (%3E)"},
		{Options{}, "/a?b^c", "^ (%5E)"},
		{Options{}, "/a?b`c", "` (%60)"},
		{Options{}, "/a?bü", "%C3"},
		{Options{}, "/a?b;c", "write it as %3B, or ask"},
		{Options{}, "/a?b%", "without two hex digits"},
		{Options{}, "/a?b%zz", "without two hex digits"},
		{Options{}, "/a?b%0d", "control byte"},
		{Options{}, "/a?b%0A", "control byte"},
		{Options{}, "/a?b%00", "control byte"},
		{Options{}, "/a?_method=DELETE", "where the rules do not see it"},
		{Options{}, "/a?x=1&_METHOD", "_method"},
		{Options{}, "/a?%5Fmethod=DELETE", "_method"},
		{Options{}, "/a?%5F%6d%45thod=DELETE", "_method"},
		{Options{}, "/a?+_method=DELETE", "_method"},
		{Options{}, "/a?.method=DELETE", "_method"},
		{Options{}, "/a?[_method]=DELETE", "_method"},
		{Options{}, "/a?_method%5B%5D=DELETE", "_method"},
		{Options{}, "/a?_HttpMethod=PATCH", "_httpmethod"},
		{Options{}, "/a?X-HTTP-Method-Override=PATCH", "x-http-method-override"},
		{Options{}, "/a?$httpMethod=DELETE", "$httpmethod"},
		{Options{}, "/a?x-tunneled-method=DELETE", "x-tunneled-method"},
		{Options{}, "/a?__METHOD_OVERRIDE__=DELETE", "__method_override__"},
		{Options{}, "/a?method=DELETE", "method to another method"},
		{Options{}, "/a?Method=delete", "method to another method"},
		{Options{}, "/a?method=%44elete", "method to another method"},
		{Options{}, "/a?method=+delete+", "method to another method"},
		{Options{}, "/a?method[]=delete", "method to another method"},
		{Options{}, "/a?method=GET&method=HEAD", "method to another method"},
		{Options{}, "/a?method=TRACE", "method to another method"},
		{Options{}, "/a?$method=PUT", "$method to another method"},
		{Options{}, "/a?%24METHOD=put", "$method to another method"},
		{semicolons, "/a?x=1;_method=DELETE", "_method"},
		{semicolons, "/a?x=1;method=DELETE", "method to another method"},
		{semicolons, "/a/..;x/b", "dot segments"},
		{semicolons, "/a/.%3Bx/b", "dot segments"},
		{semicolons, "/a/;x/b", "empty segment"},
		{semicolons, "/;x%3B/b", "empty segment"},
		{semicolons, "/a%20;x", "encoded blank"},
		{semicolons, "/a;x%20", "encoded blank"},
		{slashes, "/a/..%2Fb", "dot segments"},
		{slashes, "/a%2f..", "dot segments"},
		{slashes, "/%2Fa", "names a host"},
		{slashes, "/a%2F%2Fb", "empty segment"},
		{slashes, "/a%20%2Fb", "encoded blank"},
		{slashes, "/a%5Cb", "encoded backslash"},
		{doubles, "//a", "names a host"},
		{doubles, "/a//../b", "dot segments"},
		{everything, "/a/..%3b%2Fb", "dot segments"},
		{everything, "/%2fa", "names a host"},
	} {
		j, d := Judge(Unrestricted(), c.options, "GET", c.target)
		if d.Outcome != Rejected || j != (Judged{}) ||
			!strings.Contains(d.Reason+" | "+d.Hint, c.says) || d.Hint == "" {
			t.Errorf("%.40q with %+v: %+v, want it to say %q", c.target, c.options, d, c.says)
		}
	}
}

// TestEveryByte holds the raw alphabet to a second statement of it, and wants each refused byte
// named.
func TestEveryByte(t *testing.T) {
	const path = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@/?"
	for c := range 256 {
		for _, where := range []struct{ prefix, may string }{
			{"/a", path}, {"/a?", path + "[]|{}"},
		} {
			target := where.prefix + string([]byte{byte(c)}) + "41"
			_, d := Judge(Unrestricted(), Options{}, "GET", target)
			want := strings.IndexByte(where.may, byte(c)) >= 0 || c == '%' && where.prefix == "/a?"
			if got := d.Outcome == Allowed; got != want {
				t.Errorf("%q: %+v", target, d)
			}
			if d.Outcome == Rejected && c != '%' &&
				!strings.Contains(d.Reason, fmt.Sprintf("%%%02X", c)) {
				t.Errorf("%q: the reason %q does not name the byte", target, d.Reason)
			}
		}
	}
}

// TestRulesSeeTheEncodedText: with an exception in force nothing is decoded for allow rules.
func TestRulesSeeTheEncodedText(t *testing.T) {
	p := New(rules(t, "GET /projects/a%2Fb", "GET /p/*"), rules(t, "GET /p/x"))
	for target, want := range map[string]Outcome{
		"/projects/a%2Fb": Allowed, "/projects/a%2fb": Denied, "/projects/a/b": Denied,
		"/p/x": Denied, "/p/x//": Denied, "/p/X%2Fy": Allowed, "/p//y": Allowed,
	} {
		if _, d := Judge(p, everything, "GET", target); d.Outcome != want {
			t.Errorf("%s: %+v, want %s", target, d, want)
		}
	}
}
