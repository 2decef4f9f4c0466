// Package config reads and edits config.yaml, the one file that a person writes: services with
// their credentials, and capabilities with their rules.
//
// Parse reads it. It is strict: whatever it does not understand is an error with its line, since a
// rule that is silently ignored would allow what it was written to refuse. Seal, SetVault, Set and
// the Add, Edit and Remove functions change the text; they splice bytes and leave comments, order
// and layout alone.
//
// The package opens no sealed text, which package vault does, and reads no file, which the shell
// does.
//
// A new key needs a line in the function that reads its section (capability.go, service.go and so
// on), a field to read it into, and an entry in the table of internal/docgen.
package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/true-and-useful/janee/core/egress"
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/wire"
)

// Bounds of what a configuration may say.
const (
	MaxSize    = 4 << 20             // bytes of one file
	DefaultTTL = time.Hour           // of a session, if a capability names none
	MaxTTL     = 30 * 24 * time.Hour // of a session
	MaxTimeout = time.Hour           // of one call
	// DefaultTimeout is how long a call may take if its capability does not say.
	DefaultTimeout = time.Minute
)

// Config is one valid config.yaml.
type Config struct {
	Version      string // "1", also if the file names none
	Vault        Vault  // zero if the file has no vault yet
	Services     map[string]*Service
	Capabilities map[string]*Capability
	Agents       map[string]*Agent // those with a token
	Server       Server
	Approvals    Approvals
	Limits       limit.Limits // of one agent, for all capabilities together
	Audit        Audit

	ServiceNames, CapabilityNames, AgentNames []string // in the order of the file

	Warnings []Problem // what is valid but hardly intended, in the order of the file
}

// Service is an upstream API and the credential for it.
type Service struct {
	Name, Description, Docs string

	Base     policy.Base
	Auth     Auth
	Headers  []wire.Header // sent with every request, after the agent's own
	TestPath string        // path of a harmless GET, "" if the file names none
	CAFile   string        // PEM file of the authorities to trust, "" means the system's
	Proxy    string        // URL of the proxy to use, "" means none
	// which addresses may be connected to: those of Base's host, or of Proxy's if there is one, and
	// allowPrivate
	Guard   egress.Guard
	Bound   string // line of vault.Bound that the owner agreed to, "" means none: see Agreed
	Options policy.Options

	AllowHeaders, DenyHeaders []policy.HeaderName // of agents, in all capabilities
	Written                   []string            // header fields that the auth type writes

	Ownership *Ownership // nil: the credential is for every agent
	AllowHTTP bool
	Line      int // 1-based, of the name

	sessionBinding string
}

// Auth is a credential: the scheme of package sign, and the value of each of its fields by path
// ("key", "headers.X-Api-Key").
type Auth struct {
	Type   string
	Fields map[string]Value
}

// Value is a field of a credential as it is in the file. Exactly one of Plain and Sealed is set.
type Value struct {
	Plain  secret.Text
	Sealed string // text of package vault
	Line   int    // 1-based
}

// Capability is what agents ask for: a service seen through rules.
type Capability struct {
	Name, Service, Description string

	TTL                        time.Duration // of a session, at most MaxTTL
	Timeout                    time.Duration // of one call, at most MaxTimeout; 0 = DefaultTimeout
	AutoApprove                bool          // false: a person says yes before a session opens
	RequiresReason, AllHeaders bool
	Policy                     policy.Policy
	AllowHeaders, DenyHeaders  []policy.HeaderName // beside those of the service
	AllowedAgents              []string            // if there are any, only they may use it
	Access                     Access              // which others may; "" means as the server says
	Limits                     limit.Limits
	Line                       int // 1-based, of the name
}

// Problem is one thing to fix (or to look at, as a warning), at a 1-based line. Its text never
// shows a credential.
type Problem struct {
	Line int
	Text string
}

// String returns the problem with its line.
func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.Text) }

// Error is a config.yaml that cannot be used, with everything that is wrong in it, by line. Syntax
// that cannot be read hides what follows it; nothing else does.
type Error struct{ Problems []Problem }

// Error implements error: one problem on the same line, several on a line each.
func (e *Error) Error() string {
	if len(e.Problems) == 1 {
		return "reading config.yaml: " + e.Problems[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "reading config.yaml: %d problems", len(e.Problems))
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}
