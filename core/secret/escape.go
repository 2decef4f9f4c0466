package secret

import (
	"strings"
	"unicode/utf8"
)

// escapes are the bytes that may begin an escape, or that are left where a text was wrapped.
const (
	escapes = breaks + "%&\\"
	breaks  = "\x00\n\r="
)

// escape is a piece of text that means other bytes than it shows: \u0041, &#65;, %41. One that
// means nothing is a break in a line, or a character that only protects the next.
type escape struct {
	size    int // in the text
	meant   [utf8.UTFMax]byte
	length  int  // of meant; 0: nothing
	isBreak bool // blanks after it are indentation
}

// Limits of an escape: anything longer is read as several, or not as one.
const (
	maxNested  = 4  // how often an escape may have been escaped again by the same means
	maxDigits  = 10 // of a number in HTML, with leading zeros
	longEscape = 1 + maxNested*len("amp;") + 2 + maxDigits + 1
)

// literal is a byte that means itself.
func literal(c byte) escape { return escape{size: 1, meant: [4]byte{c}, length: 1} }

// as is an escape of the first size bytes for the byte c. Line ends and NUL mean nothing here:
// base64 and keys continue after a line end, and NUL is every second byte of a text in UTF-16.
func as(size int, c byte) escape {
	if c == 0 || c == '\n' || c == '\r' {
		return escape{size: size, isBreak: c != 0}
	}
	return escape{size: size, meant: [4]byte{c}, length: 1}
}

// asUnit is an escape for a UTF-16 unit or a rune. Half of a surrogate pair is written like any
// other unit, as in CESU-8: wide makes two of them from such a rune.
func asUnit(size int, r rune) escape {
	if r < utf8.RuneSelf {
		return as(size, byte(r))
	}
	e := escape{size: size}
	e.length = len(appendWide(e.meant[:0], r))
	return e
}

// appendWide is utf8.AppendRune, but accepts surrogates as runes.
func appendWide(to []byte, r rune) []byte {
	if r >= 0xd800 && r < 0xe000 {
		return append(to, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f|0x80, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(to, r)
}

// readEscape reads the escape at the start of p, which is one of escapes. What is not an escape is
// a literal byte. ok is false if it takes more bytes to tell; with last set there are no more.
func readEscape(p []byte, last bool) (e escape, ok bool) {
	in := escapeReader{p: p, at: 1}
	switch p[0] {
	case '=':
		e = in.softBreak()
	case '%':
		e = in.percent()
	case '&':
		e = in.entity()
	case '\\':
		e = in.backslashes()
	default:
		e = as(1, p[0])
	}
	return e, last || !in.short
}

// escapeReader looks ahead in p. short says that it looked beyond the end.
type escapeReader struct {
	p     []byte
	at    int
	short bool
}

// peek returns the byte k after at, and 0 beyond the end: no escape contains a 0.
func (in *escapeReader) peek(k int) byte {
	if in.at+k >= len(in.p) {
		in.short = true
		return 0
	}
	return in.p[in.at+k]
}

// skip passes word, given in lower case, if it comes next in any case.
func (in *escapeReader) skip(word string) bool {
	for k := range len(word) {
		if lower(in.peek(k)) != word[k] {
			return false
		}
	}
	in.at += len(word)
	return true
}

// digits passes n digits of a base and returns their value.
func (in *escapeReader) digits(n, base int) (value int, ok bool) {
	for k := range n {
		d := strings.IndexByte(hexDigits[:base], lower(in.peek(k)))
		if d < 0 {
			return 0, false
		}
		value = value*base + d
	}
	in.at += n
	return value, true
}

// softBreak is the end of a line in quoted-printable (RFC 2045 section 6.7). Its other escapes are
// not read: =41 is also how a parameter begins.
func (in *escapeReader) softBreak() escape {
	if c := in.peek(0); c == '\n' || c == '\r' {
		return escape{size: 1}
	}
	return literal('=')
}

// percent is %41, also escaped again: %2541. RFC 3986 section 2.1.
func (in *escapeReader) percent() escape {
	e := literal('%')
	for range maxNested {
		v, ok := in.digits(2, 16)
		if !ok {
			break
		}
		e = as(in.at, byte(v))
		if v != '%' {
			break
		}
	}
	return e
}

// entities are the ASCII signs that have names in HTML, in lower case
// (https://html.spec.whatwg.org/multipage/named-characters.html). Few programs write more than five
// of them; htmlentities of PHP writes nearly all.
var entities = []struct {
	name  string
	meant byte
}{
	{"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}, {"excl;", '!'}, {"num;", '#'},
	{"dollar;", '$'}, {"percnt;", '%'}, {"lpar;", '('}, {"rpar;", ')'}, {"ast;", '*'},
	{"midast;", '*'}, {"plus;", '+'}, {"comma;", ','}, {"period;", '.'}, {"sol;", '/'},
	{"colon;", ':'}, {"semi;", ';'}, {"equals;", '='}, {"quest;", '?'}, {"commat;", '@'},
	{"lbrack;", '['}, {"lsqb;", '['}, {"bsol;", '\\'}, {"rsqb;", ']'}, {"rbrack;", ']'},
	{"hat;", '^'}, {"lowbar;", '_'}, {"underbar;", '_'}, {"grave;", '`'}, {"lbrace;", '{'},
	{"lcub;", '{'}, {"verbar;", '|'}, {"vert;", '|'}, {"rcub;", '}'}, {"rbrace;", '}'},
}

// entity is a character reference of HTML and XML, also escaped again: &amp;lt;.
func (in *escapeReader) entity() escape {
	e := literal('&')
	for range maxNested {
		if !in.skip("amp;") {
			break
		}
		e = as(in.at, '&')
	}
	for _, known := range entities {
		if in.skip(known.name) {
			return as(in.at, known.meant)
		}
	}
	if !in.skip("#") {
		return e
	}
	base := 10
	if in.skip("x") {
		base = 16
	}
	value, n := 0, 0
	for ; n < maxDigits; n++ {
		d, ok := in.digits(1, base)
		if !ok {
			break
		}
		value = min(value*base+d, utf8.MaxRune+1)
	}
	if n == 0 || value > utf8.MaxRune || !in.skip(";") {
		return e
	}
	return asUnit(in.at, rune(value))
}

// backslashes reads those of a string in JSON, programs and shells; several of them are a string
// inside a string.
func (in *escapeReader) backslashes() escape {
	for in.at < maxNested*2 && in.peek(0) == '\\' {
		in.at++
	}
	run := in.at
	switch c := in.peek(0); {
	case in.short:
	case c == 'n' || c == 'r':
		return as(run+1, '\n')
	case c == 't':
		return as(run+1, '\t')
	case c == 'u':
		in.at++
		if v, ok := in.digits(4, 16); ok {
			return asUnit(in.at, rune(v))
		}
	case c == 'x':
		in.at++
		if v, ok := in.digits(2, 16); ok {
			return as(in.at, byte(v))
		}
	case c >= '0' && c <= '3':
		if v, ok := in.digits(3, 8); ok {
			return as(in.at, byte(v))
		}
	case c < utf8.RuneSelf && !alphanumeric(c): // the sign means itself, and is read next
		return escape{size: run}
	}
	return as(run, '\\')
}

// meaning returns text without those escapes that begin with one of kinds.
func meaning(text, kinds string) string {
	if !strings.ContainsAny(text, kinds) {
		return text
	}
	p, out, broken := []byte(text), make([]byte, 0, len(text)), false
	for len(p) > 0 {
		e := literal(p[0])
		if strings.IndexByte(kinds, p[0]) >= 0 {
			e, _ = readEscape(p, true)
		}
		for _, c := range e.meant[:e.length] {
			if indents(c) && broken {
				continue
			}
			out, broken = append(out, c), false
		}
		broken = broken || e.isBreak
		p = p[e.size:]
	}
	return string(out)
}

func indents(c byte) bool { return c == ' ' || c == '\t' }
