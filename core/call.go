package core

import (
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/tool"
)

// Call is what a caller wants done: a tool with its arguments.
type Call struct {
	Caller
	Tool  string
	Args  tool.Arguments
	Fault error // why the arguments could not be read; such a call is recorded and refused
}

// Caller is on whose behalf a call is made: an agent, or the person at the command line. All of it
// comes from the shell, never from the arguments of a call.
type Caller struct {
	Agent          string
	Via            string // the transport, one of the Via constants
	Client         string // what the client calls itself; a label, never an identity
	IdentitySource string // how the shell knows Agent; shown by whoami
	SelfNamed      bool   // Agent is the client's own word: it cannot be that of a registered agent
	Peer           Peer   // of ViaSocket

	claimed string // the registered name that a client took for itself
}

// Via says over which transport a call came.
const (
	ViaStdio    = "stdio"
	ViaHTTP     = "http"
	ViaOpenClaw = "openclaw"
	ViaSocket   = "socket" // the Unix socket of the daemon
	ViaCLI      = "cli"    // the person's own commands
)

// Person reports whether the caller is the person at the command line. A person's own commands need
// no session and no approval and are not counted; rules apply to them.
func (c Caller) Person() bool { return c.Via == ViaCLI }

// account is what the caller's calls of a capability are counted on; "": those of all.
func (c Caller) account(capability string) limit.Who {
	return limit.Who{Via: c.Via, Agent: c.Agent, Capability: capability}
}
