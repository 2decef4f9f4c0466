package mcpserver

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/true-and-useful/janee/core/line"
)

// encodeCall returns the line that answers a call, or nil if the structured content is not JSON. It
// writes the line once, into a buffer of its size: encoding/json would hold a reply of megabytes
// four times, and many calls run at once.
//
// A refusal carries no structured content. Clients check that against the output schema even if
// isError is set (TypeScript SDK 1.32), and would show the model a schema error instead. Prose
// comes before the JSON, because Gemini CLI (0.61) makes structured content of a first text that is
// JSON.
func encodeCall(id json.RawMessage, head mcp.Result, r Reply) []byte {
	const frame = `{"jsonrpc":"2.0","id":,"result":{"content":[{"type":"text","text":},` +
		`{"type":"text","text":}],` +
		`"structuredContent":,"isError":true}}` + "\n"
	start := []byte("{")
	if head != (mcp.Result{}) {
		start = bytes.TrimSuffix(encode(head), []byte("}\n")) // {"_meta":…,"resultType":…
	}
	prose := []byte(r.Prose)
	out := make([]byte, 0,
		len(frame)+len(id)+len(start)+line.TextLen(prose)+line.TextLen(r.Text)+len(r.Structured))
	out = fmt.Appendf(out, `{"jsonrpc":%q,"id":%s,"result":%s`, mcp.JSONRPC_VERSION, id, start)
	if len(start) > len("{") {
		out = append(out, ',')
	}
	out = append(out, `"content":[`...)
	if r.IsError {
		out = append(appendText(out, prose), ',')
	}
	out = append(appendText(out, r.Text), ']')
	switch {
	case r.IsError:
		out = append(out, `,"isError":true`...)
	case len(r.Structured) > 0:
		object, ok := structured(r)
		if !ok {
			return nil
		}
		out = append(append(out, `,"structuredContent":`...), object...)
	}
	return append(out, "}}\n"...)
}

func appendText(out, text []byte) []byte {
	return append(line.AppendText(append(out, `{"type":"text","text":`...), text), '}')
}

// structured returns the structured content on one line, or false if it is not JSON. If it is the
// text itself, core has just encoded it, and it is not checked again: reading megabytes once more
// would cost more than everything else that is done with them.
func structured(r Reply) (object []byte, ok bool) {
	if len(r.Structured) == len(r.Text) && &r.Structured[0] == &r.Text[0] &&
		bytes.IndexByte(r.Text, '\n') < 0 {
		return lineSafe(r.Text), true
	}
	var out bytes.Buffer
	err := json.Compact(&out, r.Structured)
	return lineSafe(out.Bytes()), err == nil
}

// lineSafe escapes U+2028 and U+2029 in JSON, where they can only be inside strings. Node's
// readline ends a line at either.
func lineSafe(raw []byte) []byte {
	if bytes.Contains(raw, []byte("\u2028")) || bytes.Contains(raw, []byte("\u2029")) {
		raw = bytes.ReplaceAll(raw, []byte("\u2028"), []byte(`\u2028`))
		raw = bytes.ReplaceAll(raw, []byte("\u2029"), []byte(`\u2029`))
	}
	return raw
}
