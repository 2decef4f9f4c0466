//go:build !race

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
)

// minSentinel is the least length of a secret that is looked for: shorter ones stand in ordinary
// text by accident.
const minSentinel = 12

// spelling is one way to write a secret. Fold says that letters of either case count.
type spelling struct {
	name string
	text []byte
	fold bool
}

// spellings writes a secret in every usual encoding. It shares nothing with core/secret: what that
// package has forgotten must not be forgotten here as well.
func spellings(secret string) (all []spelling) {
	add := func(name, text string, fold bool) {
		if len(text) >= minSentinel {
			all = append(all, spelling{name, []byte(text), fold})
		}
	}
	add("as it is", secret, true)
	for line := range strings.Lines(secret) { // of a PEM key, each line
		if !strings.HasPrefix(line, "-----") {
			add("a line of it", strings.TrimSpace(line), false)
		}
	}
	add("hex", hex.EncodeToString([]byte(secret)), true)
	add("percent", percent(secret), true)
	add("query", url.QueryEscape(secret), true)
	add("path", url.PathEscape(secret), true)
	add("HTML", html.EscapeString(secret), false)
	text, _ := json.Marshal(secret)
	add("JSON", strings.Trim(string(text), `"`), false)
	add("JSON escapes", escaped(secret), true)
	for name, order := range map[string]func(uint16) []byte{
		"UTF-16LE": func(u uint16) []byte { return []byte{byte(u), byte(u >> 8)} },
		"UTF-16BE": func(u uint16) []byte { return []byte{byte(u >> 8), byte(u)} },
	} {
		var wide []byte
		for _, u := range utf16.Encode([]rune(secret)) {
			wide = append(wide, order(u)...)
		}
		add(name, string(wide), false)
	}
	for offset := range 3 {
		add(fmt.Sprintf("base64 at offset %d", offset),
			inBase64(base64.RawStdEncoding, secret, offset), false)
		add(fmt.Sprintf("base64url at offset %d", offset),
			inBase64(base64.RawURLEncoding, secret, offset), false)
	}
	return all
}

func percent(s string) (text string) {
	for _, b := range []byte(s) {
		text += fmt.Sprintf("%%%02x", b)
	}
	return text
}

func escaped(s string) (text string) {
	for _, u := range utf16.Encode([]rune(s)) {
		text += fmt.Sprintf(`\u%04x`, u)
	}
	return text
}

// inBase64 is the part of the encoding that does not depend on what stands before the secret and
// behind it.
func inBase64(e *base64.Encoding, s string, offset int) string {
	text := e.EncodeToString(append(make([]byte, offset), s...))
	bits := 8 * (offset + len(s))
	return text[(8*offset+5)/6 : bits/6]
}

// found names the first spelling of a secret in data, "" if there is none.
func found(data []byte, secrets []string) string {
	var lower []byte
	for i, secret := range secrets {
		if len(secret) < minSentinel {
			continue
		}
		for _, s := range spellings(secret) {
			in, text := data, s.text
			if s.fold {
				if lower == nil {
					lower = bytes.ToLower(data)
				}
				in, text = lower, bytes.ToLower(text)
			}
			if at := bytes.Index(in, text); at >= 0 {
				return fmt.Sprintf("secret %d, %s, at byte %d, behind %q", i+1, s.name, at,
					data[max(0, at-60):at])
			}
		}
	}
	return ""
}

// TestSentinelIsFound writes a secret in each spelling into other text, and finds it.
func TestSentinelIsFound(t *testing.T) {
	const secret = "s3ntinel/+of <the> search=\u00e9"
	for name, text := range map[string]string{
		"as it is": secret, "other case": strings.ToUpper(secret), "hex": fmt.Sprintf("%X", secret),
		"percent": strings.ToUpper(percent(secret)), "query": "k=" + url.QueryEscape(secret) + "&",
		"JSON": fmt.Sprintf(`{"k":%s}`, must(json.Marshal(secret))), "escapes": escaped(secret),
		"HTML":          html.EscapeString(secret),
		"base64":        base64.StdEncoding.EncodeToString([]byte("Basic:" + secret + ":x")),
		"base64, 1 off": base64.StdEncoding.EncodeToString([]byte("1" + secret)),
		"base64, 2 off": base64.URLEncoding.EncodeToString([]byte("22" + secret + "behind")),
		"wide":          "\x00" + strings.Join(strings.Split(secret[:20], ""), "\x00"),
	} {
		if found([]byte("before "+text+" behind"),
			[]string{"of-another-service", secret, secret[:20]}) == "" {
			t.Errorf("%s is not found", name)
		}
	}
	if got := found([]byte("nothing of the kind: s3ntinel"), []string{secret}); got != "" {
		t.Error(got)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
