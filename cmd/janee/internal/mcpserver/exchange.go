package mcpserver

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// exchange is one HTTP request and its answer: JSON, or a stream of events as soon as something is
// to be said before the answer. It is safe for concurrent use.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	streams bool // the client takes text/event-stream

	mu     sync.Mutex
	opened bool // as a stream
	over   bool
	failed bool
}

func newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	return &exchange{w: w, r: r, streams: accepts(r.Header.Values("Accept"))}
}

// accepts reports whether a stream of events may be sent. Clients MUST list both kinds; those that
// list none get it too.
func accepts(accept []string) bool {
	all := strings.ToLower(strings.Join(accept, ","))
	return all == "" || strings.Contains(all, "text/event-stream") ||
		strings.Contains(all, "*/*") || strings.Contains(all, "text/*")
}

// send writes a line that comes before the answer. A client that takes no stream does not get it.
func (x *exchange) send(line []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over || !x.streams || line == nil {
		return
	}
	x.begin()
	x.event(line)
}

// reply ends the exchange with the last of the lines.
func (x *exchange) reply(status int, lines ...[]byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	if x.streams && len(lines) > 1 {
		x.begin()
	}
	if x.opened {
		for _, line := range lines {
			x.event(line)
		}
		return
	}
	last := lines[len(lines)-1]
	x.w.Header().Set("Content-Type", "application/json")
	x.w.Header().Set("Content-Length", strconv.Itoa(len(last)))
	x.deadline()
	x.w.WriteHeader(status)
	_, _ = x.w.Write(last) // a client that is gone needs no answer
}

// nothing ends the exchange without an answer: the client has cancelled, and forgotten the id.
func (x *exchange) nothing() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	if !x.opened {
		x.w.WriteHeader(http.StatusAccepted)
	}
}

// open begins a stream before there is anything to say.
func (x *exchange) open() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begin()
	x.write([]byte(":\n\n"))
}

// comment is for those between server and client, which cut what is silent.
func (x *exchange) comment() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.write([]byte(":\n\n"))
}

func (x *exchange) ok() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.failed
}

func (x *exchange) begin() {
	if x.opened {
		return
	}
	x.opened = true
	x.w.Header().Set("Content-Type", "text/event-stream")
	x.w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	x.w.WriteHeader(http.StatusOK)
}

// event writes a line of JSON, which ends in the first of the two line ends that close an event.
func (x *exchange) event(line []byte) {
	x.write([]byte("event: message\ndata: "), line, []byte("\n"))
}

// write writes the parts as they are, for a line may be megabytes long, and flushes.
func (x *exchange) write(parts ...[]byte) {
	if x.failed {
		return
	}
	x.deadline()
	var err error
	for _, part := range parts {
		if err == nil {
			_, err = x.w.Write(part)
		}
	}
	if err == nil {
		err = http.NewResponseController(x.w).Flush()
	}
	x.failed = err != nil
}

// deadline keeps a client that does not read from holding a call, and the memory of its answer, for
// good.
func (x *exchange) deadline() {
	// not supported: the server's own holds
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(writeWait))
}
