package config

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// errPlace means that the text at a node's position does not read as the node: the edit is
// abandoned rather than made in a wrong place.
var errPlace = errors.New("editing config.yaml: cannot find the place: make the change by hand")

// start returns the byte offset of a node.
func (s *source) start(n *yaml.Node) int { return s.offset(n.Line, n.Column) }

// end returns the byte offset just past a node. indent is that of the mapping or list around it, 0
// at the root.
func (s *source) end(n *yaml.Node, indent int) (int, error) {
	start := s.start(n)
	switch {
	case n.Kind == yaml.ScalarNode:
		return s.scalarEnd(n, start, indent)
	case n.Kind != yaml.MappingNode && n.Kind != yaml.SequenceNode:
		return 0, errPlace
	case n.Style&yaml.FlowStyle == 0 && len(n.Content) == 0:
		return 0, errPlace
	}
	at := start + 1
	if len(n.Content) > 0 {
		var err error
		if at, err = s.end(n.Content[len(n.Content)-1], n.Column-1); err != nil {
			return 0, err
		}
	}
	if n.Style&yaml.FlowStyle == 0 {
		return at, nil
	}
	return s.closing(at)
}

// closing finds the bracket that ends a flow collection, past blanks, a last comma and comments.
func (s *source) closing(at int) (int, error) {
	for ; at < len(s.text); at++ {
		switch c := s.text[at]; {
		case c == '}' || c == ']':
			return at + 1, nil
		case c == '#':
			at = s.lineEnd(at) - 1
		case bytes.IndexByte([]byte(" \t\r\n,:?"), c) < 0:
			return 0, errPlace
		}
	}
	return 0, errPlace
}

func (s *source) scalarEnd(n *yaml.Node, start, indent int) (int, error) {
	switch n.Style {
	case yaml.DoubleQuotedStyle:
		return s.quoteEnd(start, '"', '\\')
	case yaml.SingleQuotedStyle:
		return s.quoteEnd(start, '\'', '\'')
	case yaml.LiteralStyle, yaml.FoldedStyle:
		_, _, end, err := s.block(start, indent)
		return end, err
	case 0:
		return s.plainEnd(start, n.Value)
	}
	return 0, errPlace
}

// quoteEnd finds the closing quote. In double quotes a backslash, in single quotes the quote itself
// escapes the next byte.
func (s *source) quoteEnd(start int, quote, escape byte) (int, error) {
	if start >= len(s.text) || s.text[start] != quote {
		return 0, errPlace
	}
	for i := start + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == escape && i+1 < len(s.text) && (escape == '\\' || s.text[i+1] == quote):
			i++
		case c == quote:
			return i + 1, nil
		}
	}
	return 0, errPlace
}

// plainEnd matches the value against the text: where the value has blanks or line ends, the text
// has any run of them (YAML 1.2 section 7.3.3, folding).
func (s *source) plainEnd(start int, value string) (int, error) {
	at := start
	for i := 0; i < len(value); {
		if isSpace(value[i]) {
			for i < len(value) && isSpace(value[i]) {
				i++
			}
			for at < len(s.text) && isSpace(s.text[at]) {
				at++
			}
			continue
		}
		_, size := utf8.DecodeRuneInString(value[i:])
		if !bytes.HasPrefix(s.text[at:], []byte(value[i:i+size])) {
			return 0, errPlace
		}
		i, at = i+size, at+size
	}
	return at, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// block measures a literal or folded scalar: its header ("|-") from start to header, its lines from
// body to end. It leaves out blank lines after the last line of text, whatever the header says
// about them.
func (s *source) block(start, indent int) (header, body, end int, err error) {
	header = start + 1
	if start >= len(s.text) || s.text[start] != '|' && s.text[start] != '>' {
		return 0, 0, 0, errPlace
	}
	depth := 0
	for ; header < len(s.text) &&
		bytes.IndexByte([]byte("+-123456789"), s.text[header]) >= 0; header++ {
		if c := s.text[header]; c >= '1' {
			depth = indent + int(c-'0')
		}
	}
	body = s.lineEnd(header)
	end = body
	for at := body; at < len(s.text); at = s.lineEnd(at) {
		n, blank := s.indent(at)
		if blank {
			continue
		}
		if depth == 0 {
			depth = max(n, indent+1, 1) // the first line of text sets it
		}
		if n < depth {
			break
		}
		end = s.lineEnd(at)
	}
	return header, body, end, nil
}
