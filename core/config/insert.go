package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// section returns the root's value for a key, nil if there is none, and makes an empty root for a
// text without content.
func (c *change) section(key string) (*yaml.Node, error) {
	if c.doc.root == nil {
		c.doc.root = mapping()
	}
	if c.doc.root.Style&yaml.FlowStyle != 0 {
		return nil, errors.New("editing config.yaml: the whole file is in { } brackets: write it " +
			"as indented lines first")
	}
	return lookup(c.doc.root, key), nil
}

// add puts an entry at the end of a section, and makes the section if it is missing or empty.
func (c *change) add(key, name string, value *yaml.Node) error {
	node, err := c.section(key)
	switch {
	case err != nil:
		return err
	case node == nil:
		c.appendSection(key, mapping(textNode(name), value))
		return nil
	case lookup(node, name) != nil:
		return fmt.Errorf("adding %q to %s: %w", name, key, ErrExists)
	case len(node.Content) == 0:
		return c.rewrite(node, c.rootIndent()+indentStep, mapping(textNode(name), value))
	case node.Style&yaml.FlowStyle != 0:
		return fmt.Errorf(
			"adding %q to %s: the section is in { } brackets: write it as indented lines first",
			name, key)
	}
	return c.extend(node, mapping(textNode(name), value))
}

// extend appends entries to a block mapping, after the comments that belong to it by their
// indentation.
func (c *change) extend(n, entries *yaml.Node) error {
	indent, src := n.Column-1, c.doc.src
	at, err := src.end(n, indent)
	if err != nil {
		return err
	}
	if src.text[at-1] != '\n' {
		at = src.lineEnd(at)
	}
	gap := ""
	if c.spaced(n) {
		gap = "\n"
	}
	c.insert(c.skipComments(at, indent), gap+renderEntries(indent, entries))
	n.Content = append(n.Content, entries.Content...)
	return nil
}

// spaced reports whether a blank line is before the last entry of several, or before the comment of
// that entry.
func (c *change) spaced(n *yaml.Node) bool {
	if len(n.Content) < 4 {
		return false
	}
	src := c.doc.src
	line := src.line(c.ownComment(n.Content[len(n.Content)-2].Line, n.Column-1))
	_, blank := src.indent(src.starts[line-2])
	return blank
}

// rewrite replaces a mapping that is null or in { } brackets by lines with this indentation.
func (c *change) rewrite(n *yaml.Node, indent int, entries *yaml.Node) error {
	src := c.doc.src
	start := src.start(n)
	end, err := src.end(n, 0)
	if err != nil {
		return err
	}
	for end > start && src.text[start-1] == ' ' {
		start--
	}
	c.splice(start, end, "")
	c.insert(c.skipComments(src.lineEnd(end), indent), renderEntries(indent, entries))
	n.Kind, n.Style, n.Tag, n.Value, n.Content = entries.Kind, 0, entries.Tag, "", entries.Content
	return nil
}

// appendSection puts a new key at the end of the file, after a blank line.
func (c *change) appendSection(key string, value *yaml.Node) {
	src, gap := c.doc.src, ""
	lines := strings.ReplaceAll(string(src.text), "\r", "")
	if len(bytes.TrimSpace(src.text[src.starts[0]:])) > 0 && !strings.HasSuffix(lines, "\n\n") {
		gap = "\n"
	}
	c.insert(len(src.text), gap+render(c.rootIndent(), key, value))
	c.doc.root.Content = append(c.doc.root.Content, textNode(key), value)
}

// insertSection puts a new key at the top: after version, or before the first key and the comment
// that belongs to it.
func (c *change) insertSection(key string, value *yaml.Node) error {
	root, src := c.doc.root, c.doc.src
	if len(root.Content) == 0 {
		c.appendSection(key, value)
		return nil
	}
	first, lines := root.Content[0], render(c.rootIndent(), key, value)
	if first.Value != "version" {
		c.insert(c.aboveComment(first.Line), lines+"\n")
		root.Content = append([]*yaml.Node{textNode(key), value}, root.Content...)
		return nil
	}
	end, err := src.end(root.Content[1], c.rootIndent())
	if err != nil {
		return err
	}
	c.insert(src.lineEnd(end), lines)
	root.Content = append([]*yaml.Node{first, root.Content[1], textNode(key), value},
		root.Content[2:]...)
	return nil
}

// aboveComment returns where the comment lines directly above a line begin; those that begin the
// file are its header and stay on top.
func (c *change) aboveComment(line int) int {
	src, top := c.doc.src, line
	for top > 1 && bytes.HasPrefix(bytes.TrimLeft(src.text[src.starts[top-2]:], " "), []byte("#")) {
		top--
	}
	if top == 1 {
		top = line
	}
	return src.starts[top-1]
}

// insert puts whole lines at the start of a line, with the line ends of the file.
func (c *change) insert(at int, lines string) {
	src := c.doc.src
	if at > src.starts[0] && src.text[at-1] != '\n' {
		lines = "\n" + lines // the last line of the file was not ended
	}
	c.splice(at, at, strings.ReplaceAll(lines, "\n", src.newline()))
}

func (c *change) rootIndent() int {
	if content := c.doc.root.Content; len(content) > 0 {
		return content[0].Column - 1
	}
	return 0
}

// skipComments skips the comment lines that are indented by at least least, and the blank lines
// between them.
func (c *change) skipComments(at, least int) int {
	src, found := c.doc.src, at
	for ; at < len(src.text); at = src.lineEnd(at) {
		n, blank := src.indent(at)
		if blank {
			continue
		}
		if src.text[at+n] != '#' || n < least {
			break
		}
		found = src.lineEnd(at)
	}
	return found
}
