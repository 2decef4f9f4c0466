// Package directory knows the APIs that people use: base URL, auth type, a harmless path to try a
// key with, the vendor's page. Use Find for an exact name and Search for part of one; `janee add`
// fills in from it what its flags leave out. It holds no credential and reads nothing but the file
// that is built in: services.yaml, which says how an entry is written.
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

// Template is what is known of one API. Headers are sent with every request and are no secret.
type Template struct {
	Name        string
	Description string
	BaseURL     string `yaml:"baseUrl"` // may hold <words> to be filled in
	Auth        Auth
	Headers     map[string]string
	TestPath    string `yaml:"testPath"` // "" where no GET tells a good key from a bad one
	Tags        []string
	// variable of a .env file → field, "key", "secret", "url" or "<word>"
	Env  map[string]string
	Docs string
}

// Auth is how an API wants to be authenticated.
type Auth struct {
	Type string
	// of type headers: name → value with {key} and {secret} in it
	Headers map[string]string `yaml:"headers"`
	// fields that are no secret and the same for everyone
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

// All returns the templates whose auth type this program can sign for, by first tag, then by name.
// They are shared: read only.
func All() []Template {
	list, _ := all() // the tests read the same bytes
	return slices.DeleteFunc(slices.Clone(list), func(t Template) bool {
		_, known := sign.Lookup(t.Auth.Type)
		return !known
	})
}

// Find returns the template of exactly this name.
func Find(name string) (Template, bool) {
	list := All()
	i := slices.IndexFunc(list, func(t Template) bool { return t.Name == name })
	if i < 0 {
		return Template{}, false
	}
	return list[i], true
}

// Search returns the templates that hold query in their name, description or tags, without regard
// to case; all for "".
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

// Category is the first tag.
func (t Template) Category() string { return t.Tags[0] }

var blank = regexp.MustCompile(`<([a-z]+)>`)

// Blanks names the <words> of the base URL that are to be filled in.
func (t Template) Blanks() (words []string) {
	for _, m := range blank.FindAllStringSubmatch(t.BaseURL, -1) {
		words = append(words, m[1])
	}
	return words
}

// Fill puts words in the place of the <words> of the base URL.
func (t Template) Fill(words map[string]string) string {
	return blank.ReplaceAllStringFunc(t.BaseURL, func(s string) string {
		if word := words[strings.Trim(s, "<>")]; word != "" {
			return word
		}
		return s
	})
}

// NeedsSecret reports whether the headers hold a second value beside {key}.
func (a Auth) NeedsSecret() bool {
	for _, value := range a.Headers {
		if strings.Contains(value, "{secret}") {
			return true
		}
	}
	return false
}

// Fields names what a person has to give: the required fields of the auth type that are not fixed,
// for headers the names of these.
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
