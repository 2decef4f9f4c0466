// Package session decides whether a grant may be used now, and encodes what Janee keeps of it. A
// grant is the permission of one agent to use one capability for a while.
//
// Three kinds of file hold that state. A Grant opens a session; a Revocation closes one pair of
// agent and capability; Closures close whole groups of them. File, RevokedFile and ClosedFile name
// these files, and PairOfFile, PairOfRevokedFile and IsOrder recognize one by its name.
// Grant.Usable, Revocation.Ends and Closures.Closes decide. A caller must treat what it cannot
// decode as closed.
//
// The package reads no files and no clock, and knows no rules for paths, which are in package
// policy.
package session

import (
	"github.com/true-and-useful/janee/core/line"
)

// skewMs is how far in the future a grant may seem to be opened: another process on the same
// machine can read its clock a little later.
const skewMs = 5000

// Grant is one open session. Opened and Expires are Unix milliseconds. Origin is the origin of the
// service at the time the grant was opened, and Bound everything else that decided then where its
// credential goes. Approval is the id of the approval that opened it, or empty if no person was
// asked.
type Grant struct {
	ID         string `json:"id"`
	Agent      string `json:"agent"`
	Via        string `json:"via"`
	Capability string `json:"capability"`
	Service    string `json:"service"`
	Origin     string `json:"origin"`
	Bound      string `json:"bound,omitempty"`
	Opened     int64  `json:"opened"`
	Expires    int64  `json:"expires"`
	Approval   string `json:"approval,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// Pair returns the pair that the grant was made for. A caller compares it with the pair in the
// file's name and with that of the call: the MAC alone does not stop anyone from copying a grant
// over that of another agent.
func (g Grant) Pair() string { return Pair(g.Via, g.Agent, g.Capability) }

// Usable reports whether the grant permits a call at now (Unix ms). The other arguments are what
// the configuration says at the time of the call, so that a shorter ttl, another address of the
// service or a new demand for approval takes effect at once.
func (g Grant) Usable(now, ttlMs int64, origin, bound string, needApproval bool) bool {
	return g.Opened <= now+skewMs &&
		now < min(g.Expires, g.Opened+ttlMs) &&
		g.Origin == origin && g.Bound == bound &&
		(!needApproval || g.Approval != "")
}

// Encode returns the content of the grant's file, one line, signed with the key "state" of the
// vault.
func (g Grant) Encode(key []byte) []byte { return line.Encode(key, "session", g) }

// Decode reads the content of a grant's file. Any error means that there is no grant.
func Decode(key, data []byte) (Grant, error) {
	return line.Open[Grant](key, data, "session")
}
