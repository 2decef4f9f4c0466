package config

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Access says which agents may use a capability that names none in allowedAgents.
type Access string

// The values of defaultAccess and access. A capability without its own access follows the server's.
const (
	Open       Access = "open"
	Restricted Access = "restricted"
)

// Server is the server block. The listening address applies to the HTTP transport only.
type Server struct {
	DefaultAccess Access // Open, also if the file names none
	Host          string // name or address without a port, "" if the file names none
	Port          int    // 1 to 65535, 0 if the file names none
}

// Sharing says which agents may use the credential of a service.
type Sharing string

// The values of ownership.accessPolicy.
const (
	AllAgents Sharing = "all-agents"
	AgentOnly Sharing = "agent-only" // only the owner
	Shared    Sharing = "shared"     // the owner and the agents in sharedWith
)

// Ownership says which agent owns a credential, and which others may use it.
type Ownership struct {
	Policy     Sharing
	CreatedBy  string // the owner; "" means the person
	SharedWith []string
	CreatedAt  string // RFC 3339, "" if the file names none
}

// Allows reports whether an agent may use the service. A service without an ownership has a nil
// Ownership, which allows every agent.
func (o *Ownership) Allows(agent string) bool {
	if o == nil || o.Policy == AllAgents {
		return true
	}
	return o.Owns(agent) || o.Policy == Shared && slices.Contains(o.SharedWith, agent)
}

// Owns reports whether the agent owns the credential.
func (o *Ownership) Owns(agent string) bool {
	return o != nil && o.CreatedBy != "" && o.CreatedBy == agent
}

// AccessOf returns which agents may use a capability that names none: its own access decides, else
// the server's.
func (c *Config) AccessOf(p *Capability) Access {
	if p.Access != "" {
		return p.Access
	}
	if c.Server.DefaultAccess == Restricted {
		return Restricted
	}
	return Open
}

// MentionedAgents returns the agents in allowedAgents, createdBy and sharedWith, each once, in the
// order of the file.
func (c *Config) MentionedAgents() (names []string) {
	mention := func(more ...string) {
		for _, name := range more {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range c.ServiceNames {
		if o := c.Services[name].Ownership; o != nil {
			mention(o.CreatedBy)
			mention(o.SharedWith...)
		}
	}
	for _, name := range c.CapabilityNames {
		mention(c.Capabilities[name].AllowedAgents...)
	}
	return names
}

func (r *configReader) server(n *yaml.Node) {
	if unset(n) {
		return
	}
	s := &r.config.Server
	r.mapping(n, "server",
		known{"defaultAccess", r.access(&s.DefaultAccess, "server: defaultAccess")},
		known{"host", r.host},
		known{"port", r.port},
	)
}

func (r *configReader) host(n *yaml.Node) {
	s, ok := r.text(n, "server: host")
	if !ok {
		return
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
	_, err := netip.ParseAddr(s)
	if err != nil && (strings.Trim(s, letters) != "" || len(s) > 253) {
		r.problem(n.Line,
			"server: host %s is neither a host name nor an address: write localhost or "+
				"127.0.0.1, without a port", brief(s))
		return
	}
	r.config.Server.Host = s
}

func (r *configReader) port(n *yaml.Node) {
	s, ok := r.text(n, "server: port")
	if !ok {
		return
	}
	port, err := strconv.Atoi(s)
	if err != nil || port < 1 || port > 65535 {
		r.problem(n.Line, "server: port %s is not a number from 1 to 65535", brief(s))
		return
	}
	r.config.Server.Port = port
}

func (r *reader) access(to *Access, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		s, ok := r.text(n, what)
		if !ok {
			return
		}
		if *to = Access(s); *to != Open && *to != Restricted {
			r.problem(n.Line, "%s %s is not known: write open or restricted", what, brief(s))
			*to = Restricted
		}
	}
}

func (r *configReader) ownership(n *yaml.Node, what string, s *Service) {
	what += ": ownership"
	if isNull(n) {
		r.problem(n.Line,
			"%s is empty: write {accessPolicy: agent-only, createdBy: AGENT}, or delete the line "+
				"so that every agent may use it", what)
		return
	}
	o := &Ownership{}
	s.Ownership = o
	policy := ""
	r.mapping(n, what,
		known{"accessPolicy", r.into(&policy, what+": accessPolicy")},
		known{"createdBy", r.agentName(&o.CreatedBy, what+": createdBy")},
		known{"sharedWith", r.agentNames(&o.SharedWith, what+": sharedWith")},
		known{"createdAt", r.moment(&o.CreatedAt, what+": createdAt")},
	)
	if n.Kind != yaml.MappingNode {
		return
	}
	switch o.Policy = Sharing(policy); o.Policy {
	case AllAgents, Shared:
	case AgentOnly:
		if lookup(n, "createdBy") == nil {
			r.problem(n.Line,
				"%s: agent-only needs createdBy: name the agent that owns it", what)
		}
	default:
		r.problem(n.Line, "%s: accessPolicy must be all-agents, agent-only or shared", what)
	}
	if o.Policy != Shared && len(o.SharedWith) > 0 {
		r.warn(n.Line, "%s: sharedWith has no effect without accessPolicy: shared", what)
	}
}

func (r *reader) agentName(to *string, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		s, ok := r.text(n, what)
		if !ok {
			return
		}
		if !ValidName(s) {
			r.problem(n.Line, "%s: %s is not a name that an agent can have: %s", what,
				brief(s), nameHelp)
			return
		}
		*to = s
	}
}

func (r *reader) agentNames(to *[]string, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		switch {
		case n.Kind == yaml.AliasNode:
			return
		case n.Kind != yaml.SequenceNode:
			r.problem(n.Line, "%s must be a list, not %s: write [NAME, NAME]", what, shape(n))
			return
		}
		for _, item := range n.Content {
			name := ""
			r.agentName(&name, what)(item)
			if name != "" && !slices.Contains(*to, name) {
				*to = append(*to, name)
			}
		}
	}
}

// allowedAgents refuses the empty list: it is what remains when the last name is deleted, and would
// open the capability to all agents.
func (r *configReader) allowedAgents(n *yaml.Node, what string, c *Capability) {
	what += ": allowedAgents"
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 || isNull(n) {
		r.problem(n.Line,
			"%s is empty: name the agents, or delete the line so that access decides", what)
		return
	}
	r.agentNames(&c.AllowedAgents, what)(n)
}

func (r *reader) moment(to *string, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		s, ok := r.text(n, what)
		if !ok {
			return
		}
		if _, err := time.Parse(time.RFC3339, s); err != nil {
			r.problem(n.Line, "%s %s is not a time: write it as in 2026-11-23T09:33:45Z",
				what, brief(s))
			return
		}
		*to = s
	}
}
