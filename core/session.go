package core

import (
	"sync"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
)

// sessionMemory remembers, by pair, when a session ends on the monotonic clock, so that a wall clock set back never
// revives what this process has seen end. It grows with the pairs in use, not with calls.
type sessionMemory struct {
	mu   sync.Mutex
	seen map[string]lifetime
}

type lifetime struct {
	id   string
	ends int64 // Now.Mono
}

func newSessionMemory() *sessionMemory { return &sessionMemory{seen: map[string]lifetime{}} }

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

// closed says why a session of this call must not be used, or "" if nothing closes it. Files that cannot be read close it.
func (e *Engine) closed(in In, pair string, c Call) string {
	if data, ok := in.Files[session.RevokedFile(pair)]; ok {
		r, err := session.DecodeRevocation(e.stateKey, data)
		if err != nil {
			return "the record of a revocation cannot be read"
		}
		if r.Pair != pair || in.Now.Wall < r.Until {
			return "revoked by " + r.By
		}
	}
	if data, ok := in.Files[session.ClosedFile]; ok {
		list, err := session.DecodeClosures(e.stateKey, data)
		if err != nil {
			return "the list of closed sessions cannot be read"
		}
		if yes, _ := list.Closes(c.Agent, c.Capability, in.Now.Wall); yes {
			return "closed by its owner"
		}
	}
	return ""
}

// grant returns the session that the call may use now. Its pair is compared because the mac alone does not keep the grant of
// one agent from being copied over that of another.
func (e *Engine) grant(in In, pair string, data []byte, p *config.Capability, origin string) (session.Grant, bool) {
	g, err := session.Decode(e.stateKey, data)
	if err != nil {
		return g, false
	}
	ttl := p.TTL.Milliseconds()
	usable := g.Pair() == pair && g.Service == p.Service && g.Usable(in.Now.Wall, ttl, origin, !p.AutoApprove)
	return g, e.sessions.alive(pair, g, in.Now, ttl, usable)
}

// Revoked reports whether the state files, as found now, end this call. Shells ask before they send and every 50 ms while
// they wait; it may run beside Resume and Scrub.
func (f *Flow) Revoked(in In) bool {
	if _, locked := in.Files[session.LockFile]; locked {
		return true
	}
	return f.call.Via != ViaCLI && f.engine.closed(in, f.pair, f.call) != ""
}
