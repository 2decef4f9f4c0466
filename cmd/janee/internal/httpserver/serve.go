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

// maxPosts is how many POST requests one agent may have at a time. It is more than the calls that
// mcpserver allows, so that a cancellation still gets in.
const maxPosts = 128

// postBytes bounds the bodies of the requests in flight of all agents. A single agent may have half
// of it, and each has room for one body.
const postBytes = 128 << 20

// serve passes a request of an authenticated agent on.
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
	refuse(w, http.StatusTooManyRequests, "too many requests at once")
}

// read reads the whole body and then clears the read deadline, because the connection is silent for
// as long as the call takes.
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

// load counts the requests and bytes that each agent has in flight.
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
