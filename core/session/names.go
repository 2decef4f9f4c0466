package session

import (
	"encoding/hex"

	"github.com/true-and-useful/janee/core/line"
)

// Names of files relative to the home. LockFile needs no content: while it exists, every call is
// refused.
const (
	Dir        = "sessions"
	ClosedFile = Dir + "/closed.json"
	LockFile   = "LOCKED"
)

const (
	grantSuffix   = "json"
	revokedSuffix = "revoked"
)

// Pair names the sessions of one agent over one transport for one capability: 32 hex digits, the
// first half of a SHA-256.
func Pair(via, agent, capability string) string {
	sum := line.Digest("pair", via, agent, capability)
	return hex.EncodeToString(sum[:16])
}

// File names the file of the pair's grant.
func File(pair string) string { return Dir + "/" + pair + "." + grantSuffix }

// RevokedFile names the file that closes the pair by existing.
func RevokedFile(pair string) string { return Dir + "/" + pair + "." + revokedSuffix }

// PairOfFile returns the pair whose grant is in the file called name; ok is false for other files.
func PairOfFile(name string) (pair string, ok bool) {
	if name == ClosedFile {
		return "", false
	}
	return line.Stem(name, Dir, grantSuffix)
}

// PairOfRevokedFile returns the pair that the file called name closes; ok is false for other files.
func PairOfRevokedFile(name string) (pair string, ok bool) {
	return line.Stem(name, Dir, revokedSuffix)
}

// IsOrder reports whether the file called name is an order of the owner that closes something:
// LockFile, ClosedFile, or the revocation of one pair. A backup holds these and no grants.
func IsOrder(name string) bool {
	_, revokes := PairOfRevokedFile(name)
	return revokes || name == LockFile || name == ClosedFile
}

// IsName reports whether name is that of an order or of a grant. No other name, such as one with a
// ".." in it, may be used as a path.
func IsName(name string) bool {
	_, grants := PairOfFile(name)
	return grants || IsOrder(name)
}
