package mcpserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// brokerFunc is a Broker for tests: the subject here is the connection.
type brokerFunc func(ctx context.Context, c Call) Reply

func (f brokerFunc) Call(ctx context.Context, c Call) Reply { return f(ctx, c) }

// echo answers with what it was given.
var echo = brokerFunc(func(_ context.Context, c Call) Reply {
	text, _ := json.Marshal(map[string]any{"tool": c.Tool, "agent": c.Agent, "client": c.Client,
		"arguments": string(c.Arguments)})
	return Reply{Text: text, Structured: text}
})

func testOptions() Options {
	return Options{
		Clients:      NewClients(),
		Version:      "1.2.3",
		Instructions: tool.Instructions,
		Tools:        core.Tools(),
		Grace:        200 * time.Millisecond,
		Refuse: func(r Refusal) Reply {
			text, _ := json.Marshal(map[string]any{"error": "refused",
				"denial": map[string]string{"reasonCode": r.Code, "agentId": r.Agent}})
			return Reply{Prose: r.Code + ": refused.", Text: text}
		},
	}
}

// client is the other end of one Serve.
type client struct {
	t      *testing.T
	server *Server
	in     *io.PipeWriter
	out    *io.PipeReader
	lines  chan answer
	cancel context.CancelFunc
	ended  chan error
}

type answer struct {
	Raw    string          `json:"-"`
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result *struct {
		ProtocolVersion   string
		SupportedVersions []string
		ResultType        string
		Instructions      string
		Capabilities      json.RawMessage
		Tools             []map[string]any
		Content           []struct{ Type, Text string }
		StructuredContent json.RawMessage
		IsError           bool
		Meta              map[string]any `json:"_meta"`
	} `json:"result"`
	Error *struct {
		Code    int
		Message string
	} `json:"error"`
}

// connect starts a server whose replies are read all the time.
func connect(t *testing.T, b Broker, change ...func(*Options)) *client {
	c := dial(t, b, change...)
	c.read()
	return c
}

// dial starts a server whose replies nobody reads yet.
func dial(t *testing.T, b Broker, change ...func(*Options)) *client {
	t.Helper()
	opts := testOptions()
	for _, f := range change {
		f(&opts)
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	c := &client{t: t, server: New(b, opts), in: inW, out: outR, lines: make(chan answer, 10000),
		cancel: cancel, ended: make(chan error, 1)}
	var wg sync.WaitGroup
	wg.Go(func() {
		c.ended <- c.server.Serve(ctx, inR, outW)
		outW.Close()
	})
	t.Cleanup(func() {
		inW.Close()
		inR.Close()
		outR.Close()
		cancel()
		wg.Wait()
	})
	return c
}

func (c *client) read() {
	go func() {
		defer close(c.lines)
		for r := bufio.NewReader(c.out); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			a := answer{Raw: strings.TrimSuffix(line, "\n")}
			if err := json.Unmarshal([]byte(line), &a); err != nil {
				a.Method = "not a message: " + line
			}
			c.lines <- a
		}
	}()
}

func (c *client) send(lines ...string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, strings.Join(lines, "\n")+"\n"); err != nil {
		c.t.Fatalf("sending: %v", err)
	}
}

// next returns the next line of the server.
func (c *client) next() answer {
	c.t.Helper()
	select {
	case a, ok := <-c.lines:
		if !ok {
			c.t.Fatal("the server closed its output")
		}
		return a
	case <-time.After(time.Minute): // a loaded machine under the race detector
		c.t.Fatal("no reply within a minute")
	}
	panic("unreachable")
}

// ask sends one line and returns the next one.
func (c *client) ask(line string) answer {
	c.t.Helper()
	c.send(line)
	return c.next()
}

// end waits for Serve and returns its error and all lines that were not read yet.
func (c *client) end() (rest []answer, err error) {
	c.t.Helper()
	select {
	case err = <-c.ended:
	case <-time.After(time.Minute):
		c.t.Fatal("Serve did not return within a minute")
	}
	for a := range c.lines {
		rest = append(rest, a)
	}
	return rest, err
}

// quiet fails if the server says anything within 50 ms.
func (c *client) quiet() {
	c.t.Helper()
	select {
	case a, ok := <-c.lines:
		if ok {
			c.t.Fatalf("unexpected reply %s", a.Raw)
		}
	case <-time.After(50 * time.Millisecond):
	}
}

func hello(name string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":"init","method":"initialize",`+
		`"params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":%q,"version":"1"}}}`,
		name)
}

func call(id any, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%v,"method":"tools/call",`+
		`"params":{"name":"execute","arguments":%s}}`, id, arguments)
}

// modern is a request of 2026-07-28, in which every message names its client.
func modern(id int, method, name, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,`+
		`"params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
		`"io.modelcontextprotocol/clientInfo":{"name":%q,"version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}%s}}`,
		id, method, name, params)
}

func (a answer) code() int {
	if a.Error == nil {
		return 0
	}
	return a.Error.Code
}

// text is the only content of a result, or the second content of a refusal, which is the JSON.
func (a answer) text() string {
	want := 1
	if a.Result != nil && a.Result.IsError {
		want = 2
	}
	if a.Result == nil || len(a.Result.Content) != want {
		return ""
	}
	return a.Result.Content[want-1].Text
}

// seen is what echo was called with.
func (a answer) seen(t *testing.T) (s struct{ Tool, Agent, Client, Arguments string }) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text()), &s); err != nil || a.Result.IsError {
		t.Fatalf("not an echo: %s", a.Raw)
	}
	return s
}

// refused fails unless a is a refusal with the code: isError, prose first, then JSON, and nothing
// structured.
func (a answer) refused(t *testing.T, code string) {
	t.Helper()
	var d struct{ Denial struct{ ReasonCode string } }
	if err := json.Unmarshal([]byte(a.text()), &d); err != nil || !a.Result.IsError ||
		a.Result.StructuredContent != nil ||
		d.Denial.ReasonCode != code || !strings.HasPrefix(a.Result.Content[0].Text, code+": ") {
		t.Fatalf("got %s, want a refusal %s", a.Raw, code)
	}
}

// gate is a Broker whose calls wait until they are let go or cancelled.
type gate struct {
	entered chan Call
	release chan struct{}
}

func newGate() *gate { return &gate{make(chan Call, 10000), make(chan struct{})} }

func (g *gate) Call(ctx context.Context, c Call) Reply {
	g.entered <- c
	select {
	case <-g.release:
		return Reply{Text: []byte("{}"), Structured: json.RawMessage("{}")}
	case <-ctx.Done():
		return Reply{
			Prose:   "CANCELLED: over.",
			Text:    []byte(`{"denial":{"reasonCode":"CANCELLED"}}`),
			IsError: true,
		}
	}
}

var errBroken = errors.New("broken")
