package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/sign"
)

// written determines which fields the auth type writes, from the parts of the credential that are
// in the clear.
func (r *configReader) written(s *Service) {
	if scheme, credential := s.public(); scheme != nil {
		s.Written = scheme.Writes(credential)
	}
}

// public returns the credential as far as it can be read without the root key: names of headers,
// and fields that are not secret.
func (s *Service) public() (*sign.Scheme, sign.Credential) {
	scheme, known := sign.Lookup(s.Auth.Type)
	if !known {
		return nil, nil
	}
	c := sign.Credential{}
	for path, value := range s.Auth.Fields {
		c[path] = value.Plain
	}
	return scheme, c
}

// headerNames reads a list of names of header fields, each perhaps with a star at its end.
func (r *configReader) headerNames(to *[]policy.HeaderName, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		r.eachHeaderName(n, what, func(_ *yaml.Node, name policy.HeaderName) {
			*to = append(*to,
				name)
		})
	}
}

// allowHeaders also refuses what no owner can let an agent send: fields that Janee or the auth type
// writes, and fields that change what was judged.
func (r *configReader) allowHeaders(n *yaml.Node, what string, s *Service,
	to *[]policy.HeaderName) {
	if n == nil {
		return
	}
	what += ": allowHeaders"
	r.eachHeaderName(n, what, func(item *yaml.Node, name policy.HeaderName) {
		at := -1
		if s != nil {
			at = slices.IndexFunc(s.Written, name.Covers)
		}
		why, pieces := name.Unlistable(), name.Pieces()
		switch {
		case why != "":
			r.problem(item.Line, "%s: %s, so no agent may send it: delete the entry", what,
				why)
		case at >= 0:
			r.problem(item.Line, "%s: %s covers %s, which auth type %s writes: delete the entry",
				what, name, s.Written[at], s.Auth.Type)
		case pieces != "":
			r.warn(item.Line, "%s: %s: leave it out unless replies never contain a key",
				what, pieces)
			fallthrough
		default:
			*to = append(*to, name)
		}
	})
}

func (r *configReader) eachHeaderName(n *yaml.Node, what string, take func(*yaml.Node,
	policy.HeaderName)) {
	switch {
	case n.Kind == yaml.AliasNode:
		return
	case n.Kind != yaml.SequenceNode:
		r.problem(n.Line, "%s must be a list of header names, not %s: write [Stripe-Account]", what,
			shape(n))
		return
	}
	for _, item := range n.Content {
		text, ok := r.text(item, what)
		if !ok {
			continue
		}
		name, err := policy.ParseHeaderName(text)
		if err != nil {
			r.problem(item.Line,
				"%s: %s is not the name of a header: "+
					"write one as in Stripe-Account or x-amz-grant-*", what, brief(text))
			continue
		}
		take(item, name)
	}
}

// queryOperations reads the name of a family of APIs or a list of keys. Without the line the auth
// type decides; with an empty list, rules see only the path.
func (r *configReader) queryOperations(n *yaml.Node, what string, s *Service) {
	what += ": queryOperations"
	switch {
	case n == nil:
		if scheme, credential := s.public(); scheme != nil {
			s.Options.Operations, _ = policy.NamedOperations(scheme.Operations(credential))
		}
	case n.Kind == yaml.SequenceNode:
		r.operationKeys(n, what, s)
	default:
		name, ok := r.text(n, what)
		if !ok {
			return
		}
		if s.Options.Operations, ok = policy.NamedOperations(name); !ok {
			r.problem(n.Line,
				"%s %s is not known: write s3, azure or git, or a list of query keys as in [acl, "+
					"policy]", what, brief(name))
		}
	}
}

func (r *configReader) operationKeys(n *yaml.Node, what string, s *Service) {
	var keys []string
	for _, item := range n.Content {
		key, ok := r.text(item, what)
		if ok && !policy.ValidQueryKey(key) {
			r.problem(item.Line, "%s: %s is not a query key that a rule can name", what, brief(key))
		}
		keys = append(keys, key)
	}
	s.Options.Operations = policy.ListedOperations(keys)
}

// nameList returns a list of header names to be written under a key: nil leaves it alone, an empty
// one removes the line.
type nameList struct {
	key   string
	names []string
}

func (e *editor) nameLists(path []string, lists []nameList) error {
	same := func(name string) func(*yaml.Node) bool {
		return func(n *yaml.Node) bool { return strings.EqualFold(n.Value, name) }
	}
	for _, l := range lists {
		line := append(slices.Clone(path), l.key)
		err := e.setItems(line, l.names, same)
		if l.names != nil && len(l.names) == 0 {
			err = e.remove(line...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// operations writes queryOperations: nil leaves it alone, an empty list removes the line.
func (e *editor) operations(path, words []string) error {
	if words == nil {
		return nil
	}
	if err := e.remove(path...); err != nil || len(words) == 0 {
		return err
	}
	return e.put(path, operationsNode(words))
}

// operationsNode is the name of a family as text, "none" as an empty list, anything else as a list
// of keys.
func operationsNode(words []string) *yaml.Node {
	switch word := words[0]; {
	case len(words) > 1:
	case word == noOperations:
		return list(nil)
	case slices.Contains(policy.OperationFamilies(), word):
		return textNode(word)
	}
	return list(words)
}

// noOperations is the word in QueryOperations with which rules see only the path.
const noOperations = "none"
