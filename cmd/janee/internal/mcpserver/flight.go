package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// flight is a request under way.
type flight struct {
	message
	agent     string
	client    string // label
	ctx       context.Context
	cancel    context.CancelFunc
	send      func(line []byte) // writes a line that comes before the answer
	asker     *asker            // of the connection; nil where the client cannot ask its person
	ending    <-chan struct{}   // of the connection; may be nil
	cancelled bool              // by the client, which wants no reply
	listens   bool              // subscriptions/listen, and granted
	reply     *Reply            // tools/call, once the Broker has returned
	written   func()            // of its reply; nil where nobody wants to know
}

// over tells the Broker that nothing of its reply is in memory any more.
func (f *flight) over() {
	if f.written != nil {
		f.written()
	}
}

// progress returns what tells the client how far its call is, nil where it did not ask (MCP,
// Progress), and stop, after which nothing is told any more: a client has forgotten the token once
// it has its answer.
func (f *flight) progress() (tell func(done, total float64, text string), stop func()) {
	if f.progressToken == nil {
		return nil, func() {}
	}
	var mu sync.Mutex
	over := false
	tell = func(done, total float64, text string) {
		mu.Lock()
		defer mu.Unlock()
		if !over && f.ctx.Err() == nil {
			f.send(encodeProgress(f.progressToken, done, total, text))
		}
	}
	return tell, func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
	}
}

// elicit returns what asks the client's person, nil where it cannot.
func (f *flight) elicit() func(
	ctx context.Context, message string, schema json.RawMessage,
) (json.RawMessage, bool) {
	if f.asker == nil {
		return nil
	}
	return func(
		ctx context.Context, message string, schema json.RawMessage,
	) (json.RawMessage, bool) {
		return f.asker.elicit(ctx, f.send, message, schema)
	}
}

func encodeProgress(token json.RawMessage, done, total float64, text string) []byte {
	type params struct {
		Token    json.RawMessage `json:"progressToken"`
		Progress float64         `json:"progress"`
		Total    float64         `json:"total,omitempty"`
		Message  string          `json:"message,omitempty"`
	}
	return encode(struct {
		JSONRPC string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  params `json:"params"`
	}{mcp.JSONRPC_VERSION, string(mcp.MethodNotificationProgress),
		params{token, done, total, text}})
}

var (
	errSameID = errors.New("a request with this id is already in flight")
	errBusy   = errors.New("server busy")
)

// flights are the requests under way of one connection or one HTTP session, by id as written: 1 and
// "1" are two ids, and so are 1 and 1.0. The zero value is ready; its owner holds a lock around
// every use.
type flights struct {
	byID map[string]*flight
	size int // bytes of their lines
}

// admit registers a request. Nothing waits here: a client that floods is refused at once, and its
// cancellations are still read.
func (s *flights) admit(f *flight) error {
	if s.byID[string(f.id)] != nil {
		return errSameID
	}
	if len(s.byID) >= maxInFlight || s.size+f.message.size > maxInFlightSize {
		return errBusy
	}
	if s.byID == nil {
		s.byID = map[string]*flight{}
	}
	s.byID[string(f.id)] = f
	s.size += f.message.size
	return nil
}

func (s *flights) forget(f *flight) {
	f.cancel()
	delete(s.byID, string(f.id))
	s.size -= f.message.size
}

// cancel ends the request with this id for a client that wants no answer any more; other ids are
// not its own, or over.
func (s *flights) cancel(id json.RawMessage) {
	if f := s.byID[string(id)]; f != nil {
		f.cancelled = true
		f.cancel()
	}
}
