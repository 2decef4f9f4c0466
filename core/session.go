package core

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
)

// sessionMemory remembers by the monotonic clock what this process has seen, so that the wall
// clock, wherever it is set, neither revives a session that ended nor ends an order to keep one
// closed. It grows with the pairs and orders in use, not with calls.
type sessionMemory struct {
	mu   sync.Mutex
	seen map[string]lifetime // by pair
	read map[string]reading  // by pair
	// session.Revocation or session.Closure → when it has run its time, in Now.Mono
	orders map[any]int64
}

type lifetime struct {
	id   string
	ends int64 // Now.Mono
}

// reading is a file of a grant that was verified, so that the same bytes need not be again.
type reading struct {
	key, data string
	grant     session.Grant
}

func newSessionMemory() *sessionMemory {
	return &sessionMemory{seen: map[string]lifetime{}, read: map[string]reading{},
		orders: map[any]int64{}}
}

// decode reads the file of the pair's grant. Every call of a session does: verifying the same bytes
// each time would take a fifth of it.
func (m *sessionMemory) decode(key []byte, pair string, data []byte) (session.Grant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.read[pair]; ok && r.data == string(data) && r.key == string(key) {
		return r.grant, nil
	}
	g, err := session.Decode(key, data)
	if err == nil {
		m.read[pair] = reading{string(key), string(data), g}
	}
	return g, err
}

// alive reports whether the grant may still be used. usable is what the grant's own wall times say.
func (m *sessionMemory) alive(pair string, g session.Grant, now Now, ttl int64, usable bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.seen[pair]
	if !ok || s.id != g.ID {
		s = lifetime{g.ID, now.Mono + min(g.Expires-now.Wall, ttl)}
	}
	if !usable {
		s.ends = min(s.ends, now.Mono)
	}
	m.seen[pair] = s
	return now.Mono < s.ends
}

// holds reports whether an order to stay closed until then (Unix ms) is still in force: by the wall
// clock, and for as long as it had to run when this process first saw it. A changed order, such as
// one lifted by a person, is another order.
func (m *sessionMemory) holds(order any, until int64, now Now) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	ends, seen := m.orders[order]
	if !seen {
		if until <= now.Wall {
			return false
		}
		maps.DeleteFunc(m.orders, func(_ any, ends int64) bool { return ends <= now.Mono })
		ends = now.Mono + until - now.Wall
		m.orders[order] = ends
	}
	return now.Wall < until || now.Mono < ends
}

// orders are what the state files hold against the sessions of a pair.
type orders struct {
	revoked *session.Revocation // nil: there is none
	scopes  session.Closures
	damaged string // why everything counts as closed: a file that cannot be read may say so
}

func (e *Engine) orders(in In, pair string) (o orders) {
	if data, ok := in.Files[session.RevokedFile(pair)]; ok {
		r, err := session.DecodeRevocation(e.stateKey, data)
		if err != nil || r.Pair != pair {
			o.damaged = "the record of a revocation cannot be read"
		}
		o.revoked = &r
	}
	if data, ok := in.Files[session.ClosedFile]; ok {
		list, err := session.DecodeClosures(e.stateKey, data)
		if err != nil {
			o.damaged = "the list of closed sessions cannot be read"
		}
		o.scopes = list
	}
	return o
}

// closed says why no session of this call may be used or opened, or "" if nothing closes it.
func (e *Engine) closed(in In, pair string, c Call) string {
	o := e.orders(in, pair)
	if o.damaged != "" {
		return o.damaged
	}
	if r := o.revoked; r != nil && e.sessions.holds(*r, r.Until, in.Now) {
		return fmt.Sprintf("revoked by %s until %s", r.By, clock(r.Until))
	}
	for _, s := range o.scopes {
		if s.Covers(c.Agent, c.Args.Capability) && e.sessions.holds(s, s.Until, in.Now) {
			return "closed by its owner until " + clock(s.Until)
		}
	}
	return ""
}

func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// ends reports whether a grant of the pair is over for good, even where the pair is open again.
func (o orders) ends(g session.Grant) bool {
	return o.revoked != nil && o.revoked.Ends(g) || o.scopes.Ends(g)
}

// grant returns the session that the call may use now. Its pair is compared because the mac alone
// does not keep the grant of one agent from being copied over that of another.
func (e *Engine) grant(
	in In, pair string, data []byte, p *config.Capability, s *config.Service,
) (session.Grant, bool) {
	g, err := e.sessions.decode(e.stateKey, pair, data)
	if err != nil {
		return g, false
	}
	ttl := p.TTL.Milliseconds()
	usable := g.Pair() == pair && g.Service == p.Service &&
		g.Usable(in.Now.Wall, ttl, s.Base.Origin(), s.SessionBinding(), !p.AutoApprove) &&
		!e.orders(in, pair).ends(g)
	return g, e.sessions.alive(pair, g, in.Now, ttl, usable)
}

// Revoked reports whether the state files, as found now, end this call. Shells ask before they send
// and every 50 ms while they wait; it may run beside Resume and Scrub.
func (f *Flow) Revoked(in In) bool {
	f = f.inTurn()
	if _, locked := in.Files[session.LockFile]; locked {
		f.locked.Store(true)
		return true
	}
	if f.call.Person() {
		return false
	}
	if f.engine.closed(in, f.pair, f.call) != "" {
		return true
	}
	// An order that came and went between two looks ends the call too. Orders from before the call
	// were judged when it began.
	began := in.Now.Wall - (in.Now.Mono - f.began)
	return f.engine.orders(in, f.pair).ends(session.Grant{
		ID:         f.session,
		Agent:      f.call.Agent,
		Capability: f.call.Args.Capability,
		Opened:     began,
	})
}
