package vault

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ErrFormat means that text is not sealed text of version 1 in its one canonical spelling.
var ErrFormat = errors.New("not well-formed sealed text")

// Binding says what a sealed value is for: the service, the field path under its auth ("key",
// "headers.X-Api-Key"), the auth type, and the origin of the service's base URL
// ("https://api.example.com"). It is authenticated with the value.
type Binding struct{ Service, Field, Type, Origin string }

const (
	family  = "janee:v"
	version = family + "1:"
)

var encoding = base64.RawURLEncoding

// IsSealed reports whether s claims to be sealed text, well-formed or not. Other versions count,
// and so does a damaged spelling of the prefix: otherwise Janee would take sealed text that it
// cannot open for a credential, seal it once more and send it.
func IsSealed(s string) bool {
	s = strings.TrimSpace(s)
	if len(s) <= len(family) || !strings.EqualFold(s[:len(family)], family) {
		return false
	}
	return s[len(family)] >= '0' && s[len(family)] <= '9'
}

// Parse returns the binding and the key id in sealed text without opening it, so nothing of it is
// authentic. Errors wrap ErrFormat and do not quote the text.
func Parse(s string) (b Binding, kid string, err error) {
	p, err := parse(s)
	return p.binding, p.kid, err
}

// prefix is everything before the last colon of sealed text.
func (b Binding) prefix(kid string) string {
	parts := []string{kid, b.Service, b.Field, b.Type, b.Origin}
	for i, part := range parts {
		parts[i] = escape(part)
	}
	return version + strings.Join(parts, ":")
}

type sealed struct {
	binding     Binding
	kid, prefix string
	box         []byte
}

func parse(s string) (sealed, error) {
	rest, ok := strings.CutPrefix(s, version)
	if !ok {
		return sealed{}, fmt.Errorf("%w: does not begin with %q", ErrFormat, version)
	}
	parts := strings.Split(rest, ":")
	if len(parts) != 6 {
		return sealed{}, fmt.Errorf("%w: %d parts after the version, want 6", ErrFormat, len(parts))
	}
	var plain [5]string
	for i := range plain {
		if plain[i], ok = unescape(parts[i]); !ok {
			return sealed{}, fmt.Errorf("%w: part %d is not canonically percent-encoded",
				ErrFormat, i+1)
		}
	}
	box, err := encoding.DecodeString(parts[5])
	// The decoder skips line breaks and ignores spare bits, which would give one value many
	// spellings.
	if err != nil || encoding.EncodeToString(box) != parts[5] {
		return sealed{}, fmt.Errorf("%w: the box is not canonical base64url", ErrFormat)
	}
	if len(box) < boxOverhead {
		return sealed{}, fmt.Errorf("%w: box too short", ErrFormat)
	}
	b := Binding{Service: plain[1], Field: plain[2], Type: plain[3], Origin: plain[4]}
	return sealed{
		binding: b,
		kid:     plain[0],
		prefix:  s[:strings.LastIndexByte(s, ':')],
		box:     box,
	}, nil
}

const upperHex = "0123456789ABCDEF"

// escape keeps the unreserved characters of RFC 3986 section 2.3 and writes all other bytes as %XX.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; unreserved(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

// unescape accepts only what escape writes.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			c = byte(strings.IndexByte(upperHex, s[i+1])<<4 | strings.IndexByte(upperHex, s[i+2]))
			i += 2
		}
		b.WriteByte(c)
	}
	return b.String(), escape(b.String()) == s
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("-._~", c) >= 0
}
