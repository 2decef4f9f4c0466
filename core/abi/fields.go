package abi

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

// fields are the members of one JSON object of a request. Each getter takes a member out. end
// reports the first one that was missing or wrong, or that nothing took out; until it has returned
// nil, nothing may be done with what was read.
type fields struct {
	members []member
	fault   error
}

type member struct {
	name  string
	value []byte // nil: taken
}

func read(text []byte) *fields {
	f := &fields{members: make([]member, 0, 8)}
	err := tool.Members(text, func(key string, value []byte) error {
		f.members = append(f.members, member{key, value})
		return nil
	})
	if err != nil {
		f.fault = bad("the JSON text: %v", err)
	}
	return f
}

func (f *fields) end() error {
	for _, m := range f.members {
		if m.value != nil {
			f.wrong("unknown member %.64q", m.name)
		}
	}
	return f.fault
}

func (f *fields) wrong(format string, args ...any) {
	if f.fault == nil {
		f.fault = bad(format, args...)
	}
}

func (f *fields) find(name string) *member {
	for i := range f.members {
		if m := &f.members[i]; m.value != nil && m.name == name {
			return m
		}
	}
	return nil
}

// has reports whether the member is there.
func (f *fields) has(name string) bool { return f.find(name) != nil }

// take is nil where the member is not there.
func (f *fields) take(name string) (value []byte) {
	if m := f.find(name); m != nil {
		value, m.value = m.value, nil
	}
	return value
}

func (f *fields) text(name string) string {
	value := f.take(name)
	if value == nil {
		f.wrong("%s is missing", name)
		return ""
	}
	s, ok := tool.Unquote(value)
	if !ok {
		f.wrong("%s must be a string", name)
	}
	return s
}

// optional is a text that may be absent.
func (f *fields) optional(name string) string {
	if !f.has(name) {
		return ""
	}
	return f.text(name)
}

// number is a whole number without fraction and exponent, from 0 to what JavaScript holds exactly.
func (f *fields) number(name string) int64 {
	n, err := strconv.ParseUint(string(f.take(name)), 10, 53)
	if err != nil {
		f.wrong("%s must be a whole number", name)
	}
	return int64(n)
}

// flag is false where it is absent.
func (f *fields) flag(name string) bool {
	value := string(f.take(name))
	if value != "" && value != "true" && value != "false" {
		f.wrong("%s must be true or false", name)
	}
	return value == "true"
}

// object is a member that is an object itself; a fault in it is one of f.
func (f *fields) object(name string) *fields {
	value := f.take(name)
	if value == nil {
		f.wrong("%s is missing", name)
		return &fields{}
	}
	inner := read(value)
	if inner.fault != nil {
		f.wrong("%s must be an object", name)
	}
	return inner
}

// list decodes an array into to, a pointer to a slice; it may be absent.
func (f *fields) list(name string, to any) {
	if value := f.take(name); value != nil &&
		(value[0] != '[' || json.Unmarshal(value, to) != nil) {
		f.wrong("%s is not the list it should be", name)
	}
}

// objects is a list of objects; it may be absent.
func (f *fields) objects(name string) (out []*fields) {
	var raw []json.RawMessage
	f.list(name, &raw)
	for _, text := range raw {
		inner := read(text)
		if inner.fault != nil {
			f.wrong("%s must be a list of objects", name)
		}
		out = append(out, inner)
	}
	return out
}

// now is [wall, mono], both in milliseconds: Unix time, and a clock that never goes back.
func (f *fields) now() core.Now {
	value := string(f.take("now"))
	first, second, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(value, "["), "]"), ",")
	wall, err := strconv.ParseUint(strings.TrimSpace(first), 10, 53)
	mono, err2 := strconv.ParseUint(strings.TrimSpace(second), 10, 53)
	if err != nil || err2 != nil {
		f.wrong("now must be two whole numbers")
	}
	return core.Now{Wall: int64(wall), Mono: int64(mono)}
}

// rand is 64 random bytes as 128 hex digits.
func (f *fields) rand() (b [64]byte) {
	text := f.text("rand")
	if n, err := hex.Decode(b[:], []byte(text[:min(len(text), 128)])); err != nil ||
		n != len(b) || len(text) != 128 {
		f.wrong("rand must be 128 hex digits")
	}
	return b
}

// in reads what goes with each begin and resume.
func (f *fields) in() core.In { return core.In{Now: f.now(), Rand: f.rand()} }

// files reads what the shell found under each of names, in their order: the length of the content,
// which is in raw after the contents before it; null for no such file; or false for a file that
// could not be read, which fails closed.
func (f *fields) files(names []string, raw []byte) map[string][]byte {
	value := string(f.take("files"))
	list := strings.Split(strings.TrimSuffix(strings.TrimPrefix(value, "["), "]"), ",")
	if value == "[]" {
		list = nil
	}
	if len(list) != len(names) {
		f.wrong("files must be a list of %d: one for each name, in their order", len(names))
		return nil
	}
	files := make(map[string][]byte, len(names))
	for i, name := range names {
		switch found := strings.TrimSpace(list[i]); found {
		case "null":
		case "false":
			files[name] = nil
		default:
			n, err := strconv.ParseUint(found, 10, 32)
			if err != nil || n > uint64(len(raw)) {
				f.wrong("files: %.128q is not null, false or a length within the raw bytes", name)
				return nil
			}
			files[name], raw = raw[:n:n], raw[n:]
		}
	}
	if len(raw) > 0 {
		f.wrong("files: %d raw bytes belong to none", len(raw))
	}
	return files
}

// pairs is a list of names and values; it may be absent.
func (f *fields) pairs(name string) [][2]string {
	var raw [][]*string
	f.list(name, &raw)
	out := make([][2]string, len(raw))
	for i, p := range raw {
		if len(p) != 2 || p[0] == nil || p[1] == nil {
			f.wrong("%s: a header is a name and a value", name)
			return nil
		}
		out[i] = [2]string{*p[0], *p[1]}
	}
	return out
}

// texts is an object of strings, each of which may be null; it may be absent.
func (f *fields) texts(name string) map[string]*string {
	found := f.object(name)
	out := make(map[string]*string, len(found.members))
	for _, m := range found.members {
		text, ok := tool.Unquote(m.value)
		switch {
		case ok:
			out[m.name] = &text
		case string(m.value) == "null":
			out[m.name] = nil
		default:
			f.wrong("%s must hold strings", name)
		}
	}
	return out
}

// into reads the members that a struct describes by its tags. Those without omitempty must be
// there.
func (f *fields) into(to any) {
	v := reflect.ValueOf(to).Elem()
	for i := range v.NumField() {
		name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if !f.has(name) {
			if option != "omitempty" {
				f.wrong("%s is missing", name)
			}
			continue
		}
		switch field := v.Field(i); field.Kind() {
		case reflect.String:
			field.SetString(f.text(name))
		case reflect.Bool:
			field.SetBool(f.flag(name))
		case reflect.Int64:
			field.SetInt(f.number(name))
		case reflect.Slice:
			field.Set(reflect.ValueOf(f.pairs(name)))
		case reflect.Map:
			field.Set(reflect.ValueOf(f.texts(name)))
		default:
			panic("abi: a member that is described and cannot be read")
		}
	}
}

// fault is an error as it is answered.
type fault struct {
	code    errorCode
	message string
	items   []item
}

// item is one problem of a config.yaml.
type item struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

func (f *fault) Error() string { return f.message }

// MarshalJSON implements json.Marshaler.
func (f *fault) MarshalJSON() ([]byte, error) {
	return encode(errorAnswer{f.code, f.message, f.items}), nil
}

// errorAnswer is why a message was refused. Items are the problems of a config.yaml.
type errorAnswer struct {
	Code    errorCode `json:"code"`
	Message string    `json:"message"`
	Items   []item    `json:"items,omitempty"`
}

// errorCode says what is wrong with a message. The codes are part of the interface.
type errorCode string

const (
	badRequest     errorCode = "bad_request"
	unknownOp      errorCode = "unknown_op"
	unknownVersion errorCode = "unknown_version"
	tooLarge       errorCode = "too_large"
	noSuchFlow     errorCode = "no_such_flow"
	noSuchEngine   errorCode = "no_such_engine"
	configInvalid  errorCode = "config_invalid"
	keyInvalid     errorCode = "key_invalid"
	internal       errorCode = "internal"
)

func bad(format string, args ...any) error {
	return &fault{code: badRequest, message: fmt.Sprintf(format, args...)}
}
