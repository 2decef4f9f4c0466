package line

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Builder appends the fields of one object, in the order of the calls. Field names are constants of
// the caller and need no escaping. Every call of an agent writes two lines, so Builder appends by
// hand and avoids the reflection of encoding/json.
type Builder struct{ buf []byte }

// New starts a line of version 1 with room for size bytes.
func New(size int) *Builder {
	return &Builder{append(make([]byte, 0, size+tailLen+1), `{"v":1`...)}
}

// Text appends a field, even if value is empty. Invalid UTF-8 becomes U+FFFD; the escapes are those
// of encoding/json with SetEscapeHTML(false).
func (b *Builder) Text(name, value string) {
	b.name(name)
	b.buf = AppendText(b.buf, value)
}

// Optional is Text that omits the field when value is empty.
func (b *Builder) Optional(name, value string) {
	if value != "" {
		b.Text(name, value)
	}
}

// Int appends a decimal number.
func (b *Builder) Int(name string, value int64) {
	b.name(name)
	b.buf = strconv.AppendInt(b.buf, value, 10)
}

// OptionalInt is Int that omits the field when value is 0.
func (b *Builder) OptionalInt(name string, value int64) {
	if value != 0 {
		b.Int(name, value)
	}
}

// Map appends an object of strings with its keys sorted, and nothing if it is empty.
func (b *Builder) Map(name string, values map[string]string) {
	if len(values) == 0 {
		return
	}
	b.name(name)
	b.buf = append(b.buf, '{')
	for _, key := range slices.Sorted(maps.Keys(values)) {
		b.comma()
		b.buf = append(AppendText(b.buf, key), ':')
		b.buf = AppendText(b.buf, values[key])
	}
	b.buf = append(b.buf, '}')
}

// Bytes returns the object built so far, without its closing brace, which is what Seal takes. The
// Builder must not be used after that.
func (b *Builder) Bytes() []byte { return b.buf }

func (b *Builder) name(name string) {
	b.comma()
	b.buf = append(b.buf, '"')
	b.buf = append(b.buf, name...)
	b.buf = append(b.buf, `":`...)
}

func (b *Builder) comma() {
	if b.buf[len(b.buf)-1] != '{' {
		b.buf = append(b.buf, ',')
	}
}

const hexDigits = "0123456789abcdef"

// plain are the ASCII characters that stand for themselves in a JSON string.
var plain = func() (p [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		p[c] = c != '"' && c != '\\'
	}
	return p
}()

// AppendText appends s as a JSON string, as Text writes it: on one line for every reader, with
// U+FFFD for what is not UTF-8. JSON inside JSON is mostly plain stretches between quotes and
// backslashes, so it tests for those before all other characters.
func AppendText[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		from := i
		for i < len(s) && plain[s[i]] {
			i++
		}
		b = append(b, s[from:i]...)
		for ; i < len(s) && (s[i] == '"' || s[i] == '\\'); i++ {
			b = append(b, '\\', s[i])
		}
		if i == len(s) || plain[s[i]] {
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		invalid := r == utf8.RuneError && size == 1
		if invalid || r < utf8.RuneSelf || r == '\u2028' || r == '\u2029' {
			b = appendEscape(b, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
		i += size
	}
	return append(b, '"')
}

// TextLen is how many bytes AppendText appends, or fewer: it counts only the frequent escapes,
// which are quotes, backslashes and line ends.
func TextLen(s []byte) int {
	return len(`""`) + len(s) + bytes.Count(s, []byte(`"`)) + bytes.Count(s, []byte(`\`)) +
		bytes.Count(s, []byte("\n"))
}

// appendEscape writes what encoding/json writes, except for quotes and backslashes. U+2028 and
// U+2029 are among its cases because JavaScript once ended a line there.
func appendEscape(b []byte, r rune) []byte {
	switch r {
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15],
		hexDigits[r>>4&15], hexDigits[r&15])
}
