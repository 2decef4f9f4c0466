package mcpserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// The limits of HTTP. The documentation and tests state them, and no setting changes them.
const (
	maxAgentConns    = 128              // one more ends the one unused for longest
	maxAgentRequests = 64               // in flight, per agent
	connIdle         = 30 * time.Minute // without a request or an open stream
	// keepAlive is the time between comments on a stream: proxies cut a stream that is silent for
	// 30 s or 60 s.
	keepAlive = 25 * time.Second
	// writeWait is how long a client may take to accept what is written.
	writeWait = 30 * time.Second
)

// sessionNotFound is the code that other MCP servers send, with status 404, for an Mcp-Session-Id
// that they do not know.
const sessionNotFound = -32001

// Principal is the caller that the HTTP server has authenticated: the agent, and a digest of the
// token that proves it.
type Principal struct {
	Agent string
	Token [32]byte
}

// HTTP serves the tools of a Server over MCP streamable HTTP: POST carries messages, GET opens the
// stream for messages that belong to no call, and DELETE ends a connection. It speaks the protocol
// versions up to 2025-11-25, because later ones have no Mcp-Session-Id.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
//
// It trusts the Principal that it is given: package httpserver checks tokens, hosts, origins and
// the size of bodies. It does not use StreamableHTTPServer of mcp-go 1.2, which knows no Principal
// and sends the progress of a call to the stream of GET or of another call, where it arrives late
// or never.
type HTTP struct {
	server  *Server
	base    context.Context // of all requests
	cancel  context.CancelFunc
	closing chan struct{}
	now     func() time.Time

	mu       sync.Mutex
	conns    map[string]*httpConn
	inFlight map[string]int // requests, by agent
	closed   bool
}

// HTTP returns the HTTP side of the server; HTTP.Close ends it.
func (s *Server) HTTP() *HTTP {
	h := &HTTP{
		server:   s,
		closing:  make(chan struct{}),
		now:      time.Now,
		conns:    map[string]*httpConn{},
		inFlight: map[string]int{},
	}
	h.base, h.cancel = context.WithCancel(context.Background())
	return h
}

// EndStreams ends the streams of GET and refuses further connections. Requests in flight go on.
func (h *HTTP) EndStreams() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.closing)
	}
}

// Close cancels the requests in flight and ends all connections.
func (h *HTTP) Close() {
	h.EndStreams()
	h.cancel()
	h.mu.Lock()
	all := h.conns
	h.conns = map[string]*httpConn{}
	h.mu.Unlock()
	for _, c := range all {
		h.finish(c)
	}
	h.server.busy.tell()
}

// Serve answers a POST with the given body, a GET or a DELETE, and returns when the answer is
// written.
func (h *HTTP) Serve(w http.ResponseWriter, r *http.Request, from Principal, body []byte) {
	out := newResponder(w, r)
	if r.Method == http.MethodPost {
		h.post(out, from, body)
		return
	}
	if v := version(r.Header, message{}); v != "" {
		out.reply(http.StatusBadRequest, versionError(nil, v))
		return
	}
	c, status, f := h.find(r.Header, from)
	switch {
	case f != nil:
		out.reply(status, f.line(nil))
	case r.Method == http.MethodGet:
		h.stream(out, c)
	default:
		h.end(c)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *HTTP) post(out *responder, from Principal, body []byte) {
	m, f := parse(trimmed(body))
	if v := version(out.r.Header, m); v != "" {
		out.reply(http.StatusBadRequest, versionError(m.id, v))
		return
	}
	if f != nil {
		out.reply(http.StatusBadRequest, f.line(m.id))
		return
	}
	if m.method == methodInitialize && m.id != nil {
		h.initialize(out, from, m)
		return
	}
	c, status, f := h.find(out.r.Header, from)
	switch {
	case f != nil:
		out.reply(status, f.line(m.id))
	case m.id == nil || m.isAnswer:
		c.received(m)
		out.w.WriteHeader(http.StatusAccepted)
	default:
		h.run(out, c, m)
	}
}

// version returns the protocol version of a client if this server does not speak it, else "". A
// client that sends no header speaks an old version (MCP, Protocol Version Header).
func version(header http.Header, m message) string {
	v := header.Get(mcp.HeaderProtocolVersion)
	if v == "" && m.modern {
		return m.version
	}
	if v == "" || slices.Contains(mcp.LegacyProtocolVersions(), v) {
		return ""
	}
	return cut(v, maxToolName)
}

func versionError(id []byte, v string) []byte {
	unsupported := mcp.UnsupportedProtocolVersionError{
		Version:   v,
		Supported: mcp.LegacyProtocolVersions(),
	}
	return encodeError(id, unsupported.JSONRPCError().Error)
}

// initialize opens a connection, which cannot be initialized again: with a second initialize a
// client could become another.
func (h *HTTP) initialize(out *responder, from Principal, m message) {
	if len(out.r.Header.Values(mcp.HeaderSessionID)) > 0 {
		out.reply(http.StatusBadRequest,
			invalid("already initialized: to initialize another MCP session, send no %s",
				mcp.HeaderSessionID).line(m.id))
		return
	}
	c, err := h.open(from, m)
	if err != nil {
		h.server.busy.add()
		out.w.Header().Set("Retry-After", "60")
		out.reply(http.StatusServiceUnavailable, (&fault{busyCode, err.Error()}).line(m.id))
		return
	}
	req := h.newRequest(out, c, m)
	defer req.cancel()
	lines, ok := h.server.answer(req)
	if !ok {
		h.end(c)
	} else {
		out.w.Header().Set(mcp.HeaderSessionID, c.id)
	}
	out.reply(http.StatusOK, lines...)
}

// run carries out one request. If the client goes away, nobody reads the answer, but the call may
// be half done. It gets the same grace that requests get when a line connection ends.
func (h *HTTP) run(out *responder, c *httpConn, m message) {
	req := h.newRequest(out, c, m)
	if err := h.admit(c, req); err != nil {
		req.cancel()
		out.reply(http.StatusOK, h.server.notAdmitted(req, err))
		return
	}
	gone := context.AfterFunc(out.r.Context(), func() {
		time.AfterFunc(h.server.opts.Grace, req.cancel)
	})
	defer gone()
	defer req.over() // a client that reads slowly keeps its answer in memory until then
	lines, _ := h.server.answer(req)
	if cancelled := h.settle(c, req); cancelled {
		out.nothing()
		return
	}
	out.reply(http.StatusOK, lines...)
}

func (h *HTTP) newRequest(out *responder, c *httpConn, m message) *request {
	req := &request{
		message: m,
		agent:   c.from.Agent,
		client:  c.client,
		send:    out.send,
		ending:  h.closing,
	}
	if c.forms && out.streams { // a form comes before the answer
		req.asker = &c.asker
	}
	req.ctx, req.cancel = context.WithCancel(h.base)
	return req
}

func (h *HTTP) admit(c *httpConn, req *request) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return errEnded
	}
	if h.inFlight[req.agent] >= maxAgentRequests {
		return errBusy
	}
	if err := c.requests.admit(req); err != nil {
		return err
	}
	h.inFlight[req.agent]++
	return nil
}

// settle ends a request and reports whether its client has cancelled it.
func (h *HTTP) settle(c *httpConn, req *request) (cancelled bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests.forget(req)
	c.used = h.now()
	if h.inFlight[req.agent]--; h.inFlight[req.agent] == 0 {
		delete(h.inFlight, req.agent)
	}
	return req.cancelled
}

var errEnded = errors.New("the MCP session has ended")
