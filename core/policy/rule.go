package policy

import (
	"errors"
	"fmt"
	"strings"
)

// Rule is one line "METHOD PATTERN" such as "GET /v1/*". Rules are comparable; make them only with
// ParseRule.
type Rule struct {
	method, pattern string
	key             string // of the query; "" for a rule on the path alone
}

// ParseRule reads a rule. METHOD is GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS in any case, or
// "*"; blanks or tabs follow; PATTERN begins with "/" or "*". In a pattern "*" means any bytes,
// including none and "/"; every other byte means itself, and there is no escape character. "?KEY"
// at the end of a pattern requires the query to have that key, with any value or none. A pattern
// that no path of the grammar could ever match is an error too, since a deny rule that cannot match
// is a hole.
func ParseRule(s string) (Rule, error) {
	// Not strings.Fields, which also splits at U+00A0 and similar, which a reader takes for part of
	// the word.
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(fields) != 2 {
		return Rule{}, fmt.Errorf("reading rule %q: want a method and a path pattern, as in %q",
			s, "GET /v1/*")
	}
	method := fields[0]
	if plainWord(method) {
		method = strings.ToUpper(method)
	}
	if method != "*" && methodBit(method) == 0 {
		return Rule{}, fmt.Errorf("reading rule %q: %q is not a method: want %s or *", s,
			fields[0], anyMethod)
	}
	pattern, key, keyed := strings.Cut(fields[1], "?")
	if keyed && !ValidQueryKey(key) {
		return Rule{}, fmt.Errorf(
			"reading rule %q: after ? comes the name of one query key, as in %q", s,
			"PUT /bucket/*?acl")
	}
	if err := checkPattern(pattern); err != nil {
		return Rule{}, fmt.Errorf("reading rule %q: %w", s, err)
	}
	return Rule{method, pattern, key}, nil
}

// String returns the rule as ParseRule reads it, "" for the zero Rule.
func (r Rule) String() string {
	if r == (Rule{}) {
		return ""
	}
	if r.key != "" {
		return r.method + " " + r.pattern + "?" + r.key
	}
	return r.method + " " + r.pattern
}

func (r Rule) methods() methods {
	if r.method == "*" {
		return anyMethod
	}
	return methodBit(r.method)
}

func checkPattern(pattern string) error {
	if pattern == "" || pattern[0] != '/' && pattern[0] != '*' {
		return fmt.Errorf("the pattern %q must begin with / or *", pattern)
	}
	everything := Options{EncodedSlash: true, Semicolon: true, DoubleSlash: true}
	for i := 0; i < len(pattern); {
		c := pattern[i]
		if c == '%' {
			n, f := checkEscape(pattern, i, everything)
			if f != nil {
				return errors.New(f.reason)
			}
			i += n
			continue
		}
		if c <= ' ' || c > '~' || strings.IndexByte(`?#\`, c) >= 0 {
			return fmt.Errorf("the pattern contains the byte %%%02X, which no path can contain", c)
		}
		i++
	}
	if pattern[0] == '*' {
		pattern = "/" + pattern
	}
	if f := checkSegments(pattern, everything); f != nil {
		return errors.New(f.reason)
	}
	return nil
}
