package mcpserver

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// responder writes the response to one HTTP request: JSON, or a stream of events if a line must be
// sent before the answer. It is safe for concurrent use.
type responder struct {
	w       http.ResponseWriter
	r       *http.Request
	streams bool // the client accepts text/event-stream

	mu     sync.Mutex
	opened bool // as a stream
	over   bool
	failed bool
}

func newResponder(w http.ResponseWriter, r *http.Request) *responder {
	return &responder{w: w, r: r, streams: accepts(r.Header.Values("Accept"))}
}

// accepts reports whether the client accepts a stream of events. Clients MUST list both content
// types in Accept; a client that lists none is taken to accept both.
func accepts(accept []string) bool {
	all := strings.ToLower(strings.Join(accept, ","))
	return all == "" || strings.Contains(all, "text/event-stream") ||
		strings.Contains(all, "*/*") || strings.Contains(all, "text/*")
}

// send writes a line before the answer, or drops it if the client accepts no stream.
func (out *responder) send(line []byte) {
	out.mu.Lock()
	defer out.mu.Unlock()
	if out.over || !out.streams || line == nil {
		return
	}
	out.begin()
	out.event(line)
}

// reply ends the response with the lines, the last of which is the answer. Without a stream it is
// the only one that is sent.
func (out *responder) reply(status int, lines ...[]byte) {
	out.mu.Lock()
	defer out.mu.Unlock()
	out.over = true
	if out.streams && len(lines) > 1 {
		out.begin()
	}
	if out.opened {
		for _, line := range lines {
			out.event(line)
		}
		return
	}
	last := lines[len(lines)-1]
	out.w.Header().Set("Content-Type", "application/json")
	out.w.Header().Set("Content-Length", strconv.Itoa(len(last)))
	out.deadline()
	out.w.WriteHeader(status)
	_, _ = out.w.Write(last) // a client that is gone needs no answer
}

// nothing ends the response without an answer: the client has cancelled the request and forgotten
// its id.
func (out *responder) nothing() {
	out.mu.Lock()
	defer out.mu.Unlock()
	out.over = true
	if !out.opened {
		out.w.WriteHeader(http.StatusAccepted)
	}
}

// open starts a stream before there is anything to send.
func (out *responder) open() {
	out.mu.Lock()
	defer out.mu.Unlock()
	out.begin()
	out.write([]byte(":\n\n"))
}

// comment keeps proxies from cutting a silent stream.
func (out *responder) comment() {
	out.mu.Lock()
	defer out.mu.Unlock()
	out.write([]byte(":\n\n"))
}

func (out *responder) ok() bool {
	out.mu.Lock()
	defer out.mu.Unlock()
	return !out.failed
}

func (out *responder) begin() {
	if out.opened {
		return
	}
	out.opened = true
	out.w.Header().Set("Content-Type", "text/event-stream")
	out.w.Header().Set("X-Accel-Buffering", "no") // otherwise nginx holds events back
	out.w.WriteHeader(http.StatusOK)
}

// event writes a line of JSON. The line's own end is the first of the two that close an event.
func (out *responder) event(line []byte) {
	out.write([]byte("event: message\ndata: "), line, []byte("\n"))
}

// write writes the parts without joining them, because a line may be megabytes long, and flushes.
func (out *responder) write(parts ...[]byte) {
	if out.failed {
		return
	}
	out.deadline()
	var err error
	for _, part := range parts {
		if err == nil {
			_, err = out.w.Write(part)
		}
	}
	if err == nil {
		err = http.NewResponseController(out.w).Flush()
	}
	out.failed = err != nil
}

// deadline keeps a client that does not read from holding a call and the memory of its answer
// forever.
func (out *responder) deadline() {
	// if this writer does not support it, the server's own deadline applies
	_ = http.NewResponseController(out.w).SetWriteDeadline(time.Now().Add(writeWait))
}
