package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/vault"
)

// SealedValue is a sealed text of the file and its place.
type SealedValue struct {
	Service string // "" for the secret of a webhook
	// path under auth: "key", "headers.X-Api-Key"; without a service in the file:
	// "approvals.webhook.secret"
	Field string
	Text  string
}

// String names the place.
func (v SealedValue) String() string {
	if v.Service == "" {
		return v.Field
	}
	return fmt.Sprintf("%s of service %s", brief(v.Field), brief(v.Service))
}

// Sealed lists every sealed value, services in the order of the file and the fields of each by
// path.
func (c *Config) Sealed() (values []SealedValue) {
	for _, name := range c.ServiceNames {
		fields := c.Services[name].Auth.Fields
		for _, path := range slices.Sorted(maps.Keys(fields)) {
			if text := fields[path].Sealed; text != "" {
				values = append(values, SealedValue{name, path, text})
			}
		}
	}
	for _, h := range c.hooks() {
		if text := h.webhook.Secret.Sealed; text != "" {
			values = append(values, SealedValue{"", h.path, text})
		}
	}
	return values
}

// Rekey seals every sealed value again with the sealing key kid, in one change, and sets vault.key
// to kid. reseal gets each value and returns its new text, which must carry the binding of the old
// one, whether or not that is right for its place: a change of keys agrees to no new destination.
// The text must have a vault and nothing in the clear. The error names the value that reseal
// refused; nothing else in the file changes.
func Rekey(text []byte, kid string, reseal func(SealedValue) (string, error)) ([]byte, error) {
	p, err := parse(text)
	if err != nil {
		return nil, err
	}
	if p.config.Vault.ID == "" || len(p.plain) > 0 {
		return nil, errors.New(
			"changing the sealing key: the file has no vault, or secrets in the clear")
	}
	c := &change{doc: p.doc}
	for _, v := range p.config.Sealed() {
		if err := c.rekey(v, kid, reseal); err != nil {
			return nil, fmt.Errorf("sealing %v again: %w", v, err)
		}
	}
	if err := c.setField(lookup(p.doc.root, "vault"), "key", kid); err != nil {
		return nil, err
	}
	return c.apply()
}

func (c *change) rekey(v SealedValue, kid string, reseal func(SealedValue) (string, error)) error {
	was, _, err := vault.Parse(v.Text)
	if err != nil {
		return err
	}
	sealed, err := reseal(v)
	if err != nil {
		return err
	}
	if is, now, err := vault.Parse(sealed); err != nil || is != was || now != kid {
		return errors.New("the new text is not for the same place, or under another key")
	}
	if v.Service != "" {
		return c.setField(lookup(lookup(lookup(c.doc.root, "services"), v.Service), "auth"),
			v.Field, sealed)
	}
	section, path := c.doc.root, strings.Split(v.Field, ".")
	for _, name := range path[:len(path)-1] {
		section = lookup(section, name)
	}
	return c.setField(section, path[len(path)-1], sealed)
}
