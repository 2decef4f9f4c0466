package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/vault"
)

// errNotSealed means that a field to be resealed has no sealed text.
var errNotSealed = errors.New("has no sealed value")

// Binding returns what a value in field ("key", "headers.X-Api-Key") of this service has to be
// sealed for. Its origin is that of the base URL, followed by those of the endpoints to which the
// auth type also sends the credential.
func (s *Service) Binding(field string) vault.Binding {
	d := s.Destination()
	return vault.Binding{Service: d.Service, Field: field, Type: d.Type, Origin: d.Origin}
}

// Reseal replaces sealed values of a service in place: fields has new sealed text by path. The old
// text must be sealed, and the new one must carry the binding that its place asks for. Like Seal it
// changes nothing else. The error is an *Error for an invalid text.
func Reseal(text []byte, service string, fields map[string]string) ([]byte, error) {
	p, err := parse(text)
	if err != nil {
		return nil, err
	}
	s := p.config.Services[service]
	if s == nil {
		return nil, fmt.Errorf("resealing service %s: there is none of that name", brief(service))
	}
	c := &change{doc: p.doc}
	auth := lookup(lookup(lookup(p.doc.root, "services"), service), "auth")
	for _, path := range slices.Sorted(maps.Keys(fields)) {
		if err := c.reseal(s, auth, path, fields[path]); err != nil {
			return nil, fmt.Errorf("resealing %s of service %s: %w", brief(path),
				brief(service), err)
		}
	}
	return c.apply()
}

func (c *change) reseal(s *Service, auth *yaml.Node, path, sealed string) error {
	if s.Auth.Fields[path].Sealed == "" {
		return errNotSealed
	}
	b, _, err := vault.Parse(sealed)
	if err != nil {
		return err
	}
	if b != s.Binding(path) {
		return errors.New("the new value is sealed for another place")
	}
	return c.setField(auth, path, sealed)
}

// setField gives the scalar at a field path below a mapping a new text.
func (c *change) setField(section *yaml.Node, path, text string) error {
	holder, name := section, path
	if outer, inner, nested := strings.Cut(path, "."); nested {
		holder, name = lookup(section, outer), inner
	}
	// Block scalars are measured from the column of their key, and keys of one mapping share
	// theirs.
	return c.set(lookup(holder, name), holder.Column-1, text)
}
