package mcpserver

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	unnamed      = "unnamed" // the agent that never said its name
	maxAgentID   = 64        // bytes
	maxClientTag = 200       // bytes
)

// AgentID makes an agent id, [A-Za-z0-9._@-]{1,64}, of the name a client gave itself: every other
// byte becomes "-", the rest is cut, and nothing at all becomes "unnamed". Two names may give one
// id: the id is a label a client chose for itself, never proof of who it is.
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

// clientLabel is the name as given, cut to 200 bytes on a character.
func clientLabel(name string) string { return cut(name, maxClientTag) }

// cut returns the first max bytes of s, or fewer if the last character would be cut in two.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}

// identity is who holds the connection. Only the reading loop touches it, so requests are judged in
// the order in which they were written, however they are scheduled afterwards.
type identity struct {
	name        string
	fixed       bool
	initialized bool
}

// claim fixes the name, or refuses one that differs from the fixed name: an agent must not change
// into another to get at its sessions. The raw names are compared, as "a b" and "a-b" share an id.
func (i *identity) claim(name string) error {
	if i.fixed && i.name != name {
		return fmt.Errorf(
			"this connection belongs to %q: another client needs a connection of its own",
			cmp.Or(clientLabel(i.name), unnamed))
	}
	i.name, i.fixed = name, true
	return nil
}

// call fixes that a client has no name if it makes a call before it gave one: to be unnamed at
// first and somebody later would be a change of identity like any other.
func (i *identity) call() { i.fixed = true }

// initialize claims the name for good, also the empty one: after the handshake the client has had
// its say.
func (i *identity) initialize(name string) error {
	if i.initialized {
		return errors.New("already initialized")
	}
	i.initialized = true
	return i.claim(name)
}
