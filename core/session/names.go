package session

import (
	"encoding/hex"

	"github.com/true-and-useful/janee/core/line"
)

// Names of files relative to the home. LockFile needs no content: its presence refuses every call.
const (
	ClosedFile = "sessions/closed.json"
	LockFile   = "LOCKED"
)

// Pair names the sessions of one agent over one transport for one capability: 32 hex digits, the
// first half of a SHA-256.
func Pair(via, agent, capability string) string {
	sum := line.Digest("pair", via, agent, capability)
	return hex.EncodeToString(sum[:16])
}

// File names the file of the pair's grant.
func File(pair string) string { return "sessions/" + pair + ".json" }

// RevokedFile names the file whose presence closes the pair.
func RevokedFile(pair string) string { return "sessions/" + pair + ".revoked" }
