// Package config reads and edits config.yaml, the one file a person writes: services with their
// credentials, and capabilities with their rules. Use Parse to load it (strict: whatever is not
// understood is an error with its line, since a rule that is silently ignored would allow what it
// was written to refuse), and Seal, SetVault, Set and the Add, Edit and Remove functions to change
// it: these splice bytes and leave comments, order and layout alone. It opens no sealed text and
// reads no file; package vault does the first, the shell the second.
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

// Bounds of what a config may say.
const (
	MaxSize    = 4 << 20             // bytes of one file
	DefaultTTL = time.Hour           // of a session, where a capability names none
	MaxTTL     = 30 * 24 * time.Hour // of a session
	MaxTimeout = time.Hour           // of one call
	// DefaultTimeout is for how long a call may take whose capability does not say.
	DefaultTimeout = time.Minute
)

// Config is one valid config.yaml.
type Config struct {
	Version      string // "1", also where the file names none
	Vault        Vault  // zero where the file has no vault yet
	Services     map[string]*Service
	Capabilities map[string]*Capability
	Agents       map[string]*Agent // those with a token
	Server       Server
	Approvals    Approvals
	Limits       limit.Limits // of one agent, over all capabilities
	Audit        Audit

	ServiceNames, CapabilityNames, AgentNames []string // in the order of the file

	Warnings []Problem // what is valid and yet hardly meant, in the order of the file
}

// Service is an upstream API and the credential for it.
type Service struct {
	Name, Description, Docs string

	Base     policy.Base
	Auth     Auth
	Headers  []wire.Header // sent with every request, after the agent's own
	TestPath string        // path of a harmless GET, "" where the file names none
	CAFile   string        // PEM file of the authorities to trust, "" = the system's
	Proxy    string        // URL of the proxy to go through, "" = none
	// where connections may be made to: by the host of Base, or of Proxy where there is one, and
	// allowPrivate
	Guard   egress.Guard
	Bound   string // line of vault.Bound that the owner agreed to, "" = none: see Agreed
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

// Value is a field of a credential as it stands in the file. Exactly one of Plain and Sealed is
// set.
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
	AllowedAgents              []string            // where there are any, they alone may use it
	Access                     Access              // who else may; "" = as the server says
	Limits                     limit.Limits
	Line                       int // 1-based, of the name
}

// Problem is one thing to mend (or to look at, as a warning), at a 1-based line. Its text never
// shows a credential.
type Problem struct {
	Line int
	Text string
}

func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.Text) }

// Error is a config.yaml that cannot be used, with everything that is wrong in it, by line. Syntax
// that cannot be read hides what follows it, nothing else does.
type Error struct{ Problems []Problem }

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
