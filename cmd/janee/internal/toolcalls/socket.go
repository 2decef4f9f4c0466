package toolcalls

import (
	"context"

	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/core"
)

// The calls in flight of all system users together. A single user may have half of them, and each
// has room for callFloor, whatever the others hold.
const (
	maxCalls  = 2048
	callFloor = 32
)

// Socket serves the callers of the daemon's socket, which are known by their system user.
type Socket struct {
	late  *Late
	calls *fair.Pool
}

// NewSocket returns a Socket for a home that may not be open yet.
func NewSocket(late *Late) *Socket {
	return &Socket{late: late, calls: fair.New(maxCalls, callFloor)}
}

// For returns the Broker of one connection. agent is the name that `janee serve --agent` asks for,
// or "". It counts for no more than what a client calls itself: the engine decides whether the
// system user may be that agent.
func (s *Socket) For(peer core.Peer, agent string) *Connection {
	return &Connection{s, peer, agent}
}

// Connection is the Broker of one connection of a Socket.
type Connection struct {
	socket *Socket
	peer   core.Peer
	agent  string
}

// Call implements mcpserver.Broker.
func (c *Connection) Call(ctx context.Context, call mcpserver.Call) mcpserver.Reply {
	if c.agent != "" {
		call.Agent = c.agent
	}
	place := c.socket.calls.Lease(c.peer.UID)
	if !place.Try(1) {
		return c.Refuse(mcpserver.Refusal{Code: core.Busy, Agent: call.Agent})
	}
	defer place.Free()
	b, err := c.socket.late.broker()
	if err != nil {
		return refused(c.socket.late.notReady(call.Agent, err))
	}
	own := *b
	own.Peer = c.peer
	return own.Call(ctx, call)
}

// Refuse renders a refusal that the transport makes itself.
func (c *Connection) Refuse(r mcpserver.Refusal) mcpserver.Reply {
	return (&Broker{Agent: c.agent}).Refuse(r)
}
