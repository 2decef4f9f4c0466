// Package wire has what the packages of core share about HTTP messages: a header field, the grammar
// of its name and value, and the bounds of requests and replies. It decides nothing. Package policy
// says which fields an agent may send, and package sign adds those that carry a credential.
package wire

import "strings"

// Bounds of every request and reply, in bytes.
const (
	MaxTarget = 8 << 10   // the longest request target, which is the path with its query
	MaxBody   = 10 << 20  // the largest body of a request, and the most of a reply that is returned
	ReplyBody = 256 << 10 // how much of a reply is returned unless the caller asks for more or less
)

// Header is one field line, in the order it is sent. Name keeps its original spelling.
type Header struct{ Name, Value string }

// Get returns the value of the first field called name. Names are compared without regard to ASCII
// case (RFC 9110 section 5.1).
func Get(fields []Header, name string) (string, bool) {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}

// ValidName reports whether s is a field name: a token of RFC 9110 section 5.6.2.
func ValidName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// ValidValue reports whether s can be a field value: visible ASCII with inner blanks and tabs (RFC
// 9110 section 5.5). The obsolete bytes above 0x7f are refused, because servers read them
// differently.
func ValidValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return strings.Trim(s, " \t") == s
}

func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
