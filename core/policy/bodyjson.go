package policy

import (
	"bytes"
	"encoding/json"
	"strings"
)

// checkJSON refuses an override among the fields of an object. Deeper fields are data, and so is
// one called method, which JSON-RPC and others need and no framework obeys. Some receiver may read
// even what is not JSON: there every such name counts that is followed by ":" or "=".
func checkJSON(body []byte) *fault {
	body = trimMark(body)
	if bytes.IndexByte(body, 0) >= 0 { // UTF-16 or UTF-32: removing the zeros leaves ASCII as it is
		body = bytes.ReplaceAll(body, []byte{0}, nil)
	}
	o := overrideAnywhere(body)
	if o.name != "" && json.Valid(body) {
		o = overrideOnTop(body)
	}
	if o.name == "" {
		return nil
	}
	return theObject.refuse(o)
}

// wordMethod is in each of the names that JSON is searched for.
var wordMethod = newFolded("method")

// overrideAnywhere finds whatever overrideOnTop finds, and more. It is quick, and nearly always
// finds nothing.
func overrideAnywhere(body []byte) override {
	if oddEscapes(body) {
		body = unescapeJSON(body)
	}
	for from := 0; ; {
		at := wordMethod.index(body[from:])
		if at < 0 {
			return override{}
		}
		start, end := from+at, from+at+len(wordMethod.word)
		from = end
		for n := 0; n < maxOverride && start > 0 && keyByte(body[start-1]); n++ {
			start--
		}
		if start > 0 && body[start-1] == '\\' {
			start++ // the letter of an escape, as in "\t_method"
		}
		for n := 0; n < maxOverride && end < len(body) && keyByte(body[end]); n++ {
			end++
		}
		if o, _ := foldName(body[start:end]); o.name != "" && !o.byValue && assigned(body[end:]) {
			return o
		}
	}
}

func keyByte(c byte) bool { return nameLetter(c) || c == '.' || c == '$' }

// assigned reports whether what follows a name makes it the name of a field.
func assigned(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n\"'`\\]")
	return len(rest) > 0 && (rest[0] == ':' || rest[0] == '=')
}

// overrideOnTop looks at the fields of the outermost object of a body that is JSON.
func overrideOnTop(body []byte) override {
	depth := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			start := i + 1
			for i++; body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
			if depth != 1 || !bytes.HasPrefix(bytes.TrimLeft(body[i+1:], " \t\r\n"), []byte(":")) {
				continue
			}
			if o, _ := foldName(unescapeJSON(body[start:i])); o.name != "" && !o.byValue {
				return o
			}
		}
	}
	return override{}
}

// oddEscapes reports whether an escape may mean a byte of a name: of JSON's own escapes only \u00XX
// can.
func oddEscapes(body []byte) bool {
	for {
		at := bytes.IndexByte(body, '\\')
		if at < 0 || at+1 == len(body) {
			return false
		}
		body = body[at+1:]
		if strings.IndexByte(`"\/bfnrt`, body[0]) < 0 && (body[0] != 'u' || mayBeASCII(body)) {
			return true
		}
		body = body[1:]
	}
}

// mayBeASCII reports whether uXXXX or u{XX} means a byte of a name, or is no escape at all.
func mayBeASCII(s []byte) bool {
	return len(s) < 5 || s[1] == '{' || s[1] == '0' && s[2] == '0' && s[3] >= '2' && s[3] <= '7'
}

// unescapeJSON undoes escapes, including those of JSON5 and JavaScript.
func unescapeJSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		c, size := escapedByte(text[i:])
		out = append(out, c)
		i += size - 1
	}
	return out
}

// escapedByte reads what follows a backslash. No name here has a rune beyond ASCII, so such a rune
// counts as a byte that no name has.
func escapedByte(s []byte) (byte, int) {
	switch {
	case strings.IndexByte("bfnrt", s[0]) >= 0:
		return ' ', 1
	case s[0] == 'x' && len(s) >= 3 && isHex(s[1]) && isHex(s[2]):
		return unhex(s[1])<<4 | unhex(s[2]), 3
	case s[0] == 'u' && len(s) >= 5 && isHex(s[1]) && isHex(s[2]) && isHex(s[3]) && isHex(s[4]):
		if s[1] != '0' || s[2] != '0' {
			return 0xff, 5
		}
		return unhex(s[3])<<4 | unhex(s[4]), 5
	case s[0] == 'u' && len(s) >= 2 && s[1] == '{':
		return braced(s)
	}
	return s[0], 1
}

// braced reads u{5f}, with any number of zeros before the digits.
func braced(s []byte) (byte, int) {
	r := 0
	for i, c := range s[2:] {
		switch {
		case c == '}':
			return byte(min(r, 0xff)), i + 3
		case !isHex(c):
			return 'u', 1
		}
		r = min(r<<4|int(unhex(c)), 0xffff)
	}
	return 'u', 1
}
