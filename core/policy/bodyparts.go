package policy

import "bytes"

const (
	// maxPartName is how much of a name is read, so that a body full of names takes time linear in
	// its length. It is enough for the longest name with each byte written as %uXXXX.
	maxPartName = 6 * maxOverride
	// maxPartHeader is how far after the name of a part its value is looked for.
	maxPartHeader = 1024
)

var (
	wordContent     = newFolded("content-")
	wordDisposition = newFolded("disposition")
	wordID          = newFolded("id")
	wordName        = newFolded("name")
)

// checkMultipart looks for the header fields that name a part wherever they are, even in the
// content of a part: readers of multipart bodies differ most on where parts begin and end. Rack
// takes Content-ID as the name of a part that has no other.
func checkMultipart(body []byte, method string) *fault {
	for {
		at := wordContent.index(body)
		if at < 0 {
			return nil
		}
		body = body[at+len(wordContent.word):]
		var f *fault
		var line []byte
		switch {
		case wordDisposition.begins(body):
			line, body = cutLine(body)
			f = checkDisposition(line, body, method)
		case wordID.begins(body):
			line, body = cutLine(body)
			_, id := cutAt(line, ':', ':')
			f = checkPart(bytes.TrimLeft(id, " \t\r\n<"), body, method)
		}
		if f != nil {
			return f
		}
	}
}

// checkDisposition looks at each parameter called name, even at one within the quotes of another:
// readers differ on which one counts.
func checkDisposition(line, rest []byte, method string) *fault {
	for {
		at := wordName.index(line)
		if at < 0 {
			return nil
		}
		filename := at > 0 && nameLetter(line[at-1])
		line = bytes.TrimLeft(line[at+len(wordName.word):], " \t\r\n")
		switch {
		case filename || len(line) == 0:
			continue
		case line[0] == '*': // RFC 8187 and RFC 2231: encoded, or in pieces
			return encodedName("name*")
		case line[0] != '=':
			continue
		}
		line = bytes.TrimLeft(line[1:], " \t\r\n")
		if f := checkPart(line, rest, method); f != nil {
			return f
		}
	}
}

// checkPart judges the name that value begins with. rest is what follows the header field.
func checkPart(value, rest []byte, method string) *fault {
	name := partName(value)
	if bytes.HasPrefix(name, []byte("=?")) { // RFC 2047
		return encodedName("=?")
	}
	o, verbatim := foldName(name)
	switch {
	case o.name == "":
	case !o.byValue:
		return theParts.refuse(o)
	case verbatim:
		if value, found := partValue(rest); !found || namesOther(value, method) {
			return theParts.refuseValue(o)
		}
	}
	return nil
}

func encodedName(how string) *fault {
	return faultf(`write it as name="…"`,
		"a part of the multipart body has an encoded name (%s), so it cannot be checked", how)
}

// partName reads a value up to a quote or, if it does not begin with one, up to what can follow a
// word. Readers that know escapes drop the backslash.
func partName(value []byte) []byte {
	name := bytes.TrimLeft(value, " \t\r\n\"'\\")
	quoted := len(name) < len(value)
	name = name[:min(len(name), maxPartName)]
	for i, c := range name {
		if c == '"' || c == '\'' || !quoted && (c <= ' ' || c == ';' || c == ',' || c == '>') {
			name = name[:i]
			break
		}
	}
	if bytes.IndexByte(name, '\\') >= 0 {
		name = bytes.ReplaceAll(name, []byte(`\`), nil)
	}
	return name
}

// partValue returns the first line after the header of a part, given the rest of that header.
func partValue(rest []byte) (value []byte, found bool) {
	rest = rest[:min(len(rest), maxPartHeader)]
	for len(rest) > 0 {
		var line []byte
		if line, rest = cutLine(rest); len(line) == 0 || string(line) == "\r" {
			value, _ = cutAt(rest, '\r', '\n')
			return value, true
		}
	}
	return nil, false
}

// cutLine splits body after a header field, with the lines that continue it (RFC 5322 section
// 2.2.3). A line may end in CR, LF or both.
func cutLine(body []byte) (line, rest []byte) {
	for i, c := range body {
		if c != '\r' && c != '\n' || c == '\r' && i+1 < len(body) && body[i+1] == '\n' {
			continue
		}
		if i+1 == len(body) || body[i+1] != ' ' && body[i+1] != '\t' {
			return body[:i], body[i+1:]
		}
	}
	return body, nil
}

func nameLetter(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
