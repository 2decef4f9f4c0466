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

// httpSession is what one client has initialized. It is bound to its Principal: nobody else can use
// it, and a request id in it means nothing in another.
type httpSession struct {
	id      string
	from    Principal
	client  string // label
	forms   bool   // the client can ask its person
	asker   asker
	changed chan struct{} // holds one: the tools have changed since the client was told

	mu      sync.Mutex
	flights flights
	used    time.Time
	stream  chan struct{} // closed to end the open stream; nil where there is none
	ended   bool
}

var errSessions = errors.New("too many sessions: end one with DELETE, or try again later")

// open makes a session. The id is 256 random bits, made here: nothing a client sends ever becomes
// one.
func (h *HTTP) open(from Principal, m message) (*httpSession, error) {
	var id [32]byte
	_, _ = rand.Read(id[:]) // never fails: see crypto/rand
	s := &httpSession{id: base64.RawURLEncoding.EncodeToString(id[:]), from: from,
		client: clientLabel(m.clientName), forms: m.showsForms,
		changed: make(chan struct{}, 1), used: h.now()}
	h.server.opts.Clients.add(s)
	h.mu.Lock()
	surplus, err := h.makeRoom(from.Agent)
	if err == nil {
		h.sessions[s.id] = s
	} else {
		surplus = append(surplus, s)
	}
	h.mu.Unlock()
	for _, old := range surplus {
		h.finish(old)
	}
	return s, err
}

// makeRoom takes out the sessions that are over, and the one that agent has not used for longest
// where it has its fill: clients often end without ending their session. h.mu is held.
func (h *HTTP) makeRoom(agent string) (surplus []*httpSession, err error) {
	var oldest *httpSession
	var unused time.Time
	own := 0
	for _, s := range h.sessions {
		since, idle := s.idle()
		switch {
		case idle && h.now().Sub(since) >= sessionIdle:
			delete(h.sessions, s.id)
			surplus = append(surplus, s)
		case s.from.Agent == agent:
			own++
			if idle && (oldest == nil || since.Before(unused)) {
				oldest, unused = s, since
			}
		}
	}
	if own >= maxAgentSessions && oldest != nil {
		delete(h.sessions, oldest.id)
		surplus = append(surplus, oldest)
		own--
	}
	if h.closed || own >= maxAgentSessions {
		err = errSessions
	}
	return surplus, err
}

// idle reports since when nothing has gone on in the session.
func (s *httpSession) idle() (since time.Time, idle bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used, len(s.flights.byID) == 0 && s.stream == nil
}

// session finds the session a request names. One of another token is not there for this one (404,
// as for an id that was made up), so that ids cannot be probed.
func (h *HTTP) session(header http.Header, from Principal) (*httpSession, int, *fault) {
	ids := header.Values(mcp.HeaderSessionID)
	if len(ids) != 1 {
		return nil, http.StatusBadRequest, invalid("one %s header is needed: initialize gives it",
			mcp.HeaderSessionID)
	}
	h.mu.Lock()
	s := h.sessions[ids[0]]
	h.mu.Unlock()
	if s == nil || s.from != from || !s.touch(h.now()) {
		return nil, http.StatusNotFound,
			&fault{sessionNotFound, "session not found: initialize again"}
	}
	return s, 0, nil
}

// touch marks the session as used, unless it is over.
func (s *httpSession) touch(now time.Time) bool {
	since, idle := s.idle()
	if idle && now.Sub(since) >= sessionIdle {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = now
	return !s.ended
}

// end ends a session at the wish of its client.
func (h *HTTP) end(s *httpSession) {
	h.mu.Lock()
	delete(h.sessions, s.id)
	h.mu.Unlock()
	h.finish(s)
}

// finish cancels what a session that was taken out still does.
func (h *HTTP) finish(s *httpSession) {
	h.server.opts.Clients.remove(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, f := range s.flights.byID {
		f.cancelled = true
		f.cancel()
	}
	if s.stream != nil {
		close(s.stream)
		s.stream = nil
	}
}

// received takes what is not answered: a notification, or the answer to a form. An answer is looked
// for in its own session alone.
func (s *httpSession) received(m message) {
	if m.isAnswer {
		s.asker.answered(m)
		return
	}
	if m.method != methodCancelled {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flights.cancel(m.requestID)
}

// toolsChanged never blocks. Without an open stream the news waits for the next one.
func (s *httpSession) toolsChanged() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}
