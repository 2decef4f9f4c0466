package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
)

// reserved begins a value that will one day say where a credential is kept. If it were taken for
// the credential today, its meaning would change then.
var reserved = []string{"env:", "file:", "keyring:", "op://", "bw://", "vault://", "cmd:"}

// plainField is a secret in the clear, to be sealed in place.
type plainField struct {
	what    string // as errors name it
	binding vault.Binding
	value   secret.Text
	node    *yaml.Node
	indent  int // of the mapping around it: what a block scalar is indented from
}

// authReader reads the auth block of one service.
type authReader struct {
	*configReader
	what    string
	service *Service
	scheme  *sign.Scheme
}

func (r *configReader) auth(n *yaml.Node, line int, what string, s *Service) {
	s.Auth.Fields = map[string]Value{}
	if n == nil || isNull(n) {
		if n != nil {
			line = n.Line
		}
		r.problem(line,
			"%s has no auth: write auth: with a type (bearer, basic, headers, …) and its fields",
			what)
		return
	}
	a := &authReader{r, what + ": auth", s, nil}
	r.entries(n, a.what, func(key, value *yaml.Node) {
		if key.Value == "type" {
			a.readType(value)
		}
	})
	switch {
	case n.Kind != yaml.MappingNode || s.Auth.Type == "" && lookup(n, "type") != nil:
	case s.Auth.Type == "":
		r.problem(n.Line, "%s has no type: write type: and one of %s", a.what,
			strings.Join(sign.Types(), ", "))
	default:
		from := len(a.plain)
		a.readFields(n)
		for i := from; i < len(a.plain); i++ { // only now is it known where all of it goes
			a.plain[i].binding = s.Binding(a.plain[i].binding.Field)
		}
		a.missing(n)
		a.check(n)
	}
}

func (a *authReader) readType(n *yaml.Node) {
	name, ok := a.text(n, a.what+": type")
	if !ok {
		return
	}
	scheme, found := sign.Lookup(name)
	if !found {
		a.problem(n.Line, "%s: type %s is not known: write one of %s", a.what, shown(name),
			strings.Join(sign.Types(), ", "))
		return
	}
	a.service.Auth.Type, a.scheme = name, scheme
}

func (a *authReader) readFields(n *yaml.Node) {
	a.entries(n, a.what, func(key, value *yaml.Node) {
		if key.Value == "type" {
			return
		}
		i := slices.IndexFunc(a.scheme.Fields, func(f sign.Field) bool {
			return f.Name == key.Value
		})
		switch {
		case i < 0:
			a.problem(key.Line, "%s: type %s has no field %s: it has %s", a.what, a.scheme.Type,
				shown(key.Value), fieldNames(a.scheme))
		case a.scheme.Fields[i].Map:
			a.entries(value, a.what+": "+key.Value, func(name, v *yaml.Node) {
				a.readValue(a.scheme.Fields[i], key.Value+"."+name.Value, v, name.Column-1)
			})
		default:
			a.readValue(a.scheme.Fields[i], key.Value, value, key.Column-1)
		}
	})
}

func fieldNames(s *sign.Scheme) string {
	var names []string
	for _, f := range s.Fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

func (a *authReader) readValue(f sign.Field, path string, n *yaml.Node, indent int) {
	if n.Kind == yaml.ScalarNode && n.Style != 0 && n.Value == "" && !f.Required {
		return // password: "" says that there is none
	}
	text, ok := a.value(f, n)
	if !ok {
		return
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		text = strings.TrimRight(text, "\n") // YAML's line end, not the credential's
	}
	if vault.IsSealed(text) {
		a.service.Auth.Fields[path] = Value{Sealed: text, Line: n.Line}
		if _, _, err := vault.Parse(text); err != nil {
			a.warn(n.Line,
				"%s: %s: the sealed text is damaged: type the credential again in its place",
				a.what, f.Name)
		}
		return
	}
	if prefix := reservedPrefix(text); prefix != "" {
		a.problem(n.Line,
			"%s: %s: values that begin with %s are reserved and not supported by this version: "+
				"write the credential itself, Janee seals it in place", a.what, f.Name, prefix)
		return
	}
	value := Value{Plain: secret.New(text), Line: n.Line}
	a.service.Auth.Fields[path] = value
	if f.Secret {
		a.plain = append(a.plain, plainField{fmt.Sprintf("%s of service %q", path, a.service.Name),
			a.service.Binding(path), value.Plain, n, indent})
	}
}

// value reads text or, for a field that is words, the list of them.
func (a *authReader) value(f sign.Field, n *yaml.Node) (string, bool) {
	what := a.what + ": " + f.Name
	switch {
	case f.List && n.Kind == yaml.SequenceNode:
		return a.words(n, what)
	case f.Secret && n.Kind == yaml.MappingNode:
		a.problem(n.Line,
			"%s must be text, not a mapping: write %s: | and put the text below it, indented",
			what, f.Name)
		return "", false
	}
	return a.text(n, what)
}

func (a *authReader) words(n *yaml.Node, what string) (string, bool) {
	var words []string
	for _, item := range n.Content {
		word, ok := a.text(item, what)
		switch {
		case !ok:
			return "", false
		case strings.ContainsAny(word, " \t\r\n"):
			a.problem(item.Line,
				"%s: an item of the list contains a blank: write each on a line of its own", what)
			return "", false
		}
		words = append(words, word)
	}
	if words == nil {
		a.problem(n.Line, "%s is empty: write a value or delete the line", what)
	}
	return strings.Join(words, " "), words != nil
}

func reservedPrefix(s string) string {
	for _, p := range reserved {
		if strings.HasPrefix(s, p) {
			return p
		}
	}
	return ""
}

// missing reports fields that are absent. One that is there but wrong has already been reported.
func (a *authReader) missing(n *yaml.Node) {
	for _, f := range a.scheme.Fields {
		if f.Required && lookup(n, f.Name) == nil {
			a.problem(n.Line, "%s: type %s needs the field %s", a.what, a.scheme.Type, f.Name)
		}
	}
}

// check lets the scheme look at values that are all in the clear; sealed ones are checked when they
// are opened. The scheme names one fault at a time, so check sets each aside to find the next.
func (a *authReader) check(n *yaml.Node) {
	c := sign.Credential{}
	for path, v := range a.service.Auth.Fields {
		if v.Sealed != "" {
			return
		}
		c[path] = v.Plain
	}
	harmless := secret.New("x")
	for seen := map[string]bool{}; ; {
		var fault *sign.FieldError
		err := a.scheme.Check(c)
		if err == nil || !errors.As(err, &fault) || seen[fault.Field] {
			return
		}
		if line := a.faulty(n, fault.Field); line > 0 {
			a.problem(line, "%s: %s %s", a.what, fault.Field, fault.Text)
		}
		seen[fault.Field], c[fault.Field] = true, harmless
	}
}

// faulty returns the line of a field that is there and has to be fixed, 0 for one that is absent or
// already reported.
func (a *authReader) faulty(n *yaml.Node, path string) int {
	if v, read := a.service.Auth.Fields[path]; read {
		return v.Line
	}
	if v := lookup(n, path); v != nil && v.Kind == yaml.MappingNode && len(v.Content) == 0 {
		return v.Line
	}
	return 0
}
