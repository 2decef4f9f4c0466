package policy

import (
	"bytes"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// CheckBody rejects a body that makes a receiver use a method other than the one that Judge saw, or
// that cannot be checked for it, and allows every other. Headers are all those of the request,
// whoever adds them. The content type decides what is read: forms if they are declared, JSON also
// if the body looks like it, because Parse Server accepts any type for JSON. A body may contain
// more than receivers take from it, so a name counts wherever any of them could find it.
func CheckBody(method string, body []byte, headers ...[]wire.Header) Decision {
	if f := checkBody(method, body, headers); f != nil {
		return f.decision()
	}
	return Decision{Outcome: Allowed}
}

func checkBody(method string, body []byte, headers [][]wire.Header) *fault {
	if len(body) == 0 {
		return nil
	}
	t := typeOf(headers)
	object := looksLike(body, "{")
	t.json = t.json || object
	t.form = t.form || t.none && !looksLike(body, `{["`)
	if f := t.unreadable(method); f != nil {
		return f
	}
	if t.form {
		if f := checkParameters(theForm, trimMark(body), method); f != nil {
			return f
		}
	}
	if t.multipart {
		if f := checkMultipart(body, method); f != nil {
			return f
		}
	}
	if t.json || t.none {
		return checkJSON(body)
	}
	return nil
}

// bodyType is what the header says about a body.
type bodyType struct {
	form, multipart, json, none bool
	charset, coding             string // named, but not readable here, else ""
}

// typeOf reads every content type that a receiver could take as the one that counts, and finds each
// word wherever it is: frameworks cut the value at ";", at "," or at a blank, or look only at its
// beginning.
func typeOf(headers [][]wire.Header) bodyType {
	t := bodyType{none: true}
	for _, fields := range headers {
		for _, h := range fields {
			switch {
			case SameHeader(h.Name, "Content-Type"):
				t.addType(strings.ToLower(h.Value))
			case SameHeader(h.Name, "Content-Encoding"):
				t.addCoding(strings.ToLower(h.Value))
			}
		}
	}
	return t
}

func (t *bodyType) addType(value string) {
	t.none = t.none && value == ""
	t.form = t.form || strings.Contains(value, "urlencoded")
	t.multipart = t.multipart || strings.Contains(value, "multipart")
	t.json = t.json || strings.Contains(value, "json")
	for rest, found := value, true; ; {
		if _, rest, found = strings.Cut(rest, "charset"); !found {
			return
		}
		name, extended := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "*")
		name, found = strings.CutPrefix(strings.TrimLeft(name, " \t"), "=")
		name, _ = cutAt(name, ';', ',')
		name = strings.Trim(name, " \t\"'")
		if (found || extended) && !plainCharset(name) {
			t.charset = name
		}
	}
}

func (t *bodyType) addCoding(value string) {
	for coding := range strings.SplitSeq(value, ",") {
		if coding = strings.TrimSpace(coding); !noCodings[coding] {
			t.coding = coding
		}
	}
}

// noCodings are values of Content-Encoding that change nothing.
var noCodings = set("", "identity", "none", "utf-8")

// plainCharset reports whether ASCII text is the same bytes in a charset. In UTF-7, UTF-16 and
// EBCDIC it is not.
func plainCharset(name string) bool {
	switch name {
	case "utf-8", "utf8", "us-ascii", "ascii", "latin1":
		return true
	}
	return strings.HasPrefix(name, "iso-8859-") || strings.HasPrefix(name, "windows-125")
}

// unreadable refuses what a receiver decodes before it looks for names, if it looks for them. Parse
// Server does so in a POST of any type, in a charset that begins with utf-; those with zero bytes
// can be read here.
func (t bodyType) unreadable(method string) *fault {
	read := t.form || t.multipart || t.json || t.none
	post := strings.EqualFold(method, "POST")
	utf7 := strings.HasPrefix(t.charset, "utf") &&
		!strings.HasPrefix(t.charset, "utf-16") && !strings.HasPrefix(t.charset, "utf-32")
	switch {
	case t.charset != "" && (read || utf7):
		return faultf("write the body in UTF-8 and name no other charset",
			"the body is in the charset %q, in which its fields cannot be checked",
			short(t.charset))
	case t.coding != "" && (read || post):
		return faultf("send the body without it",
			"the body has the coding %q, in which its fields cannot be checked", short(t.coding))
	}
	return nil
}

// looksLike reports whether the body begins with one of these bytes, after blanks and a byte order
// mark.
func looksLike(body []byte, first string) bool {
	body = bytes.TrimLeftFunc(trimMark(body), func(r rune) bool { return r <= ' ' })
	return len(body) > 0 && strings.IndexByte(first, body[0]) >= 0
}

// trimMark removes the byte order mark of UTF-8, and that of UTF-16 in both orders.
func trimMark(body []byte) []byte {
	for _, mark := range [...]string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		body = bytes.TrimPrefix(body, []byte(mark))
	}
	return body
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}
