package config

import (
	"bytes"
	"errors"
	"slices"

	"gopkg.in/yaml.v3"
)

// Every change of config.yaml goes the same way: change the node tree, gather the splices that should bring the text to say the same,
// apply them, read the result, compare. A splice in a wrong place is thus an error and never a damaged file.

// errAltered means that the new text does not say what it should: the change is given up.
var errAltered = errors.New("editing config.yaml: the change would alter something else: make it by hand")

// edit replaces the bytes from start to end.
type edit struct {
	start, end int
	text       string
}

// change is an edit of a document in the making. Its tree is what the new text must say.
type change struct {
	doc   *document
	edits []edit
}

func (c *change) splice(start, end int, text string) {
	c.edits = append(c.edits, edit{start, end, text})
}

// apply returns the new text, or an error if it does not say what the tree says.
func (c *change) apply() ([]byte, error) {
	edits := slices.Clone(c.edits)
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		if e.start < at || e.end < e.start {
			return nil, errPlace
		}
		out.Write(c.doc.src.text[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(c.doc.src.text[at:])
	root, second, err := decode(out.Bytes())
	if err != nil || second > 0 || !same(root, c.doc.root) {
		return nil, errAltered
	}
	return out.Bytes(), nil
}

// same compares what two trees say. Comments and layout need no look: they stand outside every splice.
func same(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Value != b.Value || a.Anchor != b.Anchor || a.ShortTag() != b.ShortTag() {
		return false
	}
	return slices.EqualFunc(a.Content, b.Content, same)
}

// set gives a scalar a new value, which must hold no quotes: sealed text, or a word. Quotes that are there stay.
func (c *change) set(n *yaml.Node, indent int, value string) error {
	s := c.doc.src
	start := s.start(n)
	switch n.Style {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		header, body, end, err := s.block(start, indent)
		if err != nil {
			return err
		}
		c.splice(start, header, scalar(value)) // a comment behind the header stays
		c.splice(body, end, "")
		n.Style = 0
	default:
		end, err := s.scalarEnd(n, start, indent)
		if err != nil {
			return err
		}
		written := scalar(value)
		if n.Style != 0 {
			quote := c.doc.src.text[start : start+1]
			written = string(quote) + value + string(quote)
		}
		c.splice(start, end, written)
	}
	n.Value, n.Tag = value, "!!str"
	return nil
}
