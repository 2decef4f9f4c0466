package mcpserver

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

func TestLineOfACall(t *testing.T) {
	var modern mcp.Result
	modern.SetResultType(mcp.ResultTypeComplete)
	text, own := []byte("a\n\"\u2028"), []byte("{\n\"a\":1}")
	for _, tt := range []struct {
		name  string
		head  mcp.Result
		reply Reply
		want  string
	}{
		{"text", mcp.Result{},
			Reply{Text: text},
			`{"jsonrpc":"2.0","id":"\"","result":{"content":[{"type":"text","text":"a\n\"\u2028"}]}}` + "\n"},
		{"modern", modern,
			Reply{Text: text},
			`{"jsonrpc":"2.0","id":"\"","result":{"resultType":"complete","content":[{"type":"text","text":"a\n\"\u2028"}]}}` + "\n"},
		{"structured", mcp.Result{},
			Reply{Structured: json.RawMessage("{\n \"a\" : \"\u2029 <\" }\n")},
			`{"jsonrpc":"2.0","id":"\"","result":{"content":[{"type":"text","text":""}],"structuredContent":{"a":"\u2029 <"}}}` + "\n"},
		{"the text itself, on two lines", mcp.Result{},
			Reply{Text: own, Structured: own},
			`{"jsonrpc":"2.0","id":"\"","result":{"content":[{"type":"text","text":"{\n\"a\":1}"}],"structuredContent":{"a":1}}}` + "\n"},
		{"refusal", mcp.Result{}, Reply{Prose: "A: \"", Text: []byte(`{}`),
			Structured: json.RawMessage(`{}`), IsError: true},
			`{"jsonrpc":"2.0","id":"\"","result":{"content":[{"type":"text","text":"A: \""},{"type":"text","text":"{}"}],"isError":true}}` + "\n"},
		{"refusal, modern", modern, Reply{Prose: "A", IsError: true},
			`{"jsonrpc":"2.0","id":"\"","result":{"resultType":"complete",` +
				`"content":[{"type":"text","text":"A"},{"type":"text","text":""}],` +
				`"isError":true}}` +
				"\n"},
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

// Large replies are what fills the memory, so each is written once, into its line.
func TestLargeReplyIsCopiedOnce(t *testing.T) {
	text := []byte(`{"body":"` + strings.Repeat("a", 8<<20) + `"}`)
	s := New(brokerFunc(func(context.Context, Call) Reply {
		return Reply{Text: text, Structured: text}
	}), testOptions())
	for name, line := range map[string]string{
		"handshake": call(1, `{}`), "modern": modern(1, "tools/call", "m", `,"name":"execute"`),
	} {
		m, _ := parse([]byte(line))
		var lines [][]byte
		n := allocated(func() {
			lines, _ = s.answer(&request{message: m, agent: "a", ctx: t.Context()})
		})
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
	out := &responder{w: discard{io.Discard}, streams: true}
	line := []byte(`"` + strings.Repeat("a", 8<<20) + "\"\n")
	if n := allocated(func() {
		out.reply(http.StatusOK, []byte("{}\n"), line)
	}); n > 1<<20 || out.failed {
		t.Errorf("%d bytes allocated for an event of %d", n, len(line))
	}
}
