package mcpserver

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	unnamed      = "unnamed" // the agent that gave no name
	maxAgentID   = 64        // bytes
	maxClientTag = 200       // bytes
)

// AgentID makes an agent id, [A-Za-z0-9._@-]{1,64}, from the name that a client gives itself: every
// other byte becomes "-", the name is cut after 64 bytes, and an empty name becomes "unnamed". Two
// names may give the same id, which is a label that the client chose and proves nothing.
func AgentID(name string) string {
	if name == "" {
		return unnamed
	}
	id := []byte(name[:min(len(name), maxAgentID)])
	for i, b := range id {
		if !isAgentByte(b) {
			id[i] = '-'
		}
	}
	return string(id)
}

func isAgentByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' ||
		strings.IndexByte("._@-", b) >= 0
}

// clientLabel is the client's name as given, cut to 200 bytes between characters.
func clientLabel(name string) string { return cut(name, maxClientTag) }

// cut returns the first max bytes of s, or fewer where the last character would be split.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}

// identity is the client that has the connection. Only the reading loop uses it, so requests are
// judged in the order of their lines, however they are scheduled afterwards.
type identity struct {
	name        string
	fixed       bool
	initialized bool
}

// claim fixes the name, or refuses one that differs from the fixed name: an agent must not become
// another one to use that one's sessions. It compares the raw names, because "a b" and "a-b" share
// an id.
func (i *identity) claim(name string) error {
	if i.fixed && i.name != name {
		return fmt.Errorf(
			"this connection belongs to %q: another client needs its own connection",
			cmp.Or(clientLabel(i.name), unnamed))
	}
	i.name, i.fixed = name, true
	return nil
}

// call fixes the empty name for a client that makes a call before it gives a name: to take a name
// later would be a change of identity like any other.
func (i *identity) call() { i.fixed = true }

// initialize claims the name for the rest of the connection, even an empty one: the handshake is
// the client's chance to give its name.
func (i *identity) initialize(name string) error {
	if i.initialized {
		return errors.New("already initialized")
	}
	i.initialized = true
	return i.claim(name)
}
