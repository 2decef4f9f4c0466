package mcpserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
)

// encodeCall returns the line that answers a call, or nil if the structured content is not JSON. It is written once, into a
// buffer of its size: by way of encoding/json a reply of megabytes would be held four times over, with many at a time.
//
// A refusal carries text alone: clients check structuredContent against the output schema even where isError is set
// (TypeScript SDK 1.32), and would show the model a schema error instead.
func encodeCall(id json.RawMessage, head mcp.Result, r Reply) []byte {
	const frame = `{"jsonrpc":"2.0","id":,"result":{"content":[{"type":"text","text":}],"structuredContent":,"isError":true}}` + "\n"
	start := []byte("{")
	if head != (mcp.Result{}) {
		start = bytes.TrimSuffix(encode(head), []byte("}\n")) // {"_meta":…,"resultType":…
	}
	line := bytes.NewBuffer(make([]byte, 0, len(frame)+len(id)+len(start)+quotedLen(r.Text)+len(r.Structured)))
	fmt.Fprintf(line, `{"jsonrpc":%q,"id":%s,"result":%s`, mcp.JSONRPC_VERSION, id, start)
	if len(start) > len("{") {
		line.WriteByte(',')
	}
	line.WriteString(`"content":[{"type":"text","text":`)
	line.Write(appendQuoted(line.AvailableBuffer(), r.Text))
	line.WriteString(`}]`)
	if r.IsError {
		line.WriteString(`,"isError":true`)
	} else if len(r.Structured) > 0 {
		line.WriteString(`,"structuredContent":`)
		if !appendStructured(line, r) {
			return nil
		}
	}
	line.WriteString("}}\n")
	return line.Bytes()
}

// appendStructured reports whether the structured content is JSON. Where it is the text itself, core has just encoded it: to read megabytes
// once more would cost more than all else that is done with them.
func appendStructured(line *bytes.Buffer, r Reply) bool {
	if len(r.Structured) == len(r.Text) && &r.Structured[0] == &r.Text[0] && bytes.IndexByte(r.Text, '\n') < 0 {
		line.Write(lineSafe(r.Text))
		return true
	}
	return json.Compact(line, lineSafe(r.Structured)) == nil
}

// appendQuoted appends text as a JSON string. What is not UTF-8 becomes U+FFFD; <, > and & stay as they are, for six bytes
// instead of one would be a high price in every web page that comes back.
func appendQuoted(line, text []byte) []byte {
	line = append(line, '"')
	start := 0
	for i := 0; i < len(text); {
		if plain[text[i]] {
			i++
			continue
		}
		size, escape := escapeOf(text[i:])
		if escape != "" {
			line = append(append(line, text[start:i]...), escape...)
			start = i + size
		}
		i += size
	}
	return append(append(line, text[start:]...), '"')
}

// quotedLen is how many bytes appendQuoted appends to JSON on one line, where quotes and backslashes are all that it escapes; to other texts
// it may append more.
func quotedLen(text []byte) int {
	return len(`""`) + len(text) + bytes.Count(text, []byte(`"`)) + bytes.Count(text, []byte(`\`))
}

// escapeOf returns the size of the first character and how it must be written; "" is as it stands.
func escapeOf(text []byte) (size int, escape string) {
	if c := text[0]; c < utf8.RuneSelf {
		return 1, escapes[c]
	}
	r, size := utf8.DecodeRune(text)
	switch {
	case r == utf8.RuneError && size == 1:
		return 1, `\ufffd`
	case r == '\u2028': // see lineSafe
		return size, `\u2028`
	case r == '\u2029':
		return size, `\u2029`
	}
	return size, ""
}

// escapes are those of RFC 8259 §7.
var escapes = func() (e [utf8.RuneSelf]string) {
	for c := range ' ' {
		e[c] = fmt.Sprintf(`\u%04x`, c)
	}
	e['\n'], e['\r'], e['\t'], e['"'], e['\\'] = `\n`, `\r`, `\t`, `\"`, `\\`
	return e
}()

// plain are the bytes that stand for themselves.
var plain = func() (p [256]bool) {
	for c := range byte(utf8.RuneSelf) {
		p[c] = escapes[c] == ""
	}
	return p
}()

// lineSafe escapes U+2028 and U+2029 in JSON, where they stand inside strings only: Node's readline ends a line at either.
func lineSafe(raw []byte) []byte {
	if bytes.Contains(raw, []byte("\u2028")) || bytes.Contains(raw, []byte("\u2029")) {
		raw = bytes.ReplaceAll(raw, []byte("\u2028"), []byte(`\u2028`))
		raw = bytes.ReplaceAll(raw, []byte("\u2029"), []byte(`\u2029`))
	}
	return raw
}
