package mcpserver

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// httpConn is the connection of one client that has initialized over HTTP. MCP calls it a session.
// Only the Principal that opened it can use it, and its request ids mean nothing in another one.
type httpConn struct {
	id      string
	from    Principal
	client  string // see clientLabel
	forms   bool   // the client can show forms
	asker   asker
	changed chan struct{} // holds one item while the client has not heard that the tools changed

	mu       sync.Mutex
	requests requests
	used     time.Time
	stream   chan struct{} // closed to end the open stream; nil if there is none
	ended    bool
}

var errTooManyConns = errors.New("too many MCP sessions: end one with DELETE, or try again later")

// open makes a connection. Its id is 256 random bits made here, never something that a client sent.
func (h *HTTP) open(from Principal, m message) (*httpConn, error) {
	var id [32]byte
	_, _ = rand.Read(id[:]) // never fails: see crypto/rand
	c := &httpConn{
		id:      base64.RawURLEncoding.EncodeToString(id[:]),
		from:    from,
		client:  clientLabel(m.clientName),
		forms:   m.showsForms,
		changed: make(chan struct{}, 1),
		used:    h.now(),
	}
	h.server.opts.Clients.add(c)
	h.mu.Lock()
	surplus, err := h.makeRoom(from.Agent)
	if err == nil {
		h.conns[c.id] = c
	} else {
		surplus = append(surplus, c)
	}
	h.mu.Unlock()
	for _, old := range surplus {
		h.finish(old)
	}
	return c, err
}

// makeRoom removes the connections that have been idle for too long and, if agent is at its limit,
// the one that it has not used for longest: many clients exit without sending DELETE. The caller
// holds h.mu.
func (h *HTTP) makeRoom(agent string) (surplus []*httpConn, err error) {
	var oldest *httpConn
	var unused time.Time
	own := 0
	for _, c := range h.conns {
		since, idle := c.idle()
		switch {
		case idle && h.now().Sub(since) >= connIdle:
			delete(h.conns, c.id)
			surplus = append(surplus, c)
		case c.from.Agent == agent:
			own++
			if idle && (oldest == nil || since.Before(unused)) {
				oldest, unused = c, since
			}
		}
	}
	if own >= maxAgentConns && oldest != nil {
		delete(h.conns, oldest.id)
		surplus = append(surplus, oldest)
		own--
	}
	if h.closed || own >= maxAgentConns {
		err = errTooManyConns
	}
	return surplus, err
}

// idle reports whether the connection has no request and no stream, and when it was last used.
func (c *httpConn) idle() (since time.Time, idle bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used, len(c.requests.byID) == 0 && c.stream == nil
}

// find returns the connection that a request names. For a connection of another token the answer is
// 404, as for an id that does not exist, so that ids cannot be probed.
func (h *HTTP) find(header http.Header, from Principal) (*httpConn, int, *fault) {
	ids := header.Values(mcp.HeaderSessionID)
	if len(ids) != 1 {
		return nil, http.StatusBadRequest,
			invalid("send one %s header, with the id that initialize returned", mcp.HeaderSessionID)
	}
	h.mu.Lock()
	c := h.conns[ids[0]]
	h.mu.Unlock()
	if c == nil || c.from != from || !c.touch(h.now()) {
		return nil, http.StatusNotFound,
			&fault{sessionNotFound, "MCP session not found: initialize again"}
	}
	return c, 0, nil
}

// touch marks the connection as used and reports true, unless it is over.
func (c *httpConn) touch(now time.Time) bool {
	since, idle := c.idle()
	if idle && now.Sub(since) >= connIdle {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = now
	return !c.ended
}

// end ends a connection.
func (h *HTTP) end(c *httpConn) {
	h.mu.Lock()
	delete(h.conns, c.id)
	h.mu.Unlock()
	h.finish(c)
}

// finish cancels the requests and the stream of a connection that is no longer in h.conns.
func (h *HTTP) finish(c *httpConn) {
	h.server.opts.Clients.remove(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for _, req := range c.requests.byID {
		req.cancelled = true
		req.cancel()
	}
	if c.stream != nil {
		close(c.stream)
		c.stream = nil
	}
}

// received takes a message that gets no answer: a notification, or the answer to a form. Only the
// connection that showed the form can answer it.
func (c *httpConn) received(m message) {
	if m.isAnswer {
		c.asker.answered(m)
		return
	}
	if m.method != methodCancelled {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests.cancel(m.requestID)
}

// toolsChanged never blocks. If no stream is open, the next one sends the news.
func (c *httpConn) toolsChanged() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}
