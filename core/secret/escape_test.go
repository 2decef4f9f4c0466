package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestReadEscape(t *testing.T) {
	for in, want := range map[string]struct {
		size  int
		meant string
	}{
		"\n": {1, ""}, "\r\n": {1, ""}, "\x00a": {1, ""}, "==": {1, "="},
		"=\n": {1, ""}, "=41": {1, "="},
		"%41": {3, "A"}, "%4g": {1, "%"}, "%": {1, "%"}, "%c3%bc": {3, "\xc3"}, "%2541": {5, "A"},
		"%25254142": {7, "A"}, "%25": {3, "%"}, "%252": {3, "%"}, "%0A": {3, ""},
		"&#65;": {5, "A"}, "&#0000065;": {10, "A"}, "&#x41;": {6, "A"}, "&#X41;": {6, "A"},
		"&#xfc;": {6, "ü"}, "&#128273;": {9, "🔑"}, "&#1114112;": {1, "&"},
		"&#;": {1, "&"}, "&#65 ": {1, "&"}, "&amp;": {5, "&"}, "&amp;amp;lt;": {12, "<"},
		"&AMP;#65;": {9, "A"}, "&lt;": {4, "<"}, "&gt;": {4, ">"},
		"&quot;": {6, `"`}, "&apos;": {6, "'"}, "&lt": {1, "&"}, "&b=c": {1, "&"}, "&#10;": {5, ""},
		"&#00000000065;": {1, "&"},
		"&lowbar;":       {8, "_"}, "&amp;commat;": {12, "@"}, "&Hat;": {5, "^"},
		"&lowbar": {1, "&"}, "&low;": {1, "&"},
		`\n`: {2, ""}, `\r`: {2, ""}, `\\\n`: {4, ""}, `\t`: {2, "\t"}, `\"`: {1, ""},
		`\\\"`: {3, ""}, `\/`: {1, ""}, `\`: {1, `\`}, `\a`: {1, `\`}, `\\a`: {2, `\`},
		`\u0041`: {6, "A"}, `\\u0041`: {7, "A"}, `\u00FC`: {6, "ü"}, `\u004`: {1, `\`},
		`\ud83d\udd11`: {6, "\xed\xa0\xbd"}, `\u0000`: {6, ""},
		`\x41`: {4, "A"}, `\x4`: {1, `\`}, `\101`: {4, "A"}, `\303\274`: {4, "\xc3"},
		`\401`: {1, `\`}, `\0`: {1, `\`}, "\\\n": {1, ""}, `\ü`: {1, `\`},
	} {
		e, ok := readEscape([]byte(in), true)
		if got := string(e.meant[:e.length]); !ok || e.size != want.size || got != want.meant {
			t.Errorf("%q: %d bytes mean %q, want %d and %q", in, e.size, got, want.size, want.meant)
		}
		for n := 1; n < len(in); n++ { // what has been decided with less must stay so
			if part, ok := readEscape([]byte(in[:n]), false); ok && part != e {
				t.Errorf("%q, of which %d bytes have come: %+v, want %+v", in, n, part, e)
			}
		}
		if e.size > longEscape {
			t.Errorf("%q is longer than %d bytes", in, longEscape)
		}
	}
}

var lineEnds = map[string]string{
	"LF": "\n", "CRLF": "\r\n", "CR": "\r", "indented": "\n\t    ", "folded header": "\r\n ",
	"in JSON": `\n`, "CRLF in JSON": `\r\n`, "JSON in JSON": `\\n`, "twice": "\n\n",
	"quoted-printable": "=\r\n", "in XML": "&#13;\n", "in an attribute": "&#xA;",
	"percent": "%0D%0A", "shell": "\\\n", "Go": `\x0a`, "unit": `\u000a`, "C": `\012`,
	"indented in JSON": `\n  `,
}

// A text that is wrapped, as base64 is in mail (RFC 2045 section 6.8) and PEM (RFC 7468), gives
// nothing away at any column.
func TestWrapped(t *testing.T) {
	const token = "sk_live_51Nx7Qm9ZrT4vWbYk2HdPq"
	raw := []byte("user:" + token)
	s := NewScrubber(New(token))
	for name, text := range map[string]string{
		"raw": token, "hex": hex.EncodeToString([]byte(token)),
		"base64":         base64.StdEncoding.EncodeToString([]byte(token)),
		"base64 of more": base64.StdEncoding.EncodeToString(raw),
		"shifted":        base64.URLEncoding.EncodeToString(raw[4:]),
		"UTF-16":         "s\x00" + strings.Join(strings.Split(token[1:], ""), "\x00"),
	} {
		for how, end := range lineEnds {
			for width := 1; width < len(text); width++ {
				in := wrapped(text, end, width)
				got, n := s.Clean("> " + in + " <")
				if kept := len(got) - len("> "+Marker+" <"); n != 1 || kept < 0 ||
					kept > 12+8*len(end) && width < 6 || kept > 12+len(end) && width >= 12 {
					t.Fatalf("%s, %s, %d columns: %q gives %q", name, how, width, in, got)
				}
				if name == "raw" && got != "> "+Marker+" <" {
					t.Fatalf("%s, %d columns: %q", how, width, got)
				}
			}
		}
	}
}

func wrapped(text, end string, width int) string {
	var out strings.Builder
	for ; len(text) > width; text = text[width:] {
		out.WriteString(text[:width] + end)
	}
	return out.String() + text
}

func TestWrappedPEM(t *testing.T) {
	pem := pemKey()
	s := NewScrubber(pem)
	for how, end := range lineEnds {
		body := strings.ReplaceAll(strings.TrimSpace(pem.Reveal()), "\n", end)
		for _, text := range []string{
			body, wrapped(base64.StdEncoding.EncodeToString([]byte(pem.Reveal())), end, 76),
		} {
			if got, n := s.Clean("key: " + text + " end"); n != 1 ||
				len(got) > len("key: "+Marker+" end")+12 {
				t.Errorf("%s: %d runs, %.200q", how, n, got)
			}
		}
	}
}

// Encoders as programs use them, one in another.
func TestEscaped(t *testing.T) {
	const secret = `k9/Xy+"<&>'ü =%41\n~Q`
	encode := map[string]func(string) string{
		"query": url.QueryEscape, "path": url.PathEscape, "html": html.EscapeString,
		"go": strconv.Quote, "go ascii": strconv.QuoteToASCII,
		"json": func(s string) string { b, _ := json.Marshal(s); return string(b) },
		"xml": func(s string) string {
			var b bytes.Buffer
			_ = xml.EscapeText(&b, []byte(s))
			return b.String()
		},
		"php json": func(s string) string {
			b, _ := json.Marshal(s)
			return strings.ReplaceAll(string(b), "/", `\/`)
		},
		"all percent":  func(s string) string { return escaped(s, "%%%02X") },
		"all hex":      func(s string) string { return escaped(s, `\x%02x`) },
		"all octal":    func(s string) string { return escaped(s, `\%03o`) },
		"all decimal":  func(s string) string { return references(s, "&#%d;") },
		"all hex html": func(s string) string { return references(s, "&#x%05X;") },
		"all units":    func(s string) string { return references(s, `\u%04x`) },
		"plain":        func(s string) string { return s },
	}
	s := NewScrubber(New(secret))
	for one, inner := range encode {
		if got, n := s.Clean("a " + inner(secret) + " z"); n != 1 || strings.Contains(got, "Xy") ||
			len(got) > len(Marker)+6 {
			t.Errorf("%s: %q gives %q", one, inner(secret), got)
		}
		// that escapes the escapes themselves
		if twice := inner(inner(secret)); !strings.HasPrefix(one, "all ") {
			if got, n := s.Clean("a " + twice + " z"); n != 1 || strings.Contains(got, "Xy") {
				t.Errorf("%s twice: %q gives %q", one, twice, got)
			}
		}
		for name, encoded := range map[string]string{
			"base64": base64.StdEncoding.EncodeToString([]byte(secret)),
			"hex":    hex.EncodeToString([]byte(secret)),
		} {
			if got, n := s.Clean("a " + inner(encoded) + " z"); n != 1 || len(got) > len(Marker)+6 {
				t.Errorf("%s in %s: %q gives %q", name, one, inner(encoded), got)
			}
		}
	}
	for name, text := range map[string]string{
		"form": url.Values{"k": {secret}}.Encode(), "openssl": fmt.Sprintf("% x", secret),
		"colons": strings.ReplaceAll(fmt.Sprintf("% X", secret), " ", ":"),
		"dashes": strings.ReplaceAll(fmt.Sprintf("% x", secret), " ", "-"),
		"utf-16": utf16Text(secret), "sql": strings.ReplaceAll(secret, "'", "''"),
		"csv":   strings.ReplaceAll(secret, `"`, `""`),
		"shell": strings.ReplaceAll(secret, "'", `'\''`),
	} {
		if got, n := s.Clean("a " + text + " z"); n != 1 || len(got) > len(Marker)+6 {
			t.Errorf("%s: %q gives %q", name, text, got)
		}
	}
	var mail strings.Builder
	w := quotedprintable.NewWriter(&mail)
	fmt.Fprintf(w, "%s%s", strings.Repeat("a ", 36),
		base64.RawStdEncoding.EncodeToString([]byte(secret)))
	w.Close()
	if got, n := s.Clean(mail.String()); n != 1 || len(got) > 72+len(Marker) {
		t.Errorf("%q gives %q", mail.String(), got)
	}
}

func references(s, format string) string {
	var out strings.Builder
	for _, r := range s {
		fmt.Fprintf(&out, format, r)
	}
	return out.String()
}

func utf16Text(s string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u>>8), byte(u))
	}
	return string(out)
}

func TestSurrogates(t *testing.T) {
	const secret = "pass🔑phrase"
	s := NewScrubber(New(secret))
	for _, text := range []string{
		secret, `pass\ud83d\udd11phrase`, `pass\\uD83D\\uDD11phrase`, "pass&#128273;phrase",
		"pass%F0%9F%94%91phrase", utf16Text(secret)[1:],
	} {
		if got, _ := s.Clean(text); got != Marker {
			t.Errorf("%q gives %q", text, got)
		}
	}
}

// What only looks like an escape must not hide a secret that follows it or begins within it.
func TestNoEscape(t *testing.T) {
	for _, secret := range []string{
		"nick.smith01", "u00fcbergang", "x41x42x43x44", "25abcdef", "amp;amp;amp;", "lt;gt;quot;",
	} {
		s := NewScrubber(New(secret))
		for _, before := range []string{
			`CORP\`, `\\`, "100%", "a&", "a=", "%", `\u00`, "\n", "&#6",
		} {
			if got, n := s.Clean(before + secret + "!"); n != 1 || got != before+Marker+"!" {
				t.Errorf("%q behind %q: %q", secret, before, got)
			}
		}
	}
	for _, secret := range []string{
		`abcd\ncd\u0041ef`, "password%41%42%43%44", "&amp;&lt;&gt;&#65;abcdef",
		`\\\servername`, "a=b&c=d&e=f%25",
	} {
		s := NewScrubber(New(secret))
		js, _ := json.Marshal(secret)
		for _, text := range []string{
			secret, strings.Trim(string(js), `"`), url.QueryEscape(secret),
			html.EscapeString(secret),
		} {
			if got, n := s.Clean("a " + text + " z"); n != 1 || got != "a "+Marker+" z" {
				t.Errorf("%q: %q gives %q", secret, text, got)
			}
		}
	}
}

// A start of a secret that breaks never bring to an end is let go in the end, and takes no memory
// until then.
func TestReachIsBounded(t *testing.T) {
	s := NewScrubber(New("zQ7sentinelKx93"))
	stream := s.Stream()
	stream.Write([]byte("zQ7sent"), false)
	shown := 0
	for range 100 {
		shown += len(stream.Write(bytes.Repeat([]byte("\n\\n%0A"), 1000), false))
		if n := len(stream.held); n > s.Longest() {
			t.Fatalf("%d bytes are held", n)
		}
	}
	if got := shown + len(stream.Write([]byte("inelKx93"), true)); got != 7+600_000+8 ||
		stream.Redactions() != 0 {
		t.Errorf("%d bytes shown, %d redactions", got, stream.Redactions())
	}
}

// PHP's htmlentities names every sign of ASCII that HTML has a name for, with its flag ENT_HTML5.
func TestNamedSigns(t *testing.T) {
	named := strings.NewReplacer("!", "&excl;", "#", "&num;", "$", "&dollar;", "%", "&percnt;", "(",
		"&lpar;", ")", "&rpar;", "*", "&ast;", "+", "&plus;", ",", "&comma;", ".",
		"&period;", "/", "&sol;", ":", "&colon;", ";", "&semi;", "=", "&equals;", "?", "&quest;",
		"@", "&commat;", "[", "&lbrack;", `\`, "&bsol;", "]", "&rsqb;", "^", "&Hat;", "_",
		"&lowbar;", "`", "&grave;", "{", "&lbrace;", "|", "&vert;", "}", "&rcub;", "&", "&amp;",
		"<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")
	const key = "sk_live:!#$%()*+,./;=?@[\\]^`{|}&<>\"'0123456789"
	text := named.Replace(key)
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzH0123456789&;") != "" {
		t.Fatalf("a sign is left in %q", text)
	}
	for _, shown := range []string{text, html.EscapeString(text)} {
		if got, n := NewScrubber(New(key)).Clean("a " + shown + " z"); got != "a "+Marker+" z" ||
			n != 1 {
			t.Errorf("%q is shown as %q", shown, got)
		}
	}
}
