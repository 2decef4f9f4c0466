package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
)

func FuzzQuoted(f *testing.F) {
	for _, text := range []string{"", "plain", "\"\\\b\f\n\r\t\x00\x1f\x7f/<>&", "é\u2028\u2029\U0001f600\ufffd", "\xff\xe2\x80", "\xed\xa0\x80"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		quoted := appendQuoted([]byte("x"), text)[1:]
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil || json.Valid(text) && len(lineSafe(text)) == len(text) && len(quoted) > quotedLen(text)+bytes.Count(text, []byte("\n")) {
			t.Fatalf("%q became %s, of %d bytes: %v", text, quoted, quotedLen(text), err)
		}
		if want := strings.ToValidUTF8(string(text), "\ufffd"); utf8.Valid(text) && back != want || bytes.ContainsAny(quoted, "\n\r\u2028\u2029") {
			t.Fatalf("%q became %s", text, quoted)
		}
	})
}

func TestLineOfACall(t *testing.T) {
	var modern mcp.Result
	modern.SetResultType(mcp.ResultTypeComplete)
	text := []byte("a\n\"\u2028")
	for _, tt := range []struct {
		name  string
		head  mcp.Result
		reply Reply
		want  string
	}{
		{"text", mcp.Result{}, Reply{Text: text}, `{"jsonrpc":"2.0","id":"\"","result":{"content":[{"type":"text","text":"a\n\"\u2028"}]}}` + "\n"},
		{"modern", modern, Reply{Text: text}, `{"jsonrpc":"2.0","id":"\"","result":{"resultType":"complete","content":[{"type":"text","text":"a\n\"\u2028"}]}}` + "\n"},
		{"structured", mcp.Result{}, Reply{Structured: json.RawMessage("{\n \"a\" : \"\u2029 <\" }\n")}, `{"jsonrpc":"2.0","id":"\"","result":{"content":[{"type":"text","text":""}],"structuredContent":{"a":"\u2029 <"}}}` + "\n"},
		{"refusal", mcp.Result{}, Reply{Structured: json.RawMessage(`{}`), IsError: true}, `{"jsonrpc":"2.0","id":"\"","result":{"content":[{"type":"text","text":""}],"isError":true}}` + "\n"},
		{"not JSON", mcp.Result{}, Reply{Structured: json.RawMessage(`{"a":1`)}, ""},
		{"two values", mcp.Result{}, Reply{Structured: json.RawMessage(`{},"isError":true`)}, ""},
	} {
		if got := string(encodeCall(json.RawMessage(`"\""`), tt.head, tt.reply)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Large replies are what fills the memory: each is written into its line, and nowhere else.
func TestLargeReplyIsCopiedOnce(t *testing.T) {
	text := []byte(`{"body":"` + strings.Repeat("a", 8<<20) + `"}`)
	s := New(brokerFunc(func(context.Context, Call) Reply { return Reply{Text: text, Structured: text} }), testOptions())
	for name, line := range map[string]string{"handshake": call(1, `{}`), "modern": modern(1, "tools/call", "m", `,"name":"execute"`)} {
		m, _ := parse([]byte(line))
		var lines [][]byte
		n := allocated(func() { lines, _ = s.answer(&flight{message: m, agent: "a", ctx: t.Context()}) })
		if size := uint64(len(lines[0])); len(lines) != 1 || size < 16<<20 || n > size+size/8 {
			t.Errorf("%s: %d bytes allocated for a line of %d", name, n, size)
		}
	}
}

type discard struct{ io.Writer }

func (discard) Header() http.Header { return http.Header{} }
func (discard) WriteHeader(int)     {}
func (discard) Flush()              {}

func TestLargeEventIsNotCopied(t *testing.T) {
	x := &exchange{w: discard{io.Discard}, streams: true}
	line := []byte(`"` + strings.Repeat("a", 8<<20) + "\"\n")
	if n := allocated(func() { x.reply(http.StatusOK, []byte("{}\n"), line) }); n > 1<<20 || x.failed {
		t.Errorf("%d bytes allocated for an event of %d", n, len(line))
	}
}
