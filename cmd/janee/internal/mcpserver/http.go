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

// The limits of HTTP. They stand in docs and tests, and no setting changes them.
const (
	maxAgentSessions = 128              // one more ends the session it has not used for longest
	maxAgentRequests = 64               // in flight, an agent
	sessionIdle      = 30 * time.Minute // without a request or an open stream
	// between comments on a stream: proxies cut what is silent for 30 s or 60 s
	keepAlive = 25 * time.Second
	writeWait = 30 * time.Second // for a client to take what is written
)

// sessionNotFound is what other servers of MCP answer for a session they do not know, beside status
// 404.
const sessionNotFound = -32001

// Principal is who asks, as the HTTP server has found out: the agent, and a digest of the token
// that proves it.
type Principal struct {
	Agent string
	Token [32]byte
}

// HTTP serves the tools of a Server over MCP streamable HTTP: POST carries messages, GET opens the
// stream for what belongs to no call, DELETE ends a session. It speaks the versions up to
// 2025-11-25; later ones have no sessions.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
//
// It takes Principal for granted: tokens, hosts, origins and the size of bodies are the business of
// package httpserver. StreamableHTTPServer of mcp-go 1.2 is not used, for it sends progress of a
// call to the stream of GET or of another call, where it comes late or never, and knows of no
// Principal.
type HTTP struct {
	server  *Server
	base    context.Context // of all requests
	cancel  context.CancelFunc
	closing chan struct{}
	now     func() time.Time

	mu       sync.Mutex
	sessions map[string]*httpSession
	requests map[string]int // in flight, by agent
	closed   bool
}

// HTTP makes the HTTP side of the server. Close ends it.
func (s *Server) HTTP() *HTTP {
	h := &HTTP{server: s, closing: make(chan struct{}), now: time.Now,
		sessions: map[string]*httpSession{}, requests: map[string]int{}}
	h.base, h.cancel = context.WithCancel(context.Background())
	return h
}

// EndStreams ends the streams that wait for news, and opens no further session: what is in flight
// goes on.
func (h *HTTP) EndStreams() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.closing)
	}
}

// Close cancels what is in flight and forgets all sessions.
func (h *HTTP) Close() {
	h.EndStreams()
	h.cancel()
	h.mu.Lock()
	all := h.sessions
	h.sessions = map[string]*httpSession{}
	h.mu.Unlock()
	for _, s := range all {
		h.finish(s)
	}
	h.server.busy.tell()
}

// Serve answers a POST, whose body is given, a GET or a DELETE. It returns when the answer is
// written.
func (h *HTTP) Serve(w http.ResponseWriter, r *http.Request, from Principal, body []byte) {
	x := newExchange(w, r)
	if r.Method == http.MethodPost {
		h.post(x, from, body)
		return
	}
	if v := version(r.Header, message{}); v != "" {
		x.reply(http.StatusBadRequest, versionError(nil, v))
		return
	}
	s, status, f := h.session(r.Header, from)
	switch {
	case f != nil:
		x.reply(status, f.line(nil))
	case r.Method == http.MethodGet:
		h.stream(x, s)
	default:
		h.end(s)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *HTTP) post(x *exchange, from Principal, body []byte) {
	m, f := parse(trimmed(body))
	if v := version(x.r.Header, m); v != "" {
		x.reply(http.StatusBadRequest, versionError(m.id, v))
		return
	}
	if f != nil {
		x.reply(http.StatusBadRequest, f.line(m.id))
		return
	}
	if m.method == methodInitialize && m.id != nil {
		h.initialize(x, from, m)
		return
	}
	s, status, f := h.session(x.r.Header, from)
	switch {
	case f != nil:
		x.reply(status, f.line(m.id))
	case m.id == nil || m.isAnswer:
		s.received(m)
		x.w.WriteHeader(http.StatusAccepted)
	default:
		h.request(x, s, m)
	}
}

// version returns what a client speaks that this server does not, or "". Without a header it is an
// old one, §Protocol Version Header.
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
	return encodeError(id, mcp.UnsupportedProtocolVersionError{Version: v,
		Supported: mcp.LegacyProtocolVersions()}.JSONRPCError().Error)
}

// initialize opens a session. A session cannot be initialized again: that would be a way to become
// another client in it.
func (h *HTTP) initialize(x *exchange, from Principal, m message) {
	if len(x.r.Header.Values(mcp.HeaderSessionID)) > 0 {
		x.reply(http.StatusBadRequest,
			invalid("already initialized: a new session begins without %s",
				mcp.HeaderSessionID).line(m.id))
		return
	}
	s, err := h.open(from, m)
	if err != nil {
		h.server.busy.add()
		x.w.Header().Set("Retry-After", "60")
		x.reply(http.StatusServiceUnavailable, (&fault{busyCode, err.Error()}).line(m.id))
		return
	}
	f := h.flight(x, s, m)
	defer f.cancel()
	lines, ok := h.server.answer(f)
	if !ok {
		h.end(s)
	} else {
		x.w.Header().Set(mcp.HeaderSessionID, s.id)
	}
	x.reply(http.StatusOK, lines...)
}

// request runs one request. Where its client goes away nobody will read the answer, but what the
// client began may be half done: it gets the grace that requests get when a line connection ends.
func (h *HTTP) request(x *exchange, s *httpSession, m message) {
	f := h.flight(x, s, m)
	if err := h.admit(s, f); err != nil {
		f.cancel()
		x.reply(http.StatusOK, h.server.notAdmitted(f, err))
		return
	}
	gone := context.AfterFunc(x.r.Context(), func() {
		time.AfterFunc(h.server.opts.Grace, f.cancel)
	})
	defer gone()
	defer f.over() // a client that reads slowly keeps its answer in memory until then
	lines, _ := h.server.answer(f)
	if cancelled := h.land(s, f); cancelled {
		x.nothing()
		return
	}
	x.reply(http.StatusOK, lines...)
}

func (h *HTTP) flight(x *exchange, s *httpSession, m message) *flight {
	f := &flight{message: m, agent: s.from.Agent, client: s.client, send: x.send, ending: h.closing}
	if s.forms && x.streams { // a form comes before the answer
		f.asker = &s.asker
	}
	f.ctx, f.cancel = context.WithCancel(h.base)
	return f
}

func (h *HTTP) admit(s *httpSession, f *flight) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return errEnded
	}
	if h.requests[f.agent] >= maxAgentRequests {
		return errBusy
	}
	if err := s.flights.admit(f); err != nil {
		return err
	}
	h.requests[f.agent]++
	return nil
}

// land ends a request, and reports whether its client has cancelled it.
func (h *HTTP) land(s *httpSession, f *flight) (cancelled bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flights.forget(f)
	s.used = h.now()
	if h.requests[f.agent]--; h.requests[f.agent] == 0 {
		delete(h.requests, f.agent)
	}
	return f.cancelled
}

var errEnded = errors.New("the session has ended")
