// Package directory knows popular APIs: for each a Template with base URL, auth type, a harmless
// path to try a key with, and the vendor's page. `janee add` takes from it what its flags leave
// out, with Find; `janee search` lists it, with Search.
//
// The templates come from services.yaml, which is built into the program and explains how to write
// an entry. The package reads no other file and no network, and holds no credentials.
package directory

import (
	"bytes"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
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
	Tags        []string
	// Env maps variables of a .env file to a field, "key", "secret", "url" or "<word>".
	Env  map[string]string
	Docs string
}

// Auth is the way in which an API authenticates requests.
type Auth struct {
	Type string
	// Headers is for the type headers: name → value, which contains {key} and {secret}.
	Headers map[string]string `yaml:"headers"`
	// Fixed are fields that are not secret and the same for everyone.
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

// Search returns the templates whose name, description or tags contain query, in any case, and all
// for "".
func Search(query string) (found []Template) {
	query = strings.ToLower(strings.TrimSpace(query))
	for _, t := range All() {
		words := append([]string{t.Name, t.Description}, t.Tags...)
		if slices.ContainsFunc(words, func(s string) bool {
			return strings.Contains(strings.ToLower(s), query)
		}) {
			found = append(found, t)
		}
	}
	return found
}

// Category returns the first tag.
func (t Template) Category() string { return t.Tags[0] }

var blank = regexp.MustCompile(`<([a-z]+)>`)

// Blanks returns the <words> of the base URL that must be filled in.
func (t Template) Blanks() (words []string) {
	for _, m := range blank.FindAllStringSubmatch(t.BaseURL, -1) {
		words = append(words, m[1])
	}
	return words
}

// Fill returns the base URL with its <words> replaced by words.
func (t Template) Fill(words map[string]string) string {
	return blank.ReplaceAllStringFunc(t.BaseURL, func(s string) string {
		if word := words[strings.Trim(s, "<>")]; word != "" {
			return word
		}
		return s
	})
}

// NeedsSecret reports whether the headers need a second value in addition to {key}.
func (a Auth) NeedsSecret() bool {
	for _, value := range a.Headers {
		if strings.Contains(value, "{secret}") {
			return true
		}
	}
	return false
}

// Fields returns the names of the values that the owner must give: the required fields of the auth
// type that are not fixed, or the names of the headers.
func (a Auth) Fields() (names []string) {
	scheme, ok := sign.Lookup(a.Type)
	if !ok {
		return nil
	}
	for _, f := range scheme.Fields {
		_, fixed := a.Fixed[f.Name]
		switch {
		case f.Map && len(a.Headers) > 0:
			for name := range a.Headers {
				names = append(names, name)
			}
			slices.Sort(names)
		case f.Required && !fixed, a.Type == "basic" && f.Secret:
			names = append(names, f.Name)
		}
	}
	return names
}
