package config

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// ErrNotOwner means that the file names another agent as the owner of the service, or none.
var ErrNotOwner = errors.New("the agent does not own the service")

// AddAgent registers an agent by the digest of its token (TokenDigest); created is in RFC 3339. The
// error is ErrExists if the name is taken, and an *Error if the result would not be valid.
func AddAgent(text []byte, name, digest, created string) ([]byte, error) {
	return editedOnce(text, func(c *change) error {
		n := mapping()
		put(n, "token", digest)
		put(n, "created", created)
		return c.add("agents", name, n)
	})
}

// SetAgentToken replaces the token of an agent. The error is a *NotFoundError if there is no agent
// of that name.
func SetAgentToken(text []byte, name, digest string) ([]byte, error) {
	return edited(text, func(e *editor) error {
		if err := e.known("agent", "agents", name); err != nil {
			return err
		}
		return e.put([]string{"agents", name, "token"}, textNode(digest))
	})
}

// RemoveAgent removes an agent. The error is a *NotFoundError if there is no agent of that name.
func RemoveAgent(text []byte, name string) ([]byte, error) {
	return edited(text, func(e *editor) error { return e.removeNamed("agent", "agents", name) })
}

// Share lets another agent use a service, or stops that, on behalf of its owner, who must be the
// owner that the file names. The errors are *NotFoundError and ErrNotOwner. If the file says so
// already, the text is returned unchanged.
func Share(text []byte, service, owner, agent string, grant bool) ([]byte, error) {
	c, err := Parse(text)
	if err != nil {
		return nil, err
	}
	s := c.Services[service]
	if s == nil {
		return nil, &NotFoundError{"service", service, c.ServiceNames}
	}
	if !s.Ownership.Owns(owner) {
		return nil, fmt.Errorf("sharing service %s: %w", brief(service), ErrNotOwner)
	}
	next := s.Ownership.With(agent, grant)
	return edited(text, func(e *editor) error { return e.own(service, &next) })
}

// With returns the ownership after the agent was given access, or lost it. What is for all agents
// stays so, and the owner always has access.
func (o Ownership) With(agent string, grant bool) Ownership {
	has := slices.Contains(o.SharedWith, agent)
	switch {
	case o.Policy == AllAgents || agent == o.CreatedBy:
	// names that were there without effect must not gain access along the way
	case grant && o.Policy == AgentOnly:
		o.Policy, o.SharedWith = Shared, []string{agent}
	case grant && !has:
		o.SharedWith = append(slices.Clone(o.SharedWith), agent)
	case !grant && o.Policy == Shared:
		o.SharedWith = slices.DeleteFunc(slices.Clone(o.SharedWith), func(name string) bool {
			return name == agent
		})
		if len(o.SharedWith) == 0 {
			o.Policy, o.SharedWith = AgentOnly, nil
		}
	}
	return o
}

// own writes the ownership of a service line by line, so that comments and createdAt stay. nil
// leaves it alone, and one without a policy removes it.
func (e *editor) own(service string, o *Ownership) error {
	path := func(keys ...string) []string {
		return append([]string{"services", service, "ownership"}, keys...)
	}
	switch {
	case o == nil:
		return nil
	case o.Policy == "":
		return e.remove(path()...)
	}
	policy := string(o.Policy)
	if err := e.texts(path(), []textEdit{
		{"accessPolicy", &policy}, {"createdBy", &o.CreatedBy},
	}); err != nil {
		return err
	}
	if len(o.SharedWith) == 0 {
		return e.remove(path("sharedWith")...)
	}
	return e.setItems(path("sharedWith"), o.SharedWith, sameName)
}

func sameName(name string) func(*yaml.Node) bool {
	return func(n *yaml.Node) bool { return n.Value == name }
}
