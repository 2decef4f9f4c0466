// Package mcpserver serves the tools of Janee over line connections (stdio, a Unix socket), one a
// Serve, and over HTTP. mcp-go speaks the protocol, in both of its eras; lines, identity, limits,
// cancelling and draining are done here, because the transports of mcp-go 1.2 have none of them.
// Nothing of mcp-go shows in the exported names. Do not put HTTP on a listener without package
// httpserver, and do not take Call.Agent of a line connection for more than the client's word.
package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/true-and-useful/janee/core/tool"
)

const serverName = "janee"

// The limits of a connection. They stand in docs and tests, and no setting changes them.
const (
	maxLine         = 8 << 20  // bytes of one line
	maxInFlight     = 512      // requests
	maxInFlightSize = 64 << 20 // bytes of the lines of requests in flight
	maxOutLines     = 4096
	maxOutBytes     = 64 << 20
	maxToolName     = 64                     // bytes of the name of a tool that does not exist
	defaultGrace    = 2 * time.Second        // for requests in flight after the end of input
	maxStall        = 10 * time.Second       // for a client to take some of a full queue of replies
	lookEvery       = 100 * time.Millisecond // at a client that does not read
	// for them to end once cancelled, and for a client that does not read
	lastWait = 500 * time.Millisecond
)

// Broker carries out a call. It runs on many goroutines at once, must return soon after ctx is
// cancelled, and decides all that concerns the call: arguments, policy, records. A panic in it is
// answered INTERNAL.
type Broker interface {
	Call(ctx context.Context, c Call) Reply
}

// Call is one tools/call.
type Call struct {
	// one of Options.Tools, or a name of at most 64 bytes that is not among them: to be refused
	Tool   string
	Agent  string // an AgentID, self-declared
	Client string // the client's name as it gave it, at most 200 bytes; for logs alone
	// exactly the bytes the agent wrote, keys given twice and all; nil when it wrote none
	Arguments json.RawMessage
	// Progress tells the client how far the call is: done rises, total is 0 where it is not known.
	// nil where the client did not ask. It must not be used after Call has returned.
	Progress func(done, total float64, text string)
	// Elicit shows a form in the client and waits until it is filled in, or ctx ends. schema is
	// that of an object with fields of simple types. The agent's host sees the form and sends the
	// answer: accepted is its word that a person filled it in. nil where the client cannot. It must
	// not be used after Call has returned.
	Elicit func(
		ctx context.Context, message string, schema json.RawMessage,
	) (content json.RawMessage, accepted bool)
	// Ending is closed when nothing more comes from the client: a call that only waits for somebody
	// should answer then. nil where the end of one transport says nothing about the client.
	Ending <-chan struct{}
}

// Reply is the answer to a call.
type Reply struct {
	Prose string // of a refusal: what a model reads before Text; it must not be JSON
	Text  []byte
	// what the tool's output schema describes; nil for a refusal. Where it is Text itself, that is
	// JSON on one line
	Structured json.RawMessage
	IsError    bool
	Written    func() // is called once, when the answer is written or given up; nil tells nobody
}

// Options: Version, Clients, Tools and Refuse are needed.
type Options struct {
	Version      string
	Clients      *Clients
	Instructions string
	Tools        []tool.Definition
	// writes the refusals of the connection in the format of all others
	Refuse func(Refusal) Reply
	// for requests in flight when input ends or ctx is cancelled; 0 = 2 s
	Grace time.Duration
	// what went wrong inside, without any value a client sent; nil = nowhere
	Log func(line string)
}

// Server holds what all connections share. It is safe for concurrent use.
type Server struct {
	broker   Broker
	opts     Options
	tools    map[string]bool
	protocol *server.MCPServer
	busy     busyCount
}

// New panics if Options.Refuse or Options.Clients is missing or two tools share a name: mistakes of
// the program, not of its input.
func New(b Broker, opts Options) *Server {
	if opts.Refuse == nil || opts.Clients == nil {
		panic("mcpserver: Options.Refuse or Options.Clients is nil")
	}
	if opts.Grace == 0 {
		opts.Grace = defaultGrace
	}
	if opts.Log == nil {
		opts.Log = func(string) {}
	}
	s := &Server{broker: b, opts: opts, tools: map[string]bool{}, busy: busyCount{log: opts.Log}}
	s.protocol = server.NewMCPServer(serverName, opts.Version,
		server.WithInstructions(opts.Instructions),
		server.WithToolCapabilities(true)) // listChanged: ToolsChanged sends it
	for _, d := range opts.Tools {
		if s.tools[d.Name] {
			panic(fmt.Sprintf("mcpserver: tool %q is defined twice", d.Name))
		}
		s.tools[d.Name] = true
		s.protocol.AddTool(protocolTool(d), s.callTool)
	}
	return s
}

// protocolTool sets all four hints: mcp's defaults call every tool destructive and open to the
// world.
func protocolTool(d tool.Definition) mcp.Tool {
	t := mcp.NewToolWithRawSchema(d.Name, d.Description, d.Input)
	t.Title, t.RawOutputSchema = d.Title, d.Output
	t.Annotations = mcp.ToolAnnotation{
		Title:           d.Title,
		ReadOnlyHint:    &d.ReadOnly,
		DestructiveHint: &d.Destructive,
		IdempotentHint:  &d.Idempotent,
		OpenWorldHint:   &d.OpenWorld,
	}
	return t
}

// Serve answers the lines of in on out until in ends or ctx is cancelled, gives requests in flight
// their grace, and returns when every reply is written. A client that takes nothing for the grace
// then, or for 10 s of a full queue before, is given up. Errors: reading or writing failed, or the
// client does not read its replies. in and out stay open; a Read or Write that blocks keeps its
// goroutine until the caller closes them.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	// requests outlive ctx by the grace
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	c := &conn{
		server:  s,
		base:    base,
		out:     newOutbox(out, maxOutLines, maxOutBytes),
		listens: map[string]*listen{},
		ending:  make(chan struct{}),
	}
	s.opts.Clients.add(c)
	defer s.opts.Clients.remove(c)
	defer s.busy.tell()
	readErr := c.loop(ctx, in)
	close(c.ending)
	c.endListens()
	c.drain(cancel)
	return errors.Join(readErr, c.out.close(ctx, s.opts.Grace))
}

// answer runs one request through the protocol and returns the lines to write, and whether it was
// carried out. It never panics. A panic value may hold anything, a credential too, so it is shown
// to nobody.
func (s *Server) answer(f *flight) (lines [][]byte, ok bool) {
	defer func() {
		if recover() != nil {
			s.opts.Log("panic in " + s.label(f.message))
			lines, ok = [][]byte{s.internalError(f)}, false
		}
	}()
	if f.method == methodCall && (!f.modern || !s.tools[f.tool]) {
		return s.answerCall(f)
	}
	notes := newSession(f)
	ctx := context.WithValue(s.protocol.WithContext(f.ctx, notes), flightKey{}, f)
	line, ok := s.encodeResponse(f, s.protocol.HandleMessage(ctx, f.forProtocol()))
	return append(notes.lines(), line), ok // notes come before the reply they belong to
}

func (s *Server) encodeResponse(f *flight, response mcp.JSONRPCMessage) (line []byte, ok bool) {
	if e, failed := response.(mcp.JSONRPCError); failed {
		line, _ = s.encoded(f, encodeError(f.id, inOurWords(f, e.Error)))
		return line, false
	}
	if r, is := response.(mcp.JSONRPCResponse); is {
		retag(r.Result, f.id)
		line = encodeResult(f, r.Result)
	}
	return s.encoded(f, line)
}

// encoded turns nil, which is an answer that is not JSON, into a refusal.
func (s *Server) encoded(f *flight, line []byte) (_ []byte, ok bool) {
	if line == nil {
		s.opts.Log("the answer to " + s.label(f.message) + " is not JSON")
		return s.internalError(f), false
	}
	return line, true
}

// answerCall answers a call without mcp-go, which would read the message four times over and add
// nothing to a result before 2026-07-28. It also lets the Broker refuse a tool that does not exist,
// so that an agent which probes for one is on record. mcp-go would answer -32602 (MCP 2025-11-25,
// Tools, Error Handling), but SDK clients make an exception of that, which many hosts show as a
// broken server; a result reaches the model, which can then call tools/list.
func (s *Server) answerCall(f *flight) (lines [][]byte, ok bool) {
	name, ok := f.tool, s.tools[f.tool]
	if !ok {
		name = unknownName(name)
	}
	line, fits := s.encoded(f, s.encodeOwn(f.message, s.call(f.ctx, f, name)))
	return [][]byte{line}, ok && fits
}

// unknownName bounds a name for the log. What it cuts ends in "…", so that a long name never
// becomes that of a tool.
func unknownName(name string) string {
	if len(name) <= maxToolName {
		return name
	}
	return cut(name, maxToolName-len("…")) + "…"
}

func (s *Server) internalError(f *flight) []byte {
	if f.method == methodCall {
		return s.refuse(f.message, Refusal{Code: "INTERNAL", Agent: f.agent})
	}
	return (&fault{mcp.INTERNAL_ERROR, "internal error"}).line(f.id)
}

// label names a request in the log by what this program knows, never by what a client made up.
func (s *Server) label(m message) string {
	if s.tools[m.tool] {
		return m.tool
	}
	return "a request"
}

type flightKey struct{}

// callTool is the handler of every tool. The reply goes past mcp-go, which would copy it; what
// mcp-go adds to a result is kept.
func (s *Server) callTool(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	f := ctx.Value(flightKey{}).(*flight)
	reply := s.call(ctx, f, f.tool)
	f.reply = &reply
	return &mcp.CallToolResult{}, nil
}

func (s *Server) call(ctx context.Context, f *flight, name string) Reply {
	if ctx.Err() != nil { // cancelled before it began: nothing may reach the API any more
		return s.refusal(Refusal{Code: "CANCELLED", Agent: f.agent})
	}
	tell, stop := f.progress()
	defer stop()
	reply := s.broker.Call(ctx,
		Call{name, f.agent, f.client, f.arguments, tell, f.elicit(), f.ending})
	f.written = reply.Written
	return reply
}
