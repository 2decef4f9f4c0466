package secret

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"
)

// ways are spellings that a Scrubber knows, made by what makes them in the field.
var ways = map[string]func(string) string{
	"raw":       func(s string) string { return s },
	"hex":       func(s string) string { return hex.EncodeToString([]byte(s)) },
	"base64":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"bare":      func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"query":     url.QueryEscape,
	"each":      func(s string) string { return escaped(s, "%%%02x") },
	"entities":  func(s string) string { return escaped(s, "&#%d;") },
	"program":   func(s string) string { return escaped(s, `\u%04x`) },
	"printable": printable,
	"each =":    func(s string) string { return escaped(s, "=%02X") },
	"Q word":    func(s string) string { return qWord(s, "=?_") },
	"Q phrase":  func(s string) string { return qWord(s, `"#$%&'(),.:;<=>?@[\]^_{|}~`+"`") },
	"UTF-16":    func(s string) string { return escaped(s, "%c\x00") },
	"wrapped":   func(s string) string { return wrap(s, 5) },
}

func printable(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func qWord(s, special string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(special, s[i]) >= 0 {
			fmt.Fprintf(&b, "=%02X", s[i])
		} else {
			b.WriteByte(s[i])
		}
	}
	return "=?utf-8?q?" + b.String() + "?="
}

// hides reports what of part is left of it, written in each way, where whole is the secret.
func checkHidden(t *testing.T, whole, part string) {
	t.Helper()
	s := NewScrubber(New(whole))
	for name, way := range ways {
		shown := way(part)
		got, n := s.Clean("a " + shown + " z")
		if left := len(got) - len(Marker) - 4; n == 0 || left > len("=?utf-8?q??=") {
			t.Errorf("%q of %q as %s: %q is shown as %q", part, whole, name, shown, got)
		}
	}
}

// A key that ends in padding is base64, and half the programs that pass it on leave the padding
// out.
func TestPaddingIsNotNeeded(t *testing.T) {
	for _, key := range []string{
		"kV9xT2mQ4hJpL0sWc8RzYbNfEuGdAi3oXyKtM7vP1q5rSg==",
		"kV9xT2+mQ4hJpL0/8Rz=", "correct_horse==",
	} {
		checkHidden(t, key, key)
		checkHidden(t, key, strings.TrimRight(key, "="))
	}
}

func TestHalvesThatCountAsSecrets(t *testing.T) {
	const half, jwt = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
	for _, whole := range []string{
		"123456789:" + half, "17|" + half, "AC0123456789abcdef:" + half,
		"id:17|" + half, "a:b:" + half, jwt + half, "SG.ngeVfQFYQlKU0ufo8x5d1A." + half,
		"id:" + half + "==",
	} {
		checkHidden(t, whole, half)
		checkHidden(t, whole, whole)
	}
	checkHidden(t, "id:se:cret_0123456789", "se:cret_0123456789")
	checkHidden(t, "id:qWeRtYuI", "qWeRtYuI")
	checkHidden(t, "id:pass1234", "pass1234")
	// Of a pair with no password, or a filler, the name is the key.
	checkHidden(t, half+":", half)
	checkHidden(t, half+":x", half)
}

// A token of Basic, or of Elasticsearch's ApiKey, that is stored as it is sent. The API knows the
// pair in it.
func TestPairInBase64(t *testing.T) {
	for pair, part := range map[string]string{
		"jane:token_0123456789":                       "token_0123456789",
		"VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw": "ui2lp2axTNmsyakw9tvNnw",
		"sk_live_0123456789:":                         "sk_live_0123456789",
		"jörg:pässwörd_0123456789":                    "pässwörd_0123456789",
	} {
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			whole := e.EncodeToString([]byte(pair))
			s := NewScrubber(New(whole))
			for _, shown := range []string{whole, pair, part, url.QueryEscape(part)} {
				if got, _ := s.Clean("a " + shown + " z"); got != "a "+Marker+" z" {
					t.Errorf("%q: %q is shown as %q", whole, shown, got)
				}
			}
		}
	}
}

// A field of a request may hold several values, one of them the key: cookies, the parameters of a
// scheme.
func TestParametersThatCountAsSecrets(t *testing.T) {
	const sig = "qWeRtYuIoPaSdFgHjKlZ+xCvBnM/0123456789"
	for _, whole := range []string{
		"session=" + sig + "; theme=dark", "theme=dark; session=" + sig + "==; a=b",
		"a=b;session=" + sig,
		`Token token="` + sig + `", email="jane"`,
		"SharedAccessSignature sr=x.servicebus.windows.net&sig=" +
			url.QueryEscape(sig+"=") + "&se=1700000000&skn=Root",
	} {
		if got, _ := NewScrubber(New(whole)).Clean("a " + sig + " z"); got != "a "+Marker+" z" {
			t.Errorf("%q: %q is shown as %q", whole, sig, got)
		}
	}
}

// An id names an account and is no secret; a word or a number would be masked wherever it is said.
func TestHalvesThatDoNot(t *testing.T) {
	for whole, part := range map[string]string{
		"123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw": "bot123456789",
		"AC0123456789abcdef:qWeRtYuIoPaSdFgH": "AC0123456789ab" +
			"cdef",
		"0123456789abcdef:organization": "organization",
		"0123456789abcdef:Password":     "Password",
		"0123456789abcdef|1234567890":   "1234567890",
		"0123456789abcdef.example":      "example",
		"0123456789abcdef:abc123":       "abc123",
		"0123456789abcdef:correct": "0123456789abcd" +
			"ef",
		"theme=organization; session=0123456789abcdef": "organization",
		"sr=https%3A%2F%2Fx.example.com%2Fhub1&sig=0123456789abcdef": "https://x.exam" +
			"ple.com/hub1",
		"se=1700000000&sig=0123456789abcdef": "1700000000",
		"skn=RootManageSharedAccessKey&sig=0123456789abcdef": "RootManageShar" +
			"edAccessKey",
		base64.StdEncoding.EncodeToString([]byte("jane.smith:token_0123456789")): "jane.smith",
		"read: something0123456789": "something01234" +
			"56789",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N": "eyJzdWIiOiIxIn0",
	} {
		if got, n := NewScrubber(New(whole)).Clean("a " + part + " z"); n != 0 {
			t.Errorf("%q: %q is shown as %q", whole, part, got)
		}
	}
}

func TestHeaderWordOfAnotherLanguage(t *testing.T) {
	const key = "schlüssel_0123456789="
	word := mime.QEncoding.Encode("utf-8", key)
	if got, n := NewScrubber(New(key)).Clean(word); n != 1 {
		t.Errorf("%q is shown as %q", word, got)
	}
}
