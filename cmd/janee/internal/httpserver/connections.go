package httpserver

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"

	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
)

// connections bounds how many network connections are open. When there is no room for a new one, it
// cuts the one that has waited longest: first among those that never showed a token, then among
// those between two requests. With a limit that only stops accepting, anyone could keep all agents
// out by opening connections and sending nothing. Connections in use are never cut. Agents have
// fair shares of them, so that one is always left for another agent.
type connections struct {
	max   int
	inUse *fair.Pool

	mu        sync.Mutex
	open      map[net.Conn]*connection
	strangers *list.List // of *connection, the oldest first
	idle      *list.List // of agents; the longest idle first
	ending    bool
}

type connection struct {
	conn  net.Conn
	use   *fair.Lease   // set while it serves a request of an agent
	list  *list.List    // where it waits; nil while it serves a request of an agent
	place *list.Element // in list
}

func newConnections(max int) *connections {
	return &connections{max: max, inUse: fair.New(int64(max), connectionFloor),
		open: map[net.Conn]*connection{}, strangers: list.New(), idle: list.New()}
}

// state is http.Server.ConnState.
func (c *connections) state(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if surplus := c.add(conn); surplus != nil {
			cut(surplus)
		}
	case http.StateIdle: // the answer is out, which is not certain when the handler returns
		c.rest(conn)
	case http.StateClosed, http.StateHijacked:
		c.remove(conn)
	}
}

// add makes room for a new connection and returns the one to cut, which is the new one if all
// others are busy.
func (c *connections) add(conn net.Conn) (surplus net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return conn
	}
	if len(c.open) >= c.max {
		if surplus = c.oldest(); surplus == nil {
			return conn
		}
		c.forget(surplus)
	}
	one := &connection{conn: conn}
	c.open[conn] = one
	c.wait(one, c.strangers)
	return surplus
}

func (c *connections) oldest() net.Conn {
	for _, l := range []*list.List{c.strangers, c.idle} {
		if first := l.Front(); first != nil {
			return first.Value.(*connection).conn
		}
	}
	return nil
}

func (c *connections) wait(one *connection, l *list.List) {
	one.list, one.place = l, l.PushBack(one)
	one.unused()
}

func (c *connection) unused() {
	if c.use != nil {
		c.use.Free()
		c.use = nil
	}
}

func (c *connections) leave(one *connection) {
	if one.list != nil {
		one.list.Remove(one.place)
		one.list, one.place = nil, nil
	}
}

func (c *connections) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(conn)
}

func (c *connections) forget(conn net.Conn) {
	if one := c.open[conn]; one != nil {
		c.leave(one)
		one.unused()
		delete(c.open, conn)
	}
}

// end cuts all connections that wait, and from now on every new one.
func (c *connections) end() {
	c.mu.Lock()
	c.ending = true
	var waiting []net.Conn
	for conn, one := range c.open {
		if one.list != nil {
			waiting = append(waiting, conn)
		}
	}
	c.mu.Unlock()
	for _, conn := range waiting {
		cut(conn)
	}
}

// cut closes the connection below TLS, because tls.Conn.Close would wait for a client that does not
// read.
func cut(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	_ = conn.Close()
}

type connKey struct{}

// context is http.Server.ConnContext: it lets a request find its connection.
func (c *connections) context(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// busy marks the connection of a request as used by agent, until net/http reports it idle. It
// returns false if the agent already uses its share.
func (c *connections) busy(r *http.Request, agent string) bool {
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.open[conn]
	if one == nil {
		return true // cut, or the server is ending: what it writes goes nowhere
	}
	use := c.inUse.Lease(agent)
	if !use.Try(1) {
		return false
	}
	c.leave(one)
	one.use = use
	return true
}

// rest moves the connection to the idle ones, unless it already waits as a stranger.
func (c *connections) rest(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one := c.open[conn]; one != nil && one.list == nil {
		c.wait(one, c.idle)
	}
}
