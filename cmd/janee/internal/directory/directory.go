// Package directory knows popular APIs: for each a Template with base URL, auth type, a harmless
// path to try a key with, and the vendor's page. `janee add` takes from it what its flags leave
// out, with Find; `janee search` lists it, with Search; `janee import --env` finds the API of an
// environment variable, with Part.
//
// The templates come from services.yaml, which is built into the program and explains how to write
// an entry. The package reads no other file and no network, and holds no credentials.
package directory

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/sign"
)

//go:embed services.yaml
var text []byte

// Template describes one API.
type Template struct {
	Name        string
	Description string
	BaseURL     string `yaml:"baseUrl"` // may contain <words> to fill in
	Auth        Auth
	Headers     map[string]string // sent with every request; not secret
	TestPath    string            `yaml:"testPath"` // "" if no GET tells a good key from a bad one
	// QueryOperations are the query keys that choose the operation, or the name of one family that
	// policy.OperationFamilies knows; empty if the auth type decides.
	QueryOperations []string `yaml:"queryOperations"`
	Tags            []string
	// Env has the environment variables of each part of the credential, most usual first. A part is
	// a field of the auth type, "key" or "secret" of Auth.Headers, "url" or a "<word>".
	Env map[string][]string
	// YieldsTo names the template to which a variable that both have belongs.
	YieldsTo string `yaml:"yieldsTo"`
	Docs     string
}

// Auth is the way in which an API authenticates requests.
type Auth struct {
	Type string
	// Headers is for the type headers: name → value, which contains {key} and {secret}.
	Headers map[string]string `yaml:"headers"`
	// Fixed are fields that are the same for everyone, and so not secret. They may contain <words>.
	Fixed map[string]string `yaml:",inline"`
}

var all = sync.OnceValues(func() ([]Template, error) { return parse(text) })

func parse(text []byte) (list []Template, err error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("reading the service directory: %w", err)
	}
	return list, nil
}

// All returns the templates whose auth type this program supports, by first tag, then by name. They
// are shared, so do not change them.
func All() []Template {
	list, _ := all() // the tests read the same bytes
	return slices.DeleteFunc(slices.Clone(list), func(t Template) bool {
		_, known := sign.Lookup(t.Auth.Type)
		return !known
	})
}

// Find returns the template with exactly this name.
func Find(name string) (Template, bool) {
	list := All()
	i := slices.IndexFunc(list, func(t Template) bool { return t.Name == name })
	if i < 0 {
		return Template{}, false
	}
	return list[i], true
}

// Category returns the first tag.
func (t Template) Category() string { return t.Tags[0] }

// Part returns the part of the credential that the environment variable holds, as a key of Env; ""
// if the variable does not belong to this API.
func (t Template) Part(variable string) string {
	part := t.part(variable)
	if part != "" && t.YieldsTo != "" {
		if other, ok := Find(t.YieldsTo); ok && other.part(variable) != "" {
			return ""
		}
	}
	return part
}

func (t Template) part(variable string) string {
	for part, names := range t.Env {
		if slices.Contains(names, variable) {
			return part
		}
	}
	return ""
}

// Needs returns the parts of the credential that the owner must give. A "url" takes the place of
// the <words> of the base URL.
func (t Template) Needs() (parts []string) {
	words := Blanks(t.BaseURL)
	for _, name := range t.Auth.parts() {
		if value, fixed := t.Auth.Fixed[name]; fixed {
			words = append(words, Blanks(value)...)
		} else if !slices.Contains(words, name) { // AWS wants the region in both
			parts = append(parts, name)
		}
	}
	for i, word := range words {
		words[i] = "<" + word + ">"
	}
	return append(words, parts...)
}

// Fields returns the names of the values that the owner must give: the required fields of the auth
// type that are not fixed, or the names of the headers.
func (a Auth) Fields() []string {
	if len(a.Headers) > 0 {
		return slices.Sorted(maps.Keys(a.Headers))
	}
	return slices.DeleteFunc(a.parts(), func(name string) bool {
		value, fixed := a.Fixed[name]
		return fixed && len(Blanks(value)) == 0
	})
}

// parts returns what the credential consists of: the required fields of the auth type and the
// password, or what its headers are made of.
func (a Auth) parts() (names []string) {
	switch scheme, ok := sign.Lookup(a.Type); {
	case a.NeedsSecret():
		return []string{"key", "secret"}
	case len(a.Headers) > 0:
		return []string{"key"}
	case ok:
		for _, f := range scheme.Fields {
			if f.Required || a.Type == "basic" && f.Secret {
				names = append(names, f.Name)
			}
		}
	}
	return names
}
