package legacy

import (
	"errors"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// parseYAML returns the root of a document, or nil if it is empty. Errors of yaml.v3 may quote a
// value, so only their line number is passed on.
func parseYAML(name string, text []byte) (root *yaml.Node, err error) {
	defer func() {
		if recover() != nil { // yaml.v3 panics on comments in some places
			err = fmt.Errorf("parse %s: %w", name, ErrParse)
		}
	}()
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("parse %s: %w%s", name, ErrParse, lineOf(err))
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	root = doc.Content[0]
	if twice := repeated(root, 0); twice > 0 {
		return nil, fmt.Errorf("parse %s: %w: line %d repeats a key", name, ErrParse, twice)
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("parse %s: %w: it is not a mapping", name, ErrParse)
	}
	return root, nil
}

var lineNumber = regexp.MustCompile(`^yaml: (line \d+):`)

func lineOf(err error) string {
	if m := lineNumber.FindStringSubmatch(err.Error()); m != nil {
		return ": " + m[1]
	}
	return ""
}

// maxDepth is deeper than any file of the old program. It stops aliases that contain themselves.
const maxDepth = 16

// repeated returns the line of a duplicate key, or 0 if there is none. A reader should not guess
// which of the two applies.
func repeated(n *yaml.Node, depth int) int {
	if depth > maxDepth {
		return 0
	}
	seen := map[string]bool{}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if seen[child.Value] {
				return child.Line
			}
			seen[child.Value] = true
		}
		if line := repeated(child, depth+1); line > 0 {
			return line
		}
	}
	return 0
}

// entry is one key of a mapping and its value, with aliases resolved.
type entry struct {
	key   string
	value *yaml.Node
}

func entries(n *yaml.Node) (list []entry) {
	if n = target(n); n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		list = append(list, entry{n.Content[i].Value, target(n.Content[i+1])})
	}
	return list
}

func target(n *yaml.Node) *yaml.Node {
	for range maxDepth {
		if n == nil || n.Kind != yaml.AliasNode {
			break
		}
		n = n.Alias
	}
	return n
}

// get returns the value of a key, or nil if there is none or it is null.
func get(n *yaml.Node, key string) *yaml.Node {
	for _, e := range entries(n) {
		if e.key == key && !(e.value.Kind == yaml.ScalarNode && e.value.Tag == "!!null") {
			return e.value
		}
	}
	return nil
}

// text returns a scalar as it is written, or "" for anything else.
func text(n *yaml.Node) string {
	if n = target(n); n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// texts returns the scalars of a list; a single scalar counts as a list of one.
func texts(n *yaml.Node) (list []string) {
	if n = target(n); n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return append(list, n.Value)
	}
	for _, item := range n.Content {
		list = append(list, text(item))
	}
	return list
}

var errNotText = errors.New("it is not text")

// scalar returns a scalar, and an error for anything else.
func scalar(n *yaml.Node) (string, error) {
	if n = target(n); n == nil || n.Kind != yaml.ScalarNode {
		return "", errNotText
	}
	return n.Value, nil
}
