package mcpserver

import (
	"net/http"
	"time"
)

// stream serves a GET: what the server says of itself, until the client goes, the session ends or
// another stream takes over. A client that lost its connection unseen would otherwise be told
// nothing until TCP gives up.
func (h *HTTP) stream(x *exchange, s *httpSession) {
	if !x.streams {
		x.reply(http.StatusNotAcceptable,
			invalid("a stream needs Accept: text/event-stream").line(nil))
		return
	}
	over, ok := s.attach()
	if !ok {
		x.reply(http.StatusNotFound, (&fault{sessionNotFound, errEnded.Error()}).line(nil))
		return
	}
	defer s.detach(over, h.now)
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for x.open(); x.ok(); {
		select {
		case <-s.changed:
			x.send(toolsChanged)
		case <-tick.C:
			x.comment()
		case <-over:
			return
		case <-h.closing:
			return
		case <-x.r.Context().Done():
			return
		}
	}
}

// attach makes a stream the one of the session.
func (s *httpSession) attach() (over chan struct{}, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, false
	}
	if s.stream != nil {
		close(s.stream)
	}
	s.stream = make(chan struct{})
	return s.stream, true
}

func (s *httpSession) detach(over chan struct{}, now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = now()
	if s.stream == over {
		s.stream = nil
	}
}
