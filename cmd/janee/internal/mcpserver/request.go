package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// request is a JSON-RPC request that is being carried out.
type request struct {
	message
	agent     string
	client    string // see clientLabel
	ctx       context.Context
	cancel    context.CancelFunc
	send      func(line []byte) // writes a line that comes before the answer
	asker     *asker            // of the connection; nil if the client cannot show forms
	ending    <-chan struct{}   // of the connection; may be nil
	cancelled bool              // the client cancelled it and wants no reply
	listens   bool              // it is a subscriptions/listen, and was granted
	reply     *Reply            // of a tools/call, once the Broker has returned
	written   func()            // Reply.Written; may be nil
}

// over tells the Broker that no part of its reply is in memory any longer.
func (req *request) over() {
	if req.written != nil {
		req.written()
	}
}

// progress returns Call.Progress, which is nil if the client did not ask for it (MCP, Progress),
// and stop. Nothing is sent after stop: a client that has its answer has forgotten the token.
func (req *request) progress() (tell func(done, total float64, text string), stop func()) {
	if req.progressToken == nil {
		return nil, func() {}
	}
	var mu sync.Mutex
	over := false
	tell = func(done, total float64, text string) {
		mu.Lock()
		defer mu.Unlock()
		if !over && req.ctx.Err() == nil {
			req.send(encodeProgress(req.progressToken, done, total, text))
		}
	}
	return tell, func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
	}
}

// elicit returns Call.Elicit, which is nil if the client cannot show forms.
func (req *request) elicit() func(
	ctx context.Context, message string, schema json.RawMessage,
) (json.RawMessage, bool) {
	if req.asker == nil {
		return nil
	}
	return func(
		ctx context.Context, message string, schema json.RawMessage,
	) (json.RawMessage, bool) {
		return req.asker.elicit(ctx, req.send, message, schema)
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

// requests are the requests in flight of one connection, by id as written: 1 and "1" are two ids,
// and so are 1 and 1.0. The zero value is ready. The connection holds its lock around every use.
type requests struct {
	byID map[string]*request
	size int // bytes of their lines
}

// admit registers a request or refuses it at once. It never waits, so that the cancellations of a
// client that floods are still read.
func (r *requests) admit(req *request) error {
	if r.byID[string(req.id)] != nil {
		return errSameID
	}
	if len(r.byID) >= maxInFlight || r.size+req.message.size > maxInFlightSize {
		return errBusy
	}
	if r.byID == nil {
		r.byID = map[string]*request{}
	}
	r.byID[string(req.id)] = req
	r.size += req.message.size
	return nil
}

func (r *requests) forget(req *request) {
	req.cancel()
	delete(r.byID, string(req.id))
	r.size -= req.message.size
}

// cancel cancels the request with this id, whose client wants no answer. An unknown id is that of a
// request that is over, or of another connection.
func (r *requests) cancel(id json.RawMessage) {
	if req := r.byID[string(id)]; req != nil {
		req.cancelled = true
		req.cancel()
	}
}
