package tool

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// Arguments is one call's arguments. Nothing in it is trusted: Method and Path are judged by
// package policy, Headers are filtered there, and who calls is never read from here.
type Arguments struct {
	Capability, Method, Path string
	Headers                  []wire.Header // in the order they were written
	Body                     []byte        // as it goes on the wire; nil without a body
	// Body is a JSON value that was not a string, byte for byte as written
	BodyIsJSON         bool
	Reason, ApprovalID string
	About              string // argument agent: whom the question is about, never who asks it
	MaxBytes           int64  // 1 to wire.MaxBody
	// of manage_credential, Service also of test_service; Target is the argument targetAgentId
	Action, Service, Target string
	TimeoutMs               int64 // of test_service, argument timeout; 0 if absent
}

// ArgumentError says which argument is wrong and what it should be. Name is empty if it is none of
// them in particular, and "arguments" if it is what holds them. Text is for the model, which sees
// nothing else.
type ArgumentError struct{ Name, Text string }

func (e *ArgumentError) Error() string { return e.Text }

// Reader reads the arguments of one tool. Takes lists them by name, the first Needs of them are
// required, and Check says what else is wrong with them, as an *ArgumentError; nil: nothing.
type Reader struct {
	Takes []string
	Needs int
	Check func(*Arguments) error
}

// Read reads the arguments of the tool called name. Nothing, or JSON null, counts as an object
// without members, and null for an optional argument as its absence. A key given twice at any
// depth, a key that the tool does not take, a wrong type and a missing argument are refused; the
// error is an *ArgumentError. The result shares no memory with raw.
//
// Where a type leaves no doubt about what is meant, values of another are read as it: see [object],
// [whole] and [headerValue]. The caller bounds the size of raw.
func (r Reader) Read(name string, raw []byte) (Arguments, error) {
	members, err := r.members(name, raw)
	if err != nil {
		return Arguments{}, err
	}
	var a Arguments
	for _, key := range r.Takes {
		if members[key] == nil {
			continue
		}
		if err := vocabulary[key](&a, members); err != nil {
			return Arguments{}, err
		}
	}
	if r.Check != nil {
		if err := r.Check(&a); err != nil {
			return Arguments{}, err
		}
	}
	return a, nil
}

func (r Reader) members(name string, raw []byte) (map[string][]byte, error) {
	members := map[string][]byte{}
	if err := readObject(raw, func(key string, value []byte) error {
		if !slices.Contains(r.Takes, key) {
			return r.unknown(name, key)
		}
		if string(value) != "null" {
			members[key] = value
		}
		return nil
	}); err != nil {
		return nil, err
	}
	for _, key := range r.Takes[:r.Needs] {
		if value := members[key]; value == nil || string(value) == `""` {
			return nil, Wrong(key, "is required")
		}
	}
	return members, nil
}

func readObject(raw []byte, visit visitor) error {
	if len(bytes.Trim(raw, " \t\r\n")) == 0 {
		return nil
	}
	text, err := scan(raw, visit)
	if err != nil || text[0] == '{' || string(text) == "null" {
		return argumentError("arguments", err)
	}
	return object("arguments", "an object", text, visit)
}

// argumentError says of what is wrong with a JSON text whose it is.
func argumentError(name string, err error) error {
	if known := (*ArgumentError)(nil); err == nil || errors.As(err, &known) {
		return err
	}
	return &ArgumentError{Text: name + ": " + err.Error()}
}

// object reads an object out of a value that the scanner has passed. Models often give one as JSON
// text in a string, once; the text is read as strictly as the rest. [] is how some languages write
// an object without members.
func object(name, want string, value []byte, visit visitor) error {
	inner, isText := Unquote(value)
	text := value
	if isText {
		text = []byte(inner)
	}
	text, err := scan(text, visit)
	switch {
	case err == nil && (text[0] == '{' || emptyList(text)):
		return nil
	case err == nil || isText && errors.Is(err, ErrSyntax):
		return Wrong(name, "must be "+want+", got "+kind(value))
	}
	return argumentError(name, err)
}

func emptyList(text []byte) bool {
	return text[0] == '[' && len(bytes.TrimSpace(text[1:len(text)-1])) == 0
}

func headers(value []byte) (fields []wire.Header, err error) {
	err = object("headers", "an object of strings", value, func(name string, value []byte) error {
		v, err := headerValue(fmt.Sprintf("headers.%.64s", name), value)
		fields = append(fields, wire.Header{Name: name, Value: v})
		return err
	})
	return fields, err
}

// headerValue reads a string, or a number or a boolean, which is sent as it was written.
func headerValue(name string, value []byte) (string, error) {
	switch kind(value) {
	case "a number", "a boolean":
		return string(value), nil
	}
	return text(name, value)
}

func body(value []byte, encoding string) (b []byte, isJSON bool, err error) {
	if encoding != "utf8" && encoding != "base64" {
		return nil, false, Wrong("bodyEncoding",
			fmt.Sprintf("must be utf8 or base64, got %.64q", encoding))
	}
	if value == nil {
		return nil, false, nil
	}
	if value[0] != '"' && encoding == "base64" {
		return nil, false, Wrong("body",
			"must be a string when bodyEncoding is base64, got "+kind(value))
	}
	if value[0] != '"' {
		return bytes.Clone(value), true, nil
	}
	s, err := text("body", value)
	if err != nil || encoding == "utf8" {
		return []byte(s), false, err
	}
	// The decoder of the standard library skips line breaks, which no other reader has to.
	if b, err = base64.StdEncoding.Strict().DecodeString(s); err != nil ||
		strings.ContainsAny(s, "\r\n") {
		return nil, false, Wrong("body", "is not base64 (standard alphabet, padded, one line)")
	}
	return b, false, nil
}

// text decodes a string that the scanner has passed, so nothing in it is replaced on the way.
func text(name string, value []byte) (s string, err error) {
	s, ok := Unquote(value)
	if !ok {
		return "", Wrong(name, "must be a string, got "+kind(value))
	}
	return s, nil
}

// whole reads a whole number from 1 to most. Some clients write every number with a fraction, or as
// a string, so 1024.0, "1024" and "1e3" are such numbers too.
func whole(name, what string, value []byte, most int64) (int64, error) {
	number := value
	if inner, ok := Unquote(value); ok {
		number = []byte(inner)
	}
	n, err := strconv.ParseFloat(string(number), 64)
	if !isNumber(number) || err != nil || n < 1 || n > float64(most) || n != math.Trunc(n) {
		return 0, Wrong(name, fmt.Sprintf("must be %s from 1 to %d, got %.32s", what, most, value))
	}
	return int64(n), nil
}

// isNumber reports whether text is a number of JSON: strconv also takes 0x10, 1_000 or a sign
// before it.
func isNumber(text []byte) bool {
	got, err := scan(text, nil)
	return err == nil && kind(got) == "a number"
}

func (r Reader) unknown(tool, key string) error {
	list := strings.Join(r.Takes, ", ")
	if list == "" {
		list = "no arguments"
	}
	return &ArgumentError{
		Name: key,
		Text: fmt.Sprintf("unknown argument %.64q: %s takes %s", key, tool, list),
	}
}

// Wrong is the error of an argument; what says what it should be.
func Wrong(name, what string) error { return &ArgumentError{Name: name, Text: name + " " + what} }

func kind(value []byte) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
