package session

import (
	"slices"

	"github.com/true-and-useful/janee/core/line"
)

// Revocation is the owner's order to close one pair of agent and capability. It ends the grant
// called ID, and every grant of the pair opened up to At, for good, and keeps the pair closed until
// Until. At and Until are Unix milliseconds; By says which channel gave the order ("cli").
type Revocation struct {
	ID    string `json:"id"`
	Pair  string `json:"pair"`
	At    int64  `json:"at"`
	Until int64  `json:"until"`
	By    string `json:"by"`
}

// Encode returns the content of the revocation's file, one line, signed with the key "state" of the
// vault.
func (r Revocation) Encode(key []byte) []byte { return line.Encode(key, "revoked", r) }

// DecodeRevocation reads the content of a revocation's file. On an error the caller treats the pair
// as closed, and also if Pair is not the pair that the file's name gives.
func DecodeRevocation(key, data []byte) (Revocation, error) {
	return line.Open[Revocation](key, data, "revoked")
}

// Ends reports whether the revocation has ended g, a grant of its pair, for good: what a person
// closed never comes back, whatever the clock says and even if Until passes before the grant's own
// end.
func (r Revocation) Ends(g Grant) bool { return r.ID == g.ID || g.Opened <= r.At }

// Reopened returns the revocation with its pair open again from now (Unix ms). The grants that it
// ended stay ended.
func (r Revocation) Reopened(now int64) Revocation {
	r.At, r.Until = min(r.At, now), 0
	return r
}

// Closure is the owner's order to close many sessions: those of Agent, of Capability, or of both;
// an empty name means any. It ends those opened up to At for good and keeps all of them closed
// until Until. Both are Unix milliseconds; By says which channel gave the order.
type Closure struct {
	Agent      string `json:"agent,omitempty"`
	Capability string `json:"capability,omitempty"`
	At         int64  `json:"at"`
	Until      int64  `json:"until"`
	By         string `json:"by"`
}

// Covers reports whether the order applies to the sessions of agent for capability.
func (c Closure) Covers(agent, capability string) bool {
	return matches(c.Agent, agent) && matches(c.Capability, capability)
}

// Closures is the content of the file ClosedFile: one order for each scope.
type Closures []Closure

// Closes reports whether a session of agent for capability is closed at now (Unix ms), and if so
// until when: the latest end counts.
func (c Closures) Closes(agent, capability string, now int64) (closed bool, until int64) {
	for _, s := range c {
		if now < s.Until && s.Covers(agent, capability) {
			closed, until = true, max(until, s.Until)
		}
	}
	return closed, until
}

// Ends reports whether one of the orders has ended g for good.
func (c Closures) Ends(g Grant) bool {
	return slices.ContainsFunc(c, func(s Closure) bool {
		return g.Opened <= s.At && s.Covers(g.Agent, g.Capability)
	})
}

func matches(scope, name string) bool { return scope == "" || scope == name }

const (
	// manyScopes is how many orders are kept regardless of their age. A command that runs while the
	// clock is set ahead believes all of them past; without this it would drop them, and open what
	// they close as soon as the clock is right again.
	manyScopes = 64
	// longestTTL is the longest life of a grant, in milliseconds: an order older than that has
	// nothing left to end.
	longestTTL = 30 * 24 * 3600 * 1000
)

// Add returns the list with one more order. Of two orders about one scope, the later At and the
// later Until count.
func (c Closures) Add(order Closure) Closures {
	kept := make(Closures, 0, len(c)+1)
	for _, s := range c {
		if s.Agent == order.Agent && s.Capability == order.Capability {
			order.At, order.Until = max(s.At, order.At), max(s.Until, order.Until)
			continue
		}
		kept = append(kept, s)
	}
	if kept = append(kept, order); len(kept) > manyScopes {
		return kept.Current(order.At)
	}
	return kept
}

// Reopen returns the list with every order within the scope lifted from now (Unix ms), and the
// orders that were lifted. An order about more than the scope stays. What was ended stays ended.
func (c Closures) Reopen(agent, capability string, now int64) (list, lifted Closures) {
	list = slices.Clone(c)
	for i, s := range list {
		if s.Until != 0 && matches(agent, s.Agent) && matches(capability, s.Capability) {
			lifted = append(lifted, s)
			list[i].At, list[i].Until = min(s.At, now), 0
		}
	}
	return list, lifted
}

// Current returns the orders that may still matter at now (Unix ms): those that close something,
// and those that may have ended a grant that would still be valid.
func (c Closures) Current(now int64) Closures {
	return slices.DeleteFunc(slices.Clone(c), func(s Closure) bool {
		return s.Until <= now && s.At+longestTTL <= now
	})
}

type closedFile struct {
	Scopes Closures `json:"scopes"`
}

// Encode returns the content of ClosedFile, one line, signed with the key "state" of the vault.
func (c Closures) Encode(key []byte) []byte {
	return line.Encode(key, "closed", closedFile{append(Closures{}, c...)})
}

// DecodeClosures reads the content of ClosedFile. On an error the caller treats every session as
// closed.
func DecodeClosures(key, data []byte) (Closures, error) {
	file, err := line.Open[closedFile](key, data, "closed")
	return file.Scopes, err
}
