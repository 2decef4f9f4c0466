package mcpserver

import (
	"net/http"
	"time"
)

// stream serves a GET: it sends the server's own messages until the client goes, the connection
// ends or a newer stream takes over. The newer one wins because the older may be a network
// connection that is dead, although TCP has not noticed yet.
func (h *HTTP) stream(out *responder, c *httpConn) {
	if !out.streams {
		out.reply(http.StatusNotAcceptable,
			invalid("a stream needs Accept: text/event-stream").line(nil))
		return
	}
	over, ok := c.attach()
	if !ok {
		out.reply(http.StatusNotFound, (&fault{sessionNotFound, errEnded.Error()}).line(nil))
		return
	}
	defer c.detach(over, h.now)
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for out.open(); out.ok(); {
		select {
		case <-c.changed:
			out.send(toolsChanged)
		case <-tick.C:
			out.comment()
		case <-over:
			return
		case <-h.closing:
			return
		case <-out.r.Context().Done():
			return
		}
	}
}

// attach makes a new stream the only one of the connection.
func (c *httpConn) attach() (over chan struct{}, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, false
	}
	if c.stream != nil {
		close(c.stream)
	}
	c.stream = make(chan struct{})
	return c.stream, true
}

func (c *httpConn) detach(over chan struct{}, now func() time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = now()
	if c.stream == over {
		c.stream = nil
	}
}
