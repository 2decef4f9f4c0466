package config

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v3"
)

// fill appends entries to a mapping, or items to a list, in the style it has.
func (c *change) fill(n, entries *yaml.Node) error {
	switch {
	case n.Style&yaml.FlowStyle != 0:
		return c.fillFlow(n, entries)
	case n.Kind == yaml.MappingNode:
		return c.extend(n, entries)
	}
	indent, src := n.Column-1, c.doc.src
	at, err := src.end(n, indent)
	if err != nil {
		return err
	}
	c.insert(c.skipComments(c.restOfLine(at), indent), renderItems(indent, entries))
	n.Content = append(n.Content, entries.Content...)
	return nil
}

// fillFlow appends after the last entry in the brackets.
func (c *change) fillFlow(n, entries *yaml.Node) error {
	at, text := c.doc.src.start(n)+1, flow(entries)
	text = text[1 : len(text)-1]
	if last := len(n.Content) - 1; last >= 0 {
		var err error
		if at, err = c.doc.src.end(n.Content[last], 0); err != nil {
			return err
		}
		text = ", " + text
	}
	c.splice(at, at, text)
	n.Content = append(n.Content, entries.Content...)
	return nil
}

// cut removes the entry of a mapping or the item of a list that begins at n.Content[i]. key is that
// of n itself: a mapping in block style that becomes empty is written as "{}" after it.
func (c *change) cut(key, n *yaml.Node, i int) error {
	width := 1
	if n.Kind == yaml.MappingNode {
		width = 2
	}
	cut := c.cutLines
	if n.Style&yaml.FlowStyle != 0 {
		cut = c.cutFlow
	}
	if err := cut(n, i, width); err != nil {
		return err
	}
	n.Content = slices.Delete(slices.Clone(n.Content), i, i+width)
	if len(n.Content) > 0 || n.Style&yaml.FlowStyle != 0 {
		return nil
	}
	if key == nil || n.Kind != yaml.MappingNode {
		return errPlace
	}
	at, err := c.doc.src.scalarEnd(key, c.doc.src.start(key), 0)
	if err != nil {
		return err
	}
	colon := bytes.IndexByte(c.doc.src.text[at:], ':')
	if colon < 0 {
		return errPlace
	}
	c.splice(at+colon+1, at+colon+1, " {}")
	return nil
}

// cutLines removes whole lines: those of the entry, the comment lines directly above it, and those
// below it that are indented as if they were inside it.
func (c *change) cutLines(n *yaml.Node, i, width int) error {
	src, first := c.doc.src, n.Content[i]
	line, indent := src.starts[first.Line-1], n.Column-1
	mark := string(bytes.TrimSpace(src.text[line:src.start(first)]))
	if width == 2 && mark != "" || width == 1 && mark != "-" {
		return errPlace // "? key", or a dash on a line of its own
	}
	end, err := src.end(n.Content[i+width-1], indent)
	if err != nil {
		return err
	}
	end = c.skipComments(c.restOfLine(end), indent+1)
	top := c.ownComment(first.Line, indent)
	if width == 2 {
		top, end = c.closeGap(top, end, i == 0, i+width == len(n.Content))
	}
	c.splice(top, end, "")
	return nil
}

// restOfLine returns the start of the line after the one that an entry ends in. A block scalar ends
// where the next line begins.
func (c *change) restOfLine(end int) int {
	if c.doc.src.text[end-1] == '\n' {
		return end
	}
	return c.doc.src.lineEnd(end)
}

// ownComment returns where the comment lines directly above a line begin. Those that are indented
// deeper belong to what is above them.
func (c *change) ownComment(line, indent int) int {
	src := c.doc.src
	for ; line > 1; line-- {
		above := src.starts[line-2]
		if n, blank := src.indent(above); blank || n > indent || src.text[above+n] != '#' {
			break
		}
	}
	return src.starts[line-1]
}

// closeGap widens a cut over blank lines of which there would be two in a row: above it if the last
// entry goes, else below.
func (c *change) closeGap(top, end int, first, last bool) (int, int) {
	src, before, after := c.doc.src, top, end
	for line := src.line(top); line > 1; line-- {
		if _, blank := src.indent(src.starts[line-2]); !blank {
			break
		}
		before = src.starts[line-2]
	}
	for after < len(src.text) {
		if _, blank := src.indent(after); !blank {
			break
		}
		after = src.lineEnd(after)
	}
	switch {
	case last && (after > end || end == len(src.text)):
		return before, end
	case !last && (first || before < top):
		return top, after
	}
	return top, end
}

// cutFlow removes an entry from brackets, with one comma.
func (c *change) cutFlow(n *yaml.Node, i, width int) error {
	src := c.doc.src
	start := src.start(n.Content[i])
	end, err := src.end(n.Content[i+width-1], 0)
	switch {
	case err != nil:
		return err
	case i+width < len(n.Content):
		return c.cutBeforeComma(start, end)
	case i > 0:
		before, err := src.end(n.Content[i-1], 0)
		if err != nil {
			return err
		}
		if string(bytes.TrimSpace(src.text[before:start])) == "," {
			start = before // else a comment is between: the comma stays, YAML allows a last one
		}
	}
	c.splice(start, end, "")
	return nil
}

// cutBeforeComma cuts from start to the next entry in brackets; a comment on the same line goes
// with it.
func (c *change) cutBeforeComma(start, end int) error {
	text := c.doc.src.text
	for end < len(text) && isSpace(text[end]) {
		end++
	}
	if end == len(text) || text[end] != ',' {
		return errPlace
	}
	for end++; end < len(text) && (text[end] == ' ' || text[end] == '\t'); {
		end++
	}
	if end < len(text) && text[end] == '#' {
		end = c.doc.src.lineEnd(end)
	}
	for end < len(text) && isSpace(text[end]) {
		end++
	}
	c.splice(start, end, "")
	return nil
}
