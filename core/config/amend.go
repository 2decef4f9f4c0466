package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// NotFoundError is the error of an edit that was told to change what does not exist. Known are the
// existing names of its kind.
type NotFoundError struct {
	Kind, Name string // Kind: "service", "capability" or "setting"
	Known      []string
}

// Error implements error.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("there is no %s %s", e.Kind, brief(e.Name))
}

// ErrInUse means that capabilities still name the service that was to be removed.
var ErrInUse = errors.New("capabilities use the service")

// CapabilityEdit says what to change in a capability. What is nil stays; an empty text removes the
// line.
type CapabilityEdit struct {
	// durations as ParseDuration reads them; Headers is "all" or ""
	TTL, Timeout, Description, Headers *string
	AutoApprove, RequiresReason        *bool

	ClearRules  bool     // removes both lists first: without lists everything is allowed
	Allow, Deny []string // replaces the list; at least one rule

	AllowHeaders, DenyHeaders []string // replaces the list; empty and not nil removes it

	ClearAgents   bool     // removes the list: access decides then
	AllowedAgents []string // replaces the list; at least one name
	Access        *string  // "open", "restricted", or "" to follow the server's

	ClearLimits bool // removes the block first
	Limits      []KV // sets each, by the names of package limit; an empty Value removes it
}

// ServiceEdit says what to change in a service. What is nil stays; an empty text removes the line,
// except for BaseURL. Fields are set or added one by one, those of a map too: a header that is not
// named stays.
type ServiceEdit struct {
	BaseURL, Description, Docs, TestPath, CAFile *string
	Fields                                       []KV
	AllowHeaders,
	DenyHeaders []string // replaces the list; empty and not nil removes it
	// one name of a family, or keys; empty and not nil removes the line
	QueryOperations []string
	Ownership       *Ownership // its CreatedAt is ignored; without a Policy the block is removed
}

// RemoveService removes a service, and with it exactly the capabilities named, which must be all
// that use it (ErrInUse otherwise). The comments of what is removed go with it. The error is a
// *NotFoundError if there is no such service.
func RemoveService(text []byte, name string, capabilities []string) ([]byte, error) {
	c, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if users := c.UsersOf(name); !slices.Equal(users, capabilities) {
		return nil, fmt.Errorf("removing service %s: %w: %s", brief(name), ErrInUse,
			strings.Join(users, ", "))
	}
	return edited(text, func(e *editor) error {
		for _, capability := range capabilities {
			if err := e.remove("capabilities", capability); err != nil {
				return err
			}
		}
		return e.removeNamed("service", "services", name)
	})
}

// UsersOf returns the names of the capabilities of a service, in the order of the file.
func (c *Config) UsersOf(service string) []string {
	var names []string
	for _, name := range c.CapabilityNames {
		if c.Capabilities[name].Service == service {
			names = append(names, name)
		}
	}
	return names
}

// RemoveCapability removes a capability and its comments. The error is a *NotFoundError if there is
// no capability of that name.
func RemoveCapability(text []byte, name string) ([]byte, error) {
	return edited(text, func(e *editor) error {
		return e.removeNamed("capability", "capabilities", name)
	})
}

func (e *editor) removeNamed(kind, section, name string) error {
	if err := e.known(kind, section, name); err != nil {
		return err
	}
	return e.remove(section, name)
}

func (e *editor) known(kind, section, name string) error {
	if e.at(section, name) == nil {
		return &NotFoundError{kind, name, keysOf(e.at(section))}
	}
	return nil
}

func keysOf(n *yaml.Node) (keys []string) {
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	return keys
}

// EditCapability changes a capability in place. The error is a *NotFoundError if there is no
// capability of that name, and an *Error if the result would not be valid.
func EditCapability(text []byte, name string, a CapabilityEdit) ([]byte, error) {
	return edited(text, func(e *editor) error {
		if err := e.known("capability", "capabilities", name); err != nil {
			return err
		}
		path := func(keys ...string) []string {
			return append([]string{"capabilities", name}, keys...)
		}
		if err := e.texts(path(), []textEdit{
			{"description", a.Description}, {"ttl", a.TTL}, {"headers", a.Headers},
			{"timeout", a.Timeout},
		}); err != nil {
			return err
		}
		if err := e.flag(path("autoApprove"), a.AutoApprove, true); err != nil {
			return err
		}
		if err := e.flag(path("requiresReason"), a.RequiresReason, false); err != nil {
			return err
		}
		if err := e.setRules(path, a); err != nil {
			return err
		}
		if err := e.nameLists(path(), []nameList{
			{"allowHeaders", a.AllowHeaders}, {"denyHeaders", a.DenyHeaders},
		}); err != nil {
			return err
		}
		if a.ClearLimits {
			if err := e.remove(path(limitsSection)...); err != nil {
				return err
			}
		}
		if err := e.setLimits(path, a.Limits); err != nil {
			return err
		}
		return e.setAccess(path, a)
	})
}

func (e *editor) setRules(path func(...string) []string, a CapabilityEdit) error {
	if a.ClearRules {
		if err := e.remove(path("rules")...); err != nil {
			return err
		}
	}
	if err := e.setItems(path("rules", "allow"), a.Allow, sameRule); err != nil {
		return err
	}
	return e.setItems(path("rules", "deny"), a.Deny, sameRule)
}

func (e *editor) setAccess(path func(...string) []string, a CapabilityEdit) error {
	if a.ClearAgents {
		if err := e.remove(path("allowedAgents")...); err != nil {
			return err
		}
	}
	if err := e.setItems(path("allowedAgents"), a.AllowedAgents, sameName); err != nil {
		return err
	}
	return e.texts(path(), []textEdit{{"access", a.Access}})
}

// EditService changes a service in place; secret Fields come sealed. Its errors are those of
// EditCapability.
func EditService(text []byte, name string, s ServiceEdit) ([]byte, error) {
	return edited(text, func(e *editor) error {
		if err := e.known("service", "services", name); err != nil {
			return err
		}
		path := func(keys ...string) []string { return append([]string{"services", name}, keys...) }
		for _, f := range s.Fields {
			field, inner, nested := strings.Cut(f.Path, ".")
			keys := path("auth", field)
			if nested {
				keys = append(keys, inner)
			}
			if err := e.put(keys, textNode(f.Value)); err != nil {
				return err
			}
		}
		if err := e.nameLists(path(), []nameList{
			{"allowHeaders", s.AllowHeaders}, {"denyHeaders", s.DenyHeaders},
		}); err != nil {
			return err
		}
		if err := e.operations(path("queryOperations"), s.QueryOperations); err != nil {
			return err
		}
		if err := e.own(name, s.Ownership); err != nil {
			return err
		}
		return e.texts(path(), []textEdit{{"baseUrl", s.BaseURL}, {"description", s.Description},
			{"docs", s.Docs}, {"testPath", s.TestPath}, {"caFile", s.CAFile}})
	})
}

// textEdit sets a line, or removes it if the text is empty.
type textEdit struct {
	key   string
	value *string
}

func (e *editor) texts(path []string, edits []textEdit) error {
	for _, t := range edits {
		line := append(slices.Clone(path), t.key)
		var err error
		switch {
		case t.value == nil:
		case *t.value == "":
			err = e.remove(line...)
		default:
			err = e.put(line, textNode(*t.value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// flag sets a line, and adds none that would only repeat the default.
func (e *editor) flag(path []string, value *bool, standard bool) error {
	if value == nil || *value == standard && e.at(path...) == nil {
		return nil
	}
	return e.put(path, boolean(*value))
}
