package config

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/wire"
)

// ErrExists means that the name to add is already in the configuration.
var ErrExists = errors.New("the name is taken")

// KV is a field of a credential by path, as in "key" or "headers.X-Api-Key". The value is sealed
// text, or a field that is not secret.
type KV struct{ Path, Value string }

// NewService is what AddService writes. Empty fields are left out.
type NewService struct {
	Name, BaseURL, Description, Docs string

	Type    string // auth type of package sign
	Fields  []KV   // in the order to be written
	Headers []wire.Header
	// one name of a family, or keys, as in ServiceEdit
	QueryOperations []string

	TestPath string
	CAFile   string

	AllowHTTP bool
	Ownership *Ownership // nil means for every agent
}

// NewCapability is what AddCapability writes. Empty fields are left out; TTL and Timeout are
// durations as ParseDuration reads them.
type NewCapability struct {
	Name, Service, Description, TTL, Timeout string

	NeedsApproval  bool // writes autoApprove: false
	RequiresReason bool
	AllHeaders     bool
	// rules; both nil means no rules (everything is allowed), Allow empty but not nil means that
	// nothing is allowed
	Allow, Deny []string

	AllowHeaders, DenyHeaders []string

	AllowedAgents []string
	Access        string // "open", "restricted", or "" to follow the server's
	Limits        []KV   // by the names of package limit
}

// SetVault writes the vault block: in place if there is one, else at the top, after version and the
// header comment. Like all edits it wants a valid configuration (*Error otherwise) and returns one,
// keeps comments and layout, and fails rather than change anything else.
func SetVault(text []byte, v Vault) ([]byte, error) {
	return editedOnce(text, func(c *change) error {
		node, err := c.section("vault")
		if err != nil {
			return err
		}
		entries := mapping()
		for _, f := range []KV{
			{"id", v.ID}, {"key", v.Key}, {"check", v.Check}, {"source", v.Source},
		} {
			put(entries, f.Path, f.Value)
		}
		switch {
		case node == nil:
			return c.insertSection("vault", entries)
		case len(node.Content) == 0 || node.Style&yaml.FlowStyle != 0:
			return c.rewrite(node, c.rootIndent()+indentStep, entries)
		}
		return c.setEntries(node, entries)
	})
}

// setEntries appends the keys that are missing, and only then changes those that are there, because
// it finds positions by the old values.
func (c *change) setEntries(n, entries *yaml.Node) error {
	old := mapping(n.Content...)
	fresh := mapping()
	for i := 0; i+1 < len(entries.Content); i += 2 {
		if key := entries.Content[i]; lookup(old, key.Value) == nil {
			fresh.Content = append(fresh.Content, key, entries.Content[i+1])
		}
	}
	if len(fresh.Content) > 0 {
		if err := c.extend(n, fresh); err != nil {
			return err
		}
	}
	for i := 0; i+1 < len(old.Content); i += 2 {
		if value := lookup(entries, old.Content[i].Value); value != nil {
			if err := c.set(old.Content[i+1], n.Column-1, value.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// AddService writes a service at the end of the services. The error is ErrExists if the name is
// taken, and an *Error if the result would not be valid.
func AddService(text []byte, s NewService) ([]byte, error) {
	return editedOnce(text, func(c *change) error { return c.add("services", s.Name, s.node()) })
}

// AddCapability writes a capability at the end of the capabilities. Its errors are those of
// AddService.
func AddCapability(text []byte, a NewCapability) ([]byte, error) {
	return editedOnce(text, func(c *change) error {
		return c.add("capabilities", a.Name, a.node())
	})
}

func (s NewService) node() *yaml.Node {
	n := mapping()
	put(n, "baseUrl", s.BaseURL)
	put(n, "description", s.Description)
	put(n, "docs", s.Docs)
	n.Content = append(n.Content, textNode("auth"), s.auth())
	if len(s.Headers) > 0 {
		headers := mapping()
		for _, h := range s.Headers {
			put(headers, h.Name, h.Value)
		}
		n.Content = append(n.Content, textNode("headers"), headers)
	}
	if len(s.QueryOperations) > 0 {
		n.Content = append(n.Content, textNode("queryOperations"),
			operationsNode(s.QueryOperations))
	}
	put(n, "testPath", s.TestPath)
	put(n, "caFile", s.CAFile)
	putFlag(n, "allowHttp", s.AllowHTTP)
	if s.Ownership != nil {
		n.Content = append(n.Content, textNode("ownership"), s.Ownership.node())
	}
	return n
}

func (o *Ownership) node() *yaml.Node {
	n := mapping()
	put(n, "accessPolicy", string(o.Policy))
	put(n, "createdBy", o.CreatedBy)
	if len(o.SharedWith) > 0 {
		n.Content = append(n.Content, textNode("sharedWith"), list(o.SharedWith))
	}
	put(n, "createdAt", o.CreatedAt)
	return n
}

func (s NewService) auth() *yaml.Node {
	auth := mapping()
	put(auth, "type", s.Type)
	for _, f := range s.Fields {
		name, inner, nested := strings.Cut(f.Path, ".")
		if !nested {
			put(auth, name, f.Value)
			continue
		}
		group := lookup(auth, name)
		if group == nil {
			group = mapping()
			auth.Content = append(auth.Content, textNode(name), group)
		}
		put(group, inner, f.Value)
	}
	return auth
}

func (a NewCapability) node() *yaml.Node {
	n := mapping()
	put(n, "service", a.Service)
	put(n, "description", a.Description)
	put(n, "ttl", a.TTL)
	if a.NeedsApproval {
		n.Content = append(n.Content, textNode("autoApprove"), boolean(false))
	}
	putFlag(n, "requiresReason", a.RequiresReason)
	if a.Allow != nil || a.Deny != nil {
		n.Content = append(n.Content, textNode("rules"), a.rules())
	}
	for _, l := range []nameList{{"allowHeaders", a.AllowHeaders}, {"denyHeaders", a.DenyHeaders}} {
		if len(l.names) > 0 {
			n.Content = append(n.Content, textNode(l.key), list(l.names))
		}
	}
	if a.AllHeaders {
		put(n, "headers", "all")
	}
	put(n, "timeout", a.Timeout)
	if len(a.AllowedAgents) > 0 {
		n.Content = append(n.Content, textNode("allowedAgents"), list(a.AllowedAgents))
	}
	put(n, "access", a.Access)
	if len(a.Limits) > 0 {
		n.Content = append(n.Content, textNode(limitsSection), limitsNode(a.Limits))
	}
	return n
}

func (a NewCapability) rules() *yaml.Node {
	n := mapping()
	if a.Allow != nil {
		n.Content = append(n.Content, textNode("allow"), list(a.Allow))
	}
	if a.Deny != nil {
		n.Content = append(n.Content, textNode("deny"), list(a.Deny))
	}
	return n
}

func putFlag(n *yaml.Node, key string, on bool) {
	if on {
		n.Content = append(n.Content, textNode(key), boolean(true))
	}
}
