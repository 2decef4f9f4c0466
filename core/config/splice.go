package config

import (
	"bytes"
	"errors"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Every change of config.yaml takes the same steps: change the node tree, gather the splices that
// should make the text say the same, apply them, read the result, compare. So a splice in a wrong
// place is an error and never a damaged file.

// errAltered means that the new text does not say what it should: the change is abandoned.
var errAltered = errors.New(
	"editing config.yaml: the change would alter something else: make it by hand")

// edit replaces the bytes from start to end.
type edit struct {
	start, end int
	text       string
}

// change is an edit of a document in progress. Its tree is what the new text must say.
type change struct {
	doc   *document
	edits []edit
}

func (c *change) splice(start, end int, text string) {
	c.edits = append(c.edits, edit{start, end, text})
}

// apply returns the new text, or an error if it does not say what the tree says.
func (c *change) apply() ([]byte, error) {
	doc, err := c.result()
	if err != nil {
		return nil, err
	}
	return doc.src.text, nil
}

// result is apply with the tree of the new text, for a further change.
func (c *change) result() (*document, error) {
	edits := slices.Clone(c.edits)
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].start < edits[j].start })
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
	return &document{newSource(out.Bytes()), root}, nil
}

// same compares what two trees say. It ignores comments and layout, which are outside every splice.
func same(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Value != b.Value || a.Anchor != b.Anchor ||
		a.ShortTag() != b.ShortTag() {
		return false
	}
	return slices.EqualFunc(a.Content, b.Content, same)
}

// set gives a scalar a new text and keeps its quotes.
func (c *change) set(n *yaml.Node, indent int, value string) error {
	return c.setScalar(n, indent, textNode(value))
}

// setScalar gives a scalar the value of another. indent is that of the mapping or list around it.
func (c *change) setScalar(n *yaml.Node, indent int, value *yaml.Node) error {
	s := c.doc.src
	start := s.start(n)
	switch n.Style {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		header, body, end, err := s.block(start, indent)
		if err != nil {
			return err
		}
		c.splice(start, header, written(0, value)) // a comment after the header stays
		c.splice(body, end, "")
	default:
		end, err := s.scalarEnd(n, start, indent)
		if err != nil {
			return err
		}
		c.splice(start, end, written(n.Style, value))
	}
	n.Value, n.Tag, n.Style = value.Value, value.Tag, 0
	return nil
}

// written returns the text of a scalar in the quotes of the one that it replaces.
func written(style yaml.Style, n *yaml.Node) string {
	odd := func(r rune) bool { return r == '\t' || r == '\n' || forbidden(r) }
	switch {
	case n.Tag != "!!str":
		return n.Value
	case style == yaml.DoubleQuotedStyle:
		return quoted(n.Value)
	case style == yaml.SingleQuotedStyle && !strings.ContainsFunc(n.Value, odd):
		return "'" + strings.ReplaceAll(n.Value, "'", "''") + "'"
	}
	return scalar(n.Value)
}
