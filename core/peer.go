package core

import (
	"fmt"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/config"
)

// Peer is who is at the other end of a Unix socket, according to the kernel. UID is in decimal
// digits; User is the name of that uid, or the uid again where it has none that can be part of an
// agent's name. Executable may be empty: one user may often not look at the processes of another.
type Peer struct{ UID, User, PID, Executable string }

// Holder is whose share of what all callers need a call takes: that of the system user where the
// kernel names one, for a client may call itself anything. Otherwise it is that of the agent.
func (c Caller) Holder() string {
	if c.Via == ViaSocket {
		return "uid " + c.Peer.UID
	}
	return c.Agent
}

// maxAgent is the longest name of an agent in bytes, see config.ValidName.
const maxAgent = 64

// ofUser settles who a caller over the socket is. The agents that are bound to its user are the
// only ones that it can be. Any other client names itself, and gets @USER behind that name: so two
// users share no session, and no client of one can pass for a client of the other.
func (c Caller) ofUser(cfg *config.Config) Caller {
	mine := cfg.AgentsOf(c.Peer.UID, c.Peer.User)
	c.SelfNamed, c.IdentitySource = false, c.Peer.source()
	switch {
	case len(mine) == 1:
		c.Agent = mine[0]
		return c
	case slices.Contains(mine, c.Agent):
		return c
	case len(mine) > 1:
		c.IdentitySource = fmt.Sprintf("%s; it has several agents (%s), and the client names "+
			"none of them", c.Peer.source(), strings.Join(mine, ", "))
		c.Agent = config.UnnamedOf(c.Peer.User)
		return c
	}
	own := c.Peer.suffixed(c.Agent)
	for _, name := range []string{c.Agent, own} {
		if cfg.Agents[name] != nil {
			c.claimed = name
			own = config.UnnamedOf(c.Peer.User)
		}
	}
	if c.Agent = own; c.claimed != "" {
		c.IdentitySource = fmt.Sprintf("%s; the client calls itself %q, a registered name that "+
			"is not bound to this user", c.Peer.source(), c.claimed)
	}
	return c
}

func (p Peer) source() string { return fmt.Sprintf("system user %s (uid %s)", p.User, p.UID) }

// suffixed is name@USER, of which the name is cut where that is too long. A name that ends so
// already is kept: settling a name twice changes nothing.
func (p Peer) suffixed(name string) string {
	if name == "" {
		name = config.Unnamed
	}
	suffix := "@" + p.User
	if strings.HasSuffix(name, suffix) {
		return name
	}
	return name[:min(len(name), maxAgent-len(suffix))] + suffix
}

// describe adds the peer to what a record tells.
func (p Peer) describe(detail map[string]string) map[string]string {
	for _, field := range []struct{ name, value string }{
		{"uid", p.UID}, {"user", p.User}, {"pid", p.PID}, {"executable", p.Executable},
	} {
		if field.value != "" {
			detail = with(detail, field.name, field.value)
		}
	}
	return detail
}
