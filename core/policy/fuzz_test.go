package policy

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var seeds = []string{
	"/", "/v1/a%20b?x=1", "/a/../b", "/a%2Fb;c//d", "//x", "/a?_method=x", "/%c3%bc?[]|{}", "/a?#",
	"https://x/", "/a%2", "/..;/b", "/a%252e", "/@x:1/*?",
}

func FuzzParseRule(f *testing.F) {
	for _, seed := range []string{"GET /v1/*", "* *", "get\t/a", "GET /a?b", "PUT /b/*?acl",
		"GET a", "DELETE */%2F", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule(text)
		if err != nil {
			return
		}
		if again, err := ParseRule(r.String()); err != nil || again != r {
			t.Errorf("%q reads as %q, then as %q, %v", text, r, again, err)
		}
		// A deny rule beats an allow rule of the same text, and a path equal to the pattern is
		// matched by it.
		if path := r.pattern; strings.HasPrefix(path, "/") && r.method != "*" {
			if r.key != "" {
				path += "?" + r.key
			}
			j, d := Judge(New([]Rule{r}, nil), Options{}, r.method, path)
			if d.Outcome == Denied || d.Outcome == Allowed && j.Target() != path {
				t.Errorf("%q does not allow its own text: %+v", r, d)
			}
			_, d = Judge(New([]Rule{r}, []Rule{r}), Options{},
				strings.ToLower(r.method), swapCase(path))
			if d.Outcome == Allowed {
				t.Errorf("deny %q lets %q pass: %+v", r, swapCase(path), d)
			}
		}
	})
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 0x20
		case r >= 'A' && r <= 'Z':
			return r + 0x20
		}
		return r
	}, s)
}

func options(bits uint8) Options {
	return Options{EncodedSlash: bits&1 != 0, Semicolon: bits&2 != 0, DoubleSlash: bits&4 != 0}
}

// FuzzPathGrammar decodes what was accepted with another decoder and looks for everything a
// receiver could read differently.
func FuzzPathGrammar(f *testing.F) {
	for i, seed := range seeds {
		f.Add(uint8(i), seed)
	}
	f.Fuzz(func(t *testing.T, bits uint8, target string) {
		o := options(bits)
		j, d := Judge(Unrestricted(), o, "GET", target)
		if d.Outcome != Allowed {
			if j != (Judged{}) || d.Reason == "" || d.Hint == "" ||
				strings.ContainsFunc(d.Reason+d.Hint, unicode.IsControl) ||
				!utf8.ValidString(d.Reason+d.Hint) {
				t.Errorf("%q: %+v %+v", target, j, d)
			}
			return
		}
		decoded, err := url.PathUnescape(j.Path())
		if err != nil || !utf8.ValidString(decoded) ||
			strings.ContainsFunc(decoded, unicode.IsControl) || strings.Contains(decoded, `\`) {
			t.Fatalf("%q decodes to %q, %v", target, decoded, err)
		}
		if !o.DoubleSlash && strings.Contains(decoded, "//") || strings.HasPrefix(decoded, "//") ||
			!strings.HasPrefix(decoded, "/") {
			t.Errorf("%q holds an empty segment", target)
		}
		if !o.Semicolon && strings.Contains(decoded, ";") ||
			!o.EncodedSlash && strings.Count(decoded, "/") != strings.Count(j.Path(), "/") {
			t.Errorf("%q holds what no exception allows", target)
		}
		for segment := range strings.SplitSeq(decoded, "/") {
			if name, _, _ := strings.Cut(segment, ";"); name == "." || name == ".." ||
				strings.HasSuffix(segment, " ") {
				t.Errorf("%q holds the segment %q", target, segment)
			}
		}
		if twice, err := url.PathUnescape(decoded); err == nil && twice != decoded {
			t.Errorf("%q decodes twice, to %q", target, twice)
		}
		if values, err := url.ParseQuery(strings.ReplaceAll(j.Query(), ";", "&")); err == nil &&
			values.Has("_method") || strings.ContainsAny(target, "\r\n\x00#\\ ") {
			t.Errorf("%q has a bad query", target)
		}
	})
}

// FuzzAllowedIsSent: what was judged is what net/http writes, byte for byte.
func FuzzAllowedIsSent(f *testing.F) {
	for i, seed := range seeds {
		f.Add(uint8(i), seed, "")
		f.Add(uint8(i), seed, "signature=a%2B")
	}
	base, err := ParseBase("https://api.example.com:8443/p/", false)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, bits uint8, path, signed string) {
		j, d := Judge(Unrestricted(), options(bits), "POST", path)
		if d.Outcome != Allowed {
			return
		}
		dial, target := base.JoinUnder("", j, signed)
		if target == "" {
			if signed == "" {
				t.Errorf("%q is allowed but cannot be sent", path)
			}
			return
		}
		req, err := http.NewRequest(j.Method(), dial, nil)
		if err != nil {
			t.Fatal(err)
		}
		var sent bytes.Buffer
		if err := req.Write(&sent); err != nil {
			t.Fatal(err)
		}
		line, rest, _ := strings.Cut(sent.String(), "\r\n")
		if line != "POST "+target+" HTTP/1.1" ||
			!strings.HasPrefix(rest, "Host: api.example.com:8443\r\n") ||
			!strings.HasPrefix(target, "/p"+path) || !strings.HasSuffix(target, signed) {
			t.Errorf("%q + %q sends %q then %.40q", path, signed, line, rest)
		}
	})
}
