package mcpserver

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

const (
	maxListens  = 8   // a connection; one listen can ask for all there is
	maxListenID = 256 // bytes: it is kept, and written into every notification
)

var errListens = fmt.Errorf("this connection has %d subscriptions already", maxListens)

// listen is an open subscriptions/listen (MCP 2026-07-28, Subscriptions): the two lines it may
// still cause. It is no flight. No goroutine runs for it, so it neither takes room from requests
// nor holds up the end of the process.
type listen struct {
	changed []byte // notifications/tools/list_changed, tagged with its id
	end     []byte // the result, which says that the server ends it
}

var toolsChanged = listChanged(nil)

func listChanged(meta map[string]any) []byte {
	return encode(mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION,
		Notification: mcp.Notification{
			Method: mcp.MethodNotificationToolsListChanged,
			Params: mcp.NotificationParams{Meta: meta}}})
}

// Clients are the connections and HTTP sessions that a Server serves. They are made before it:
// whatever has news for them (a reload) is also among the parts that the Server answers with. It is
// safe for concurrent use.
type Clients struct {
	mu  sync.Mutex // taken before that of a client
	all map[listener]bool
}

// NewClients returns what a Server is made with. There are none yet.
func NewClients() *Clients { return &Clients{all: map[listener]bool{}} }

// ToolsChanged tells all clients that what the tools answer has changed: those that have
// initialized, and those of 2026-07-28 that listen for it. It never blocks.
func (s *Clients) ToolsChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		c.toolsChanged()
	}
}

// listener is a connection or an HTTP session. Its toolsChanged never blocks.
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

// listen runs on the loop, so that open listens can be counted. The acknowledgement is written and
// the listen entered in one step: nothing may come before the acknowledgement, and no change after
// it may go untold.
func (c *conn) listen(f *flight) {
	if len(f.id) > maxListenID {
		c.land(f,
			invalid("the id of a subscription may have %d bytes at most", maxListenID).line(f.id))
		return
	}
	lines, ok := c.server.answer(f)
	if !ok || !f.listens {
		c.land(f, lines...)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flights.forget(f)
	c.listens[string(f.id)] = &listen{
		changed: listChanged(map[string]any{mcp.MetaKeySubscriptionID: f.id}),
		end:     lines[len(lines)-1],
	}
	for _, line := range lines[:len(lines)-1] {
		c.out.put(line)
	}
}

// endListens ends what the client has not ended itself.
func (c *conn) endListens() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, l := range c.listens {
		c.out.put(l.end)
		delete(c.listens, id)
	}
}

// session is what mcp-go wants to know of a connection during one request: where its notifications
// go.
type session struct {
	flight *flight
	notes  chan mcp.JSONRPCNotification
}

func newSession(f *flight) *session {
	return &session{f, make(chan mcp.JSONRPCNotification, 4)}
}

func (*session) Initialize()                                           {}
func (*session) Initialized() bool                                     { return true }
func (*session) SessionID() string                                     { return "line" }
func (s *session) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.notes }

// SetSubscriptionFilter learns what a listen is granted, just before it is acknowledged. mcp-go
// would then sit in HandleMessage until the request is cancelled, so it is at once: the result it
// returns is kept as the listen's end.
func (s *session) SetSubscriptionFilter(granted mcp.SubscriptionFilter) {
	if granted.ToolsListChanged {
		s.flight.listens = true
		s.flight.cancel()
	}
}

// SubscriptionFilter is for broadcasts of mcp-go. There are none: it does not know this session
// beyond the request.
func (*session) SubscriptionFilter() (mcp.SubscriptionFilter, bool) {
	return mcp.SubscriptionFilter{}, true
}

// lines empties the notes. mcp-go reads ids as float64, so the tag is put right to the id as
// written.
func (s *session) lines() (lines [][]byte) {
	for len(s.notes) > 0 {
		note := <-s.notes
		if note.Params.Meta[mcp.MetaKeySubscriptionID] != nil {
			note.Params.Meta[mcp.MetaKeySubscriptionID] = s.flight.id
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
