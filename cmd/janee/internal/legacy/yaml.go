package legacy

import (
	"errors"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// parseYAML returns the root of a document, nil for one without content. What yaml.v3 says of a
// fault may quote a value, so only its line is passed on.
func parseYAML(name string, text []byte) (root *yaml.Node, err error) {
	defer func() {
		if recover() != nil { // yaml.v3 panics on some comments in odd places
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

// maxDepth is deeper than any file of the old program, and keeps an alias that holds itself from
// being followed for ever.
const maxDepth = 16

// repeated is the line of a key that a mapping has twice, 0 if there is none: which of the two
// counts is not for a reader to guess.
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

// entry is one key of a mapping with its value, aliases followed.
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

// get is the value of a key, nil where there is none or where it is null.
func get(n *yaml.Node, key string) *yaml.Node {
	for _, e := range entries(n) {
		if e.key == key && !(e.value.Kind == yaml.ScalarNode && e.value.Tag == "!!null") {
			return e.value
		}
	}
	return nil
}

// text is a scalar as it is written, "" for anything else.
func text(n *yaml.Node) string {
	if n = target(n); n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// texts are the scalars of a list; one scalar stands for a list of itself.
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

// scalar is a scalar that has to be one.
func scalar(n *yaml.Node) (string, error) {
	if n = target(n); n == nil || n.Kind != yaml.ScalarNode {
		return "", errNotText
	}
	return n.Value, nil
}
