package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// editor changes a document in steps. Each is a splice in one place that is compared before the
// next, so that splices never overlap.
type editor struct{ doc *document }

// edited runs the steps of an edit on a valid text. Between two steps the text only has to be YAML;
// the result must be valid.
func edited(text []byte, steps func(*editor) error) ([]byte, error) {
	p, err := parse(text)
	if err != nil {
		return nil, err
	}
	e := &editor{p.doc}
	if err := steps(e); err != nil {
		return nil, err
	}
	out := e.doc.src.text
	if _, err := parse(out); err != nil {
		return nil, err
	}
	return out, nil
}

func editedOnce(text []byte, step func(*change) error) ([]byte, error) {
	return edited(text, func(e *editor) error { return e.do(step) })
}

func (e *editor) do(step func(*change) error) error {
	c := &change{doc: e.doc}
	if err := step(c); err != nil {
		return err
	}
	doc, err := c.result()
	if err == nil {
		e.doc = doc
	}
	return err
}

// at returns the value at a path of keys, nil if there is none.
func (e *editor) at(path ...string) *yaml.Node {
	n := e.doc.root
	for _, key := range path {
		if n == nil {
			return nil
		}
		n = lookup(n, key)
	}
	return n
}

// put sets the value at a path, and makes the mappings on the way that are missing.
func (e *editor) put(path []string, value *yaml.Node) error {
	return e.do(func(c *change) error {
		if c.doc.root == nil || lookup(c.doc.root, path[0]) == nil {
			if _, err := c.section(path[0]); err != nil {
				return err
			}
			c.appendSection(path[0], nested(path[1:], value))
			return nil
		}
		n := c.doc.root
		for i, key := range path {
			at := indexOf(n, key)
			if at < 0 {
				return c.fill(n, mapping(textNode(key), nested(path[i+1:], value)))
			}
			indent := n.Content[at].Column - 1
			switch n = n.Content[at+1]; {
			case i == len(path)-1:
				return c.setScalar(n, indent, value)
			case unset(n), n.Kind == yaml.MappingNode && len(n.Content) == 0 && !c.inFlow(path[:i]):
				return c.rewrite(n, indent+indentStep, nested(path[i+1:], value))
			}
		}
		return errPlace
	})
}

// nested returns value below a path of keys.
func nested(path []string, value *yaml.Node) *yaml.Node {
	for _, key := range slices.Backward(path) {
		value = mapping(textNode(key), value)
	}
	return value
}

// inFlow reports whether a mapping on the path is in brackets.
func (c *change) inFlow(path []string) bool {
	n := c.doc.root
	for _, key := range path {
		if n = lookup(n, key); n == nil || n.Style&yaml.FlowStyle != 0 {
			return true
		}
	}
	return c.doc.root.Style&yaml.FlowStyle != 0
}

// remove removes the entry at a path, with the comments that belong to it. It does nothing if there
// is none.
func (e *editor) remove(path ...string) error {
	if e.at(path...) == nil {
		return nil
	}
	return e.do(func(c *change) error {
		var key *yaml.Node
		n := c.doc.root
		for _, name := range path[:len(path)-1] {
			i := indexOf(n, name)
			key, n = n.Content[i], n.Content[i+1]
		}
		return c.cut(key, n, indexOf(n, path[len(path)-1]))
	})
}

// setItems gives the list at a path these items and no others; nil leaves it alone. The lists of
// this file are sets, so items that stay keep their place and their comments, and new ones are
// added after them. same compares an item with what a person wrote.
func (e *editor) setItems(path, want []string, same func(string) func(*yaml.Node) bool) error {
	have := e.at(path...)
	if len(want) == 0 {
		return nil
	}
	var fresh []string
	for _, item := range want {
		if !slices.Contains(fresh, item) &&
			(have == nil || !slices.ContainsFunc(have.Content, same(item))) {
			fresh = append(fresh, item)
		}
	}
	if have == nil {
		return e.put(path, list(fresh))
	}
	if len(fresh) > 0 {
		if err := e.do(func(c *change) error { return c.fill(have, list(fresh)) }); err != nil {
			return err
		}
	}
	return e.dropItems(path, want, same)
}

// dropItems removes the items of a list that are not in want.
func (e *editor) dropItems(path, want []string, same func(string) func(*yaml.Node) bool) error {
	for i := len(e.at(path...).Content) - 1; i >= 0; i-- {
		items := e.at(path...)
		if slices.ContainsFunc(want, func(item string) bool {
			return same(item)(items.Content[i])
		}) {
			continue
		}
		if err := e.do(func(c *change) error { return c.cut(nil, items, i) }); err != nil {
			return err
		}
	}
	return nil
}

// sameRule compares a rule with what a person wrote, perhaps with other blanks or a method in lower
// case.
func sameRule(rule string) func(*yaml.Node) bool {
	fold := func(s string) string {
		method, pattern, _ := strings.Cut(strings.Join(strings.Fields(s), " "), " ")
		return strings.ToUpper(method) + " " + pattern
	}
	return func(n *yaml.Node) bool { return fold(n.Value) == fold(rule) }
}

// indexOf returns where a key is in the content of a mapping, -1 if it is not there.
func indexOf(n *yaml.Node, key string) int {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return i
		}
	}
	return -1
}
