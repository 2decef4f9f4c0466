package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
)

// Setting is one value of the file by its dotted path, as in "capabilities.stripe.ttl". Value is a
// string, a bool or, for a list, a []string; nil for a key that the file may have and does not. A
// secret is never shown: its Value is "sealed" or "not sealed yet".
type Setting struct {
	Key   string
	Value any
}

// Errors of Set. What they refuse has a command of its own.
var (
	ErrSecret   = errors.New("it is a secret")
	ErrBinding  = errors.New("it says where a credential is sent")
	ErrReserved = errors.New("only janee writes it")
	ErrNoScalar = errors.New("it is not one value")
)

// scalars are the keys with one value that an entry of a section may have, or the section itself if
// it has no entries; true marks those that are true or false.
var scalars = map[string]map[string]bool{
	serverSection:    {"defaultAccess": false, "host": false, "port": false},
	approvalsSection: {"wait": false, "notify": true, "elicitation": true},
	limitsSection: {limit.PerMinute: false, limit.PerHour: false, limit.BytesPerHour: false,
		limit.Concurrent: false, limit.MaxRequestBytes: false, limit.MaxResponseBytes: false},
	"services": {"baseUrl": false, "description": false, "docs": false, "testPath": false,
		"caFile": false, "queryOperations": false,
		"allowHttp": true, "allowEncodedSlash": true, "allowSemicolon": true,
		"allowDoubleSlash": true},
	"capabilities": {"service": false, "description": false, "ttl": false, "headers": false,
		"timeout": false, "access": false, "autoApprove": true, "requiresReason": true},
}

// Get returns the setting that key names, or all below it in the order of the file; "" means all.
// The error is a *NotFoundError for a key that cannot exist.
func Get(text []byte, key string) ([]Setting, error) {
	p, err := parse(text)
	if err != nil {
		return nil, err
	}
	path, rest := resolve(p.doc.root, key)
	n := (&editor{p.doc}).at(path...)
	if rest == "" {
		return p.settings(path, n), nil
	}
	if len(path) > 0 && len(path) == depth(path[0]) {
		if _, known := scalars[path[0]][rest]; known {
			return []Setting{{Key: key}}, nil
		}
	}
	return nil, missing(path, rest, n)
}

// Set gives a value to a setting and adds the line if it is missing. The errors are *NotFoundError;
// ErrSecret, ErrBinding, ErrReserved and ErrNoScalar for what cannot be set in this way; and *Error
// if the result would not be valid.
func Set(text []byte, key, value string) ([]byte, error) {
	p, err := parse(text)
	if err != nil {
		return nil, err
	}
	path, err := p.settable(key)
	if err != nil {
		return nil, err
	}
	return edited(text, func(e *editor) error { return e.put(path, settingNode(path, value)) })
}

// settingNode returns the value as a person would write it: true, false and numbers without quotes
// if they are meant as such.
func settingNode(path []string, value string) *yaml.Node {
	flag := len(path) == depth(path[0])+1 && scalars[path[0]][path[len(path)-1]]
	switch {
	case flag && (value == "true" || value == "false"):
		return boolean(value == "true")
	case path[0] == serverSection || slices.Contains(path, limitsSection):
		return numberOrText(value)
	}
	return textNode(value)
}

// settable returns the path of a setting that Set may write.
func (p *parsed) settable(key string) ([]string, error) {
	path, rest := resolve(p.doc.root, key)
	n := (&editor{p.doc}).at(path...)
	if len(path) == 0 || len(path) < depth(path[0]) && rest != "" {
		return nil, missing(path, rest, n)
	}
	if rest != "" {
		path = append(path, newKeys(path, rest)...)
		n = nil
	}
	refuse := func(why error) error { return fmt.Errorf("setting %s: %w", brief(key), why) }
	switch {
	case path[0] == "vault" || path[0] == "version" || path[0] == "agents":
		return nil, refuse(ErrReserved)
	case p.isSecret(path, n):
		return nil, refuse(ErrSecret)
	case len(path) == 3 && path[2] == "baseUrl", len(path) == 4 &&
		path[2] == "auth" && path[3] == "type":
		return nil, refuse(ErrBinding)
	case len(path) <= depth(path[0]) || n != nil && n.Kind != yaml.ScalarNode:
		return nil, refuse(ErrNoScalar)
	}
	return path, nil
}

// newKeys splits what is not in the file yet. The name of a header may contain dots.
func newKeys(path []string, rest string) []string {
	if path[len(path)-1] == "headers" {
		return []string{rest}
	}
	head, tail, more := strings.Cut(rest, ".")
	if !more {
		return []string{head}
	}
	return []string{head, tail}
}

const serverSection = "server"

// depth is how many keys lead to the settings of a section: its name, and usually the name of an
// entry.
func depth(section string) int {
	if section == serverSection || section == approvalsSection || section == limitsSection ||
		section == auditSection {
		return 1
	}
	return 2
}

// resolve follows key through the tree as far as it goes. Names may contain dots, so at each step
// it takes the longest key that fits. The settings of a section without entries are known whether
// or not the file has it.
func resolve(n *yaml.Node, key string) (path []string, rest string) {
	section, after, more := strings.Cut(key, ".")
	if more && depth(section) == 1 && (n == nil || unset(lookup(n, section))) {
		return []string{section}, after
	}
	for rest = key; rest != "" && n != nil; {
		best := ""
		for _, k := range keysOf(n) {
			if len(k) > len(best) && (rest == k || strings.HasPrefix(rest, k+".")) {
				best = k
			}
		}
		if best == "" {
			break
		}
		path, n = append(path, best), lookup(n, best)
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, best), ".")
	}
	return path, rest
}

// missing says which part of a path does not exist: a service, a capability, or a key.
func missing(path []string, rest string, at *yaml.Node) error {
	name, _, _ := strings.Cut(rest, ".")
	switch {
	case len(path) == 1 && path[0] == "services":
		return &NotFoundError{"service", entryName(path[0], rest), keysOf(at)}
	case len(path) == 1 && path[0] == "capabilities":
		return &NotFoundError{"capability", entryName(path[0], rest), keysOf(at)}
	case len(path) > 0 && len(path) == depth(path[0]) && scalars[path[0]] != nil:
		known := keysOf(at)
		for key := range scalars[path[0]] {
			if !slices.Contains(known, key) {
				known = append(known, key)
			}
		}
		slices.Sort(known)
		return &NotFoundError{"setting", strings.Join(append(path, name), "."),
			prefixed(path, known)}
	}
	return &NotFoundError{"setting", strings.Join(append(slices.Clone(path), rest), "."),
		prefixed(path, keysOf(at))}
}

// entryName returns the name in "NAME.key", which may itself contain dots.
func entryName(section, rest string) string {
	if i := strings.LastIndexByte(rest, '.'); i > 0 {
		if _, known := scalars[section][rest[i+1:]]; known {
			return rest[:i]
		}
	}
	return rest
}

func prefixed(path, keys []string) []string {
	var whole []string
	for _, key := range keys {
		whole = append(whole, strings.Join(append(slices.Clone(path), key), "."))
	}
	return whole
}

// settings lists the values at and below a node.
func (p *parsed) settings(path []string, n *yaml.Node) []Setting {
	switch key := strings.Join(path, "."); {
	case n == nil || isNull(n):
		return nil
	case n.Kind == yaml.ScalarNode:
		return []Setting{{key, p.shownValue(path, n)}}
	case n.Kind == yaml.SequenceNode:
		items := []string{}
		for _, item := range n.Content {
			items = append(items, item.Value)
		}
		return []Setting{{key, items}}
	}
	var all []Setting
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all,
			p.settings(append(slices.Clone(path), n.Content[i].Value), n.Content[i+1])...)
	}
	return all
}

func (p *parsed) shownValue(path []string, n *yaml.Node) any {
	switch {
	case path[0] == "agents" && path[len(path)-1] == "token":
		return "kept as a digest"
	case vault.IsSealed(n.Value):
		return "sealed"
	case len(path) == 2 && path[0] == approvalsSection && path[1] == "pin":
		return "hashed"
	case p.isSecret(path, n):
		return "not sealed yet"
	case n.Tag == "!!bool":
		return strings.EqualFold(n.Value, "true")
	}
	return n.Value
}

// isSecret reports whether a path leads to a field that the auth type of its service keeps sealed.
func (p *parsed) isSecret(path []string, n *yaml.Node) bool {
	if n != nil && vault.IsSealed(n.Value) {
		return true
	}
	if path[0] == approvalsSection || path[0] == auditSection {
		last := path[len(path)-1]
		return last == "pin" || last == "secret"
	}
	if len(path) < 4 || path[0] != "services" || path[2] != "auth" {
		return false
	}
	scheme, ok := sign.Lookup(p.config.Services[path[1]].Auth.Type)
	return !ok || slices.ContainsFunc(scheme.Fields, func(f sign.Field) bool {
		return f.Name == path[3] && f.Secret
	})
}
