package mcpserver

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

const (
	maxListens  = 8   // per connection; a single one can ask for everything there is
	maxListenID = 256 // bytes: the id is kept, and written into every notification
)

var errListens = fmt.Errorf("this connection has %d subscriptions already", maxListens)

// listen is an open subscriptions/listen (MCP 2026-07-28, Subscriptions): the two lines that it may
// still cause. It is no longer a request in flight, so it takes no room from others, and no
// goroutine of it delays the end of the process.
type listen struct {
	changed []byte // notifications/tools/list_changed, tagged with its id
	end     []byte // the result, which is sent when the server ends it
}

var toolsChanged = listChanged(nil)

func listChanged(meta map[string]any) []byte {
	return encode(mcp.JSONRPCNotification{
		JSONRPC: mcp.JSONRPC_VERSION,
		Notification: mcp.Notification{
			Method: mcp.MethodNotificationToolsListChanged,
			Params: mcp.NotificationParams{Meta: meta},
		},
	})
}

// Clients are the connections of a Server, both kinds, and are safe for concurrent use. They are
// made before the Server, because the parts that have news for them (a reload) are made before it.
type Clients struct {
	mu  sync.Mutex // taken before that of a client
	all map[listener]bool
}

// NewClients returns an empty set for Options.Clients.
func NewClients() *Clients { return &Clients{all: map[listener]bool{}} }

// ToolsChanged tells clients that the tools would now answer differently: those that have
// initialized, and those of 2026-07-28 that have subscribed to it. It never blocks.
func (s *Clients) ToolsChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		c.toolsChanged()
	}
}

// listener is a connection of either kind. Its toolsChanged never blocks.
type listener interface{ toolsChanged() }

func (s *Clients) add(c listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[c] = true
}

func (s *Clients) remove(c listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c)
}

func (c *conn) toolsChanged() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.greeted {
		c.out.putAgain(toolsChanged)
	}
	for _, l := range c.listens {
		c.out.putAgain(l.changed)
	}
}

// listen runs on the loop, so that open listens can be counted. It queues the acknowledgement and
// registers the listen under one lock: nothing may come before the acknowledgement, and no change
// after it may be missed.
func (c *conn) listen(req *request) {
	if len(req.id) > maxListenID {
		c.settle(req,
			invalid("the id of a subscription may have %d bytes at most", maxListenID).line(req.id))
		return
	}
	lines, ok := c.server.answer(req)
	if !ok || !req.listens {
		c.settle(req, lines...)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests.forget(req)
	c.listens[string(req.id)] = &listen{
		changed: listChanged(map[string]any{mcp.MetaKeySubscriptionID: req.id}),
		end:     lines[len(lines)-1],
	}
	for _, line := range lines[:len(lines)-1] {
		c.out.put(line)
	}
}

// endListens ends the listens that the client has not ended itself.
func (c *conn) endListens() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, l := range c.listens {
		c.out.put(l.end)
		delete(c.listens, id)
	}
}

// noteSink is what mcp-go needs to know about a connection during one request (a ClientSession):
// where its notifications go.
type noteSink struct {
	req   *request
	notes chan mcp.JSONRPCNotification
}

func newNoteSink(req *request) *noteSink {
	return &noteSink{req, make(chan mcp.JSONRPCNotification, 4)}
}

func (*noteSink) Initialize()                                              {}
func (*noteSink) Initialized() bool                                        { return true }
func (*noteSink) SessionID() string                                        { return "line" }
func (sink *noteSink) NotificationChannel() chan<- mcp.JSONRPCNotification { return sink.notes }

// SetSubscriptionFilter is called just before a listen is acknowledged, with what it is granted.
// HandleMessage of mcp-go would then block until the request is cancelled. So the request is
// cancelled at once, and the result that mcp-go returns is kept as the end of the listen.
func (sink *noteSink) SetSubscriptionFilter(granted mcp.SubscriptionFilter) {
	if granted.ToolsListChanged {
		sink.req.listens = true
		sink.req.cancel()
	}
}

// SubscriptionFilter is for broadcasts of mcp-go. There are none, because it does not know the
// connection outside of a request.
func (*noteSink) SubscriptionFilter() (mcp.SubscriptionFilter, bool) {
	return mcp.SubscriptionFilter{}, true
}

// lines returns the queued notifications. mcp-go reads ids as float64, so the tag is set to the id
// as the client wrote it.
func (sink *noteSink) lines() (lines [][]byte) {
	for len(sink.notes) > 0 {
		note := <-sink.notes
		if note.Params.Meta[mcp.MetaKeySubscriptionID] != nil {
			note.Params.Meta[mcp.MetaKeySubscriptionID] = sink.req.id
		}
		lines = append(lines, encode(note))
	}
	return lines
}

func retag(result any, id json.RawMessage) {
	if r, ok := result.(mcp.SubscriptionsListenResult); ok && r.Meta != nil {
		r.Meta.SetSubscriptionID(id)
	}
}
