package httpserver

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
)

// What one agent may have going at a time. Its calls are fewer (mcpserver), so that what cancels them still gets in.
const (
	maxPosts     = 128
	maxPostBytes = 64 << 20
)

// serve hands a request of a known agent on.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, from mcpserver.Principal) {
	s.conns.busy(r)
	if r.Method != http.MethodPost {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a stream stays open
		s.mcp.Serve(w, r, from, nil)
		return
	}
	size := r.ContentLength
	if size < 0 {
		size = maxBody
	}
	if !s.load.begin(from.Agent, size) {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, "too many requests at a time")
		return
	}
	defer s.load.end(from.Agent, size)
	if body, ok := read(w, r); ok {
		s.mcp.Serve(w, r, from, body)
	}
}

// read takes the body as a whole. Afterwards the connection may be silent for as long as the call takes.
func read(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		return body, true
	}
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		tooLarge(w)
	} else {
		refuse(w, http.StatusRequestTimeout, "the body did not arrive")
	}
	return nil, false
}

// load is what each agent has going.
type load struct {
	mu    sync.Mutex
	posts map[string]int
	bytes map[string]int64
}

func newLoad() *load { return &load{posts: map[string]int{}, bytes: map[string]int64{}} }

func (l *load) begin(agent string, size int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.posts[agent] >= maxPosts || l.bytes[agent]+size > maxPostBytes {
		return false
	}
	l.posts[agent]++
	l.bytes[agent] += size
	return true
}

func (l *load) end(agent string, size int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes[agent] -= size
	if l.posts[agent]--; l.posts[agent] == 0 {
		delete(l.posts, agent)
		delete(l.bytes, agent)
	}
}
