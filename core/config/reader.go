package config

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader walks the node tree, strictly, and collects what is wrong.
type reader struct {
	src      *source
	problems []Problem
	warnings []Problem
}

func (r *reader) problem(line int, format string, args ...any) {
	r.problems = append(r.problems, Problem{line, fmt.Sprintf(format, args...)})
}

func (r *reader) warn(line int, format string, args ...any) {
	r.warnings = append(r.warnings, Problem{line, fmt.Sprintf(format, args...)})
}

// err returns everything found, by line, or nil.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return &Error{byLine(r.problems)}
}

// byLine sorts problems as they are in the file and drops repeated ones.
func byLine(found []Problem) []Problem {
	seen := make(map[Problem]bool, len(found))
	found = slices.DeleteFunc(found, func(p Problem) bool {
		twice := seen[p]
		seen[p] = true
		return twice
	})
	sort.SliceStable(found, func(i, j int) bool { return found[i].Line < found[j].Line })
	return found
}

// plainYAML refuses, in the whole tree, what makes YAML say one thing and mean another: anchors,
// aliases, merge keys, tags, and keys given twice.
func (r *reader) plainYAML(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		r.problem(n.Line,
			"YAML aliases (*name) are not used in config.yaml: write the value out, or quote it")
	case n.Anchor != "":
		r.problem(n.Line,
			"YAML anchors (&name) are not used in config.yaml: delete it, or quote the value")
	case n.Tag == "!!merge":
		r.problem(n.Line, "YAML merge keys (<<) are not used in config.yaml: write the keys out")
	case r.tagged(n):
		r.problem(n.Line,
			"YAML tags (!name) are not used in config.yaml: delete it, or quote the value")
	}
	if n.Kind == yaml.MappingNode {
		r.uniqueKeys(n)
	}
	for _, child := range n.Content {
		r.plainYAML(child)
	}
}

// tagged looks at the text as well: yaml.v3 reports no tag for a lone "!".
func (r *reader) tagged(n *yaml.Node) bool {
	if n.Style&yaml.TaggedStyle != 0 {
		return true
	}
	at := r.src.offset(n.Line, n.Column)
	return at < len(r.src.text) && r.src.text[at] == '!'
}

func (r *reader) uniqueKeys(n *yaml.Node) {
	first := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			r.problem(key.Line, "a key is plain text, not %s", shape(key))
			continue
		}
		if line, twice := first[key.Value]; twice {
			fix := "keep one"
			if n.Content[i+1].Kind == yaml.MappingNode {
				fix = "keep one and put the entries of both under it"
			}
			r.problem(key.Line, "key %q is already given at line %d: %s", key.Value, line, fix)
			continue
		}
		first[key.Value] = key.Line
	}
}

// known is a key that a mapping may have, and how its value is read. A nil read is a key of the
// design that this version does not act on.
type known struct {
	key  string
	read func(*yaml.Node)
}

// mapping reads each entry of a mapping by its key. what names the mapping, as in "service
// \"stripe\"".
func (r *reader) mapping(n *yaml.Node, what string, keys ...known) {
	r.entries(n, what, func(key, value *yaml.Node) {
		i := slices.IndexFunc(keys, func(k known) bool { return k.key == key.Value })
		switch {
		case i < 0:
			r.problem(key.Line, "%s has no key %s%s", what, shown(key.Value),
				suggest(key.Value, keys))
		case keys[i].read == nil:
			r.problem(key.Line, "%s: %s is not supported by this version: delete it",
				what, key.Value)
		default:
			keys[i].read(value)
		}
	})
}

// entries calls visit for each entry of a mapping with plain keys. If a key is given twice, the
// first counts.
func (r *reader) entries(n *yaml.Node, what string, visit func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		if n.Kind != yaml.AliasNode {
			r.problem(n.Line, "%s must be a mapping (key: value lines), not %s", what, shape(n))
		}
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || seen[key.Value] {
			continue // plainYAML has reported it
		}
		seen[key.Value] = true
		visit(key, value)
	}
}

// text returns the value of a scalar as it is written: 0123 and true are text too where text is
// wanted.
func (r *reader) text(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind == yaml.AliasNode:
		return "", false
	case n.Kind != yaml.ScalarNode:
		r.problem(n.Line, "%s must be text, not %s", what, shape(n))
		return "", false
	case isNull(n) || n.Value == "":
		r.problem(n.Line, "%s is empty: write a value or delete the line", what)
		return "", false
	}
	return n.Value, true
}

// into reads text into a field.
func (r *reader) into(to *string, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if s, ok := r.text(n, what); ok {
			*to = s
		}
	}
}

// flag reads true or false into a field.
func (r *reader) flag(to *bool, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		switch {
		case n.Kind == yaml.AliasNode:
		case n.Kind == yaml.ScalarNode && n.Tag == "!!bool":
			*to = strings.EqualFold(n.Value, "true")
		default:
			r.problem(n.Line, "%s must be true or false", what)
		}
	}
}

// lookup returns the value of a key of a mapping, nil if there is none.
func lookup(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// unset reports whether a section says nothing.
func unset(n *yaml.Node) bool { return n == nil || isNull(n) }

func shape(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case isNull(n):
		return "nothing"
	}
	return "text"
}

// shown returns a name if it may be printed. A credential that slipped into the place of a key
// ("key:sk_live_…", without the blank) may not.
func shown(name string) string {
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-' || c == '.') {
			return "(not shown)"
		}
	}
	if name == "" || len(name) > 32 {
		return "(not shown)"
	}
	return fmt.Sprintf("%q", name)
}

// suggest names the key that was probably meant, or lists those that exist.
func suggest(key string, keys []known) string {
	var names []string
	for _, k := range keys {
		if folded(k.key) == folded(key) {
			return fmt.Sprintf(": write %s", k.key)
		}
		if k.read != nil {
			names = append(names, k.key)
		}
	}
	return ": it may have " + strings.Join(names, ", ")
}

func folded(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
}

// ValidName reports whether s may name a service, a capability or an agent: [A-Za-z0-9._@-]{1,64}.
func ValidName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			strings.IndexByte("._@-", c) >= 0) {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 64
}
