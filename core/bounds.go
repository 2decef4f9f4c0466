package core

import "time"

// ExchangeTimeout is how long a call waits for a token, and how long a shell lets the exchange of a
// flight take: a call that has less time left waits for less.
const ExchangeTimeout = 30 * time.Second

// Shells bound the memory that replies take: an agent that asks for large replies, or reads its own
// slowly, must not take what the calls of other agents need. All are in bytes of reply bodies.
const (
	// ReplyBudget is what the calls of all agents hold together, from the first byte that arrives
	// until the answer is written. In JSON, and again inside that of the protocol, a reply takes
	// several times as much.
	ReplyBudget = 64 << 20
	// ReplyFloor is what each agent has of it whatever the others hold: several replies of the size
	// that a call asks for if it does not say.
	ReplyFloor = 1 << 20
	// ReplyStep is the least that a reply takes at once, and what must be free of the agent's share
	// before a request is sent.
	ReplyStep = 64 << 10
)

// Shells look at the same files as often as each other, and wait for the same things as long.
const (
	// WatchInterval is how often a shell looks at the state files that end a call under way: a
	// revocation cuts the call within twice that time.
	WatchInterval = 50 * time.Millisecond
	// FlightKept is how long a flight that has ended still answers calls that were on their way to
	// it.
	FlightKept = 10 * time.Second
	// RoomPatience is how long a call waits to be sent while the replies of its own agent hold its
	// whole share: answers that are just being read give theirs back at once.
	RoomPatience = time.Second
)
