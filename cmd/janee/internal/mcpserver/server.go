// Package mcpserver serves Janee's tools over the Model Context Protocol. A Server has two sides:
// Server.Serve runs one line connection (stdio, a Unix socket), and Server.HTTP returns the handler
// for streamable HTTP. Both hand each tools/call to a Broker, which package toolcalls implements.
//
// The library mcp-go speaks the protocol, in both of its eras. This package adds what the
// transports of mcp-go 1.2 lack: limits on lines, requests and bytes, a name that a connection
// cannot change, cancelling, and draining at the end. Its exported names show nothing of mcp-go.
//
// In this package a request is one JSON-RPC request, and a connection is one client after
// initialize: a line connection, or what MCP over HTTP calls a session and names with the
// Mcp-Session-Id header. Janee's own sessions, which are grants, do not appear here.
//
// It does not check tokens, hosts or origins: package httpserver must be in front of HTTP. It
// does not prove who a client is either: on a line connection Call.Agent is the client's own word.
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

// The limits of a connection. The documentation and tests state them, and no setting changes them.
const (
	maxLine         = 8 << 20  // bytes of one line
	maxInFlight     = 512      // requests
	maxInFlightSize = 64 << 20 // bytes of the lines of requests in flight
	maxOutLines     = 4096
	maxOutBytes     = 64 << 20
	maxToolName     = 64               // bytes of the name of a tool that does not exist
	defaultGrace    = 2 * time.Second  // for requests in flight after the end of input
	maxStall        = 10 * time.Second // for a client to take some of a full queue of replies

	// lookEvery is how often a client that does not read is checked.
	lookEvery = 100 * time.Millisecond
	// lastWait is how long cancelled requests have to end, and a client to read, at the very end.
	lastWait = 500 * time.Millisecond
)

// Broker carries out calls and decides everything about them: arguments, policy, records. Many
// goroutines use it at once, and it must return soon after ctx is cancelled. If it panics, the
// client gets INTERNAL.
type Broker interface {
	Call(ctx context.Context, c Call) Reply
}

// Call is one tools/call.
type Call struct {
	// Tool is one of Options.Tools, or another name of at most 64 bytes, which must be refused.
	Tool   string
	Agent  string // an AgentID, declared by the client itself or, over HTTP, by Principal
	Client string // the name that the client gave, cut to 200 bytes; for logs only
	// Arguments are exactly the bytes that the agent wrote, duplicate keys included; nil if it
	// wrote none.
	Arguments json.RawMessage
	// Progress tells the client how far the call has come: done rises, and total is 0 if unknown.
	// It is nil if the client did not ask, and must not be used after Call has returned.
	Progress func(done, total float64, text string)
	// Elicit shows a form in the client until it is filled in or ctx ends. schema describes an
	// object with fields of simple types. The agent's host sees the form and sends the answer, so
	// accepted is only the host's word that a person filled it in. Elicit is nil if the client
	// cannot show forms, and must not be used after Call has returned.
	Elicit func(
		ctx context.Context, message string, schema json.RawMessage,
	) (content json.RawMessage, accepted bool)
	// Ending is closed when the client sends nothing more. A call that only waits for a person
	// should return then. It is nil if the end of a transport says nothing about the client.
	Ending <-chan struct{}
}

// Reply is the answer to a call.
type Reply struct {
	Prose string // of a refusal: what a model reads before Text; it must not be JSON
	Text  []byte
	// Structured is what the tool's output schema describes, and nil for a refusal. If it is the
	// same slice as Text, it is JSON on one line.
	Structured json.RawMessage
	IsError    bool
	Written    func() // called once, when the answer is written or dropped; may be nil
}

// Options configure a Server; Version, Clients, Tools and Refuse are required.
type Options struct {
	Version      string
	Clients      *Clients
	Instructions string
	Tools        []tool.Definition
	// Refuse gives the refusals that this package makes the same format as all others.
	Refuse func(Refusal) Reply
	// Grace is how long requests in flight may go on when input ends or ctx is cancelled; 0 means
	// 2 s.
	Grace time.Duration
	// Log receives internal failures, without any value that a client sent; nil discards them.
	Log func(line string)
}

// Server holds what all connections share, and is safe for concurrent use.
type Server struct {
	broker   Broker
	opts     Options
	tools    map[string]bool
	protocol *server.MCPServer
	busy     busyCount
}

// New makes a Server. It panics if Options.Refuse or Options.Clients is missing, or if two tools
// share a name: those are mistakes of the program, not of its input.
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

// protocolTool sets all four hints, because by the defaults of MCP every tool is destructive and
// open to the world.
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

// Serve answers the lines of in on out until in ends or ctx is cancelled, lets requests in flight
// go on for Options.Grace, and returns when every reply is written. It gives up on a client that
// takes nothing for 10 s while the queue is full, or for the grace at the end. It returns an error
// if reading or writing fails, or if the client does not read its replies. in and out stay open: a
// Read or Write that blocks keeps its goroutine until the caller closes them.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	// requests may outlive ctx by the grace
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

// answer runs one request through the protocol and returns the lines to write, and whether the
// request was carried out. It recovers from panics without logging the value, which may hold
// anything, even a credential.
func (s *Server) answer(req *request) (lines [][]byte, ok bool) {
	defer func() {
		if recover() != nil {
			s.opts.Log("panic in " + s.label(req.message))
			lines, ok = [][]byte{s.internalError(req)}, false
		}
	}()
	if req.method == methodCall && (!req.modern || !s.tools[req.tool]) {
		return s.answerCall(req)
	}
	notes := newNoteSink(req)
	ctx := s.protocol.WithContext(req.ctx, notes)
	line, ok := s.encodeResponse(req, s.protocol.HandleMessage(ctx, req.forProtocol()))
	return append(notes.lines(), line), ok // notifications come before the reply they belong to
}

func (s *Server) encodeResponse(req *request, response mcp.JSONRPCMessage) (line []byte, ok bool) {
	if e, failed := response.(mcp.JSONRPCError); failed {
		line, _ = s.encoded(req, encodeError(req.id, inOurWords(req, e.Error)))
		return line, false
	}
	if r, is := response.(mcp.JSONRPCResponse); is {
		retag(r.Result, req.id)
		line = encodeResult(req, r.Result)
	}
	return s.encoded(req, line)
}

// encoded turns nil, which marks an answer that is not JSON, into a refusal.
func (s *Server) encoded(req *request, line []byte) (_ []byte, ok bool) {
	if line == nil {
		s.opts.Log("the answer to " + s.label(req.message) + " is not JSON")
		return s.internalError(req), false
	}
	return line, true
}

// answerCall answers a call without mcp-go, which would parse the message four times and add
// nothing to a result before 2026-07-28. It also lets the Broker refuse a tool that does not exist,
// so that an agent which probes for tools is on record. mcp-go would answer -32602 (MCP 2025-11-25,
// Tools, Error Handling), but SDK clients throw an exception for that, and many hosts then report a
// broken server. A result reaches the model, which can call tools/list.
func (s *Server) answerCall(req *request) (lines [][]byte, ok bool) {
	name, ok := req.tool, s.tools[req.tool]
	if !ok {
		name = unknownName(name)
	}
	line, fits := s.encoded(req, s.encodeOwn(req.message, s.call(req.ctx, req, name)))
	return [][]byte{line}, ok && fits
}

// unknownName bounds a name for the log. A name that it cuts ends in "…", so that a long name never
// becomes the name of a tool.
func unknownName(name string) string {
	if len(name) <= maxToolName {
		return name
	}
	return cut(name, maxToolName-len("…")) + "…"
}

func (s *Server) internalError(req *request) []byte {
	if req.method == methodCall {
		return s.refuse(req.message, Refusal{Code: "INTERNAL", Agent: req.agent})
	}
	return (&fault{mcp.INTERNAL_ERROR, "internal error"}).line(req.id)
}

// label names a request in the log with words of this program, never with those of a client.
func (s *Server) label(m message) string {
	if s.tools[m.tool] {
		return m.tool
	}
	return "a request"
}

// callTool is mcp-go's handler of every tool. The reply bypasses mcp-go, which would copy it; what
// mcp-go adds to the empty result is kept.
func (s *Server) callTool(
	ctx context.Context, _ mcp.CallToolRequest,
) (*mcp.CallToolResult, error) {
	req := server.ClientSessionFromContext(ctx).(*noteSink).req
	reply := s.call(ctx, req, req.tool)
	req.reply = &reply
	return &mcp.CallToolResult{}, nil
}

func (s *Server) call(ctx context.Context, req *request, name string) Reply {
	if ctx.Err() != nil { // cancelled before it began: nothing may reach the API
		return s.refusal(Refusal{Code: "CANCELLED", Agent: req.agent})
	}
	tell, stop := req.progress()
	defer stop()
	reply := s.broker.Call(ctx, Call{
		Tool:      name,
		Agent:     req.agent,
		Client:    req.client,
		Arguments: req.arguments,
		Progress:  tell,
		Elicit:    req.elicit(),
		Ending:    req.ending,
	})
	req.written = reply.Written
	return reply
}
