package tool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how many arrays and objects may be inside one another.
const MaxDepth = 64

// What is wrong with a JSON text; told apart with errors.Is.
var (
	ErrSyntax    = errors.New("not valid JSON")
	ErrDuplicate = errors.New("duplicate key")
	ErrDepth     = errors.New("nested too deeply")
	ErrText      = errors.New("not valid Unicode")
)

// CheckDuplicates reads one JSON text (RFC 8259) of any kind, blanks around it allowed, and refuses
// it if an object at any depth names a key twice. RFC 8259 section 4 leaves open which of the two
// counts, so that a reader who judges a message and one who acts on it could see two different
// messages. Keys are compared as they read, with escapes resolved.
//
// Refused too is what would let two readers differ on that: wrong syntax, more than [MaxDepth]
// levels, bytes that are not UTF-8 and half surrogate pairs, both of which encoding/json replaces
// without a word. One pass, no recursion beyond MaxDepth.
func CheckDuplicates(raw []byte) error {
	_, err := scan(raw, nil)
	return err
}

// scan checks one whole JSON text and returns it without the blanks around it. If it is an object,
// visit is called with each of its members; what visit learnt is worth nothing if scan returns an
// error.
func scan(raw []byte, visit visitor) ([]byte, error) {
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("%w: bytes that are not UTF-8", ErrText)
	}
	s := &scanner{data: raw, keys: make([][]byte, 0, 16)}
	s.blanks()
	start := s.pos
	if err := s.value(visit); err != nil {
		return nil, err
	}
	end := s.pos
	if s.blanks(); s.pos < len(s.data) {
		return nil, s.wrong("more text after the end")
	}
	return raw[start:end], nil
}

// visitor gets a member's key as it reads and its value as it was written, without blanks around
// it.
type visitor func(key string, value []byte) error

type scanner struct {
	data  []byte
	pos   int
	depth int
	keys  [][]byte // keys of all objects now open, the innermost last
}

func (s *scanner) value(visit visitor) error {
	switch c := s.peek(); {
	case c == '{':
		return s.object(visit)
	case c == '[':
		return s.array()
	case c == '"':
		_, _, err := s.text()
		return err
	case c == '-' || digit(c):
		return s.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if len(s.data)-s.pos >= len(word) && string(s.data[s.pos:s.pos+len(word)]) == word {
			s.pos += len(word)
			return nil
		}
	}
	return s.wrong("want a value")
}

func (s *scanner) object(visit visitor) error {
	base := len(s.keys)
	err := s.list('}', func() error {
		key, err := s.key()
		if err != nil {
			return err
		}
		s.keys = append(s.keys, key)
		start := s.pos
		if err := s.value(nil); err != nil || visit == nil {
			return err
		}
		return visit(string(key), s.data[start:s.pos])
	})
	if err != nil {
		return err
	}
	names := s.keys[base:]
	s.keys = s.keys[:base]
	return distinct(names)
}

// distinct sorts keys and looks for equal neighbours: no map to allocate, and a million keys cost n
// log n.
func distinct(keys [][]byte) error {
	slices.SortFunc(keys, bytes.Compare)
	for i := 1; i < len(keys); i++ {
		if bytes.Equal(keys[i-1], keys[i]) {
			return fmt.Errorf("%w %.64q", ErrDuplicate, keys[i])
		}
	}
	return nil
}

func (s *scanner) array() error {
	return s.list(']', func() error { return s.value(nil) })
}

// list reads the inside of an array or object: items parted by commas, up to the closing byte.
func (s *scanner) list(closing byte, item func() error) error {
	if s.depth++; s.depth > MaxDepth {
		return fmt.Errorf("%w: more than %d levels", ErrDepth, MaxDepth)
	}
	s.pos++
	for first := true; ; first = false {
		if s.blanks(); s.peek() == closing {
			s.pos++
			s.depth--
			return nil
		}
		if !first {
			if s.peek() != ',' {
				return s.wrong("want a comma or the end of a list")
			}
			s.pos++
			s.blanks()
		}
		if err := item(); err != nil {
			return err
		}
	}
}

// key reads a member's name and goes on to the first byte of its value.
func (s *scanner) key() ([]byte, error) {
	start := s.pos
	key, escaped, err := s.text()
	if err != nil {
		return nil, err
	}
	if escaped {
		var plain string
		if err := json.Unmarshal(s.data[start:s.pos], &plain); err != nil {
			return nil, s.wrong("want a key")
		}
		key = []byte(plain)
	}
	if s.blanks(); s.peek() != ':' {
		return nil, s.wrong("want a colon")
	}
	s.pos++
	s.blanks()
	return key, nil
}

// text reads a string and returns what is between its quotes, and whether that holds escapes.
func (s *scanner) text() (inner []byte, escaped bool, err error) {
	if s.peek() != '"' {
		return nil, false, s.wrong("want a string")
	}
	s.pos++
	for start := s.pos; s.pos < len(s.data); {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return s.data[start : s.pos-1], escaped, nil
		case c < ' ':
			return nil, false, s.wrong("control character in a string")
		case c == '\\':
			if escaped, err = true, s.escape(); err != nil {
				return nil, false, err
			}
		default:
			s.pos++
		}
	}
	return nil, false, s.wrong("string without an end")
}

func (s *scanner) escape() error {
	rest := s.data[s.pos:]
	if len(rest) > 1 && strings.IndexByte(`"\/bfnrt`, rest[1]) >= 0 {
		s.pos += 2
		return nil
	}
	unit, ok := utf16Unit(rest)
	if !ok {
		return s.wrong("unknown escape in a string")
	}
	if unit < 0xd800 || unit > 0xdfff {
		s.pos += 6
		return nil
	}
	low, ok := utf16Unit(rest[6:])
	if unit > 0xdbff || !ok || low < 0xdc00 || low > 0xdfff {
		return fmt.Errorf("%w: half a surrogate pair at byte %d", ErrText, s.pos)
	}
	s.pos += 12
	return nil
}

// utf16Unit reads the escape \uXXXX at the start of b.
func utf16Unit(b []byte) (unit int, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if d < 0 || c < '0' {
			return 0, false
		}
		unit = unit<<4 | d
	}
	return unit, true
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return s.wrong("want a digit")
	}
	if s.peek() == '.' {
		if s.pos++; !s.digits() {
			return s.wrong("want a digit")
		}
	}
	if s.peek()|0x20 != 'e' {
		return nil
	}
	if s.pos++; s.peek() == '+' || s.peek() == '-' {
		s.pos++
	}
	if !s.digits() {
		return s.wrong("want a digit")
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for digit(s.peek()) {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) blanks() {
	for s.pos < len(s.data) {
		if c := s.data[s.pos]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return
		}
		s.pos++
	}
}

// peek returns 0 at the end; a NUL byte in the text is valid nowhere, so the two need not be told
// apart.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) wrong(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrSyntax, what, s.pos)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
