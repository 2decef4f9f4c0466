package httpserver

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
)

// What one agent may have going at a time. Its calls are fewer (mcpserver), so that what cancels
// them still gets in.
const maxPosts = 128

// postBytes bounds the bodies that all agents together have being read or answered. An agent alone
// may have half of it, and each has room for one.
const postBytes = 128 << 20

// serve hands a request of a known agent on.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, from mcpserver.Principal) {
	if !s.conns.busy(r, from.Agent) {
		tooMany(w)
		return
	}
	if r.Method != http.MethodPost {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a stream stays open
		s.mcp.Serve(w, r, from, nil)
		return
	}
	size := r.ContentLength
	if size < 0 {
		size = maxBody
	}
	done, ok := s.load.begin(from.Agent, size)
	if !ok {
		tooMany(w)
		return
	}
	defer done()
	if body, ok := read(w, r); ok {
		s.mcp.Serve(w, r, from, body)
	}
}

func tooMany(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	refuse(w, http.StatusTooManyRequests, "too many requests at a time")
}

// read takes the body as a whole. Afterwards the connection may be silent for as long as the call
// takes.
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
	bytes *fair.Pool

	mu    sync.Mutex
	posts map[string]int
}

func newLoad() *load { return &load{bytes: fair.New(postBytes, maxBody), posts: map[string]int{}} }

// begin admits a request with a body of size bytes, until done is called.
func (l *load) begin(agent string, size int64) (done func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body := l.bytes.Lease(agent)
	if l.posts[agent] >= maxPosts || !body.Try(size) {
		return nil, false
	}
	l.posts[agent]++
	return func() {
		body.Free()
		l.end(agent)
	}, true
}

func (l *load) end(agent string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.posts[agent]--; l.posts[agent] == 0 {
		delete(l.posts, agent)
	}
}
