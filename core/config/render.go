package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// indentStep is how deep this package indents, as the template does.
const indentStep = 2

func textNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func boolean(b bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(b)}
}

func mapping(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: content}
}

func list(items []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, s := range items {
		n.Content = append(n.Content, textNode(s))
	}
	return n
}

// put appends an entry unless it is empty.
func put(n *yaml.Node, key, value string) {
	if value != "" {
		n.Content = append(n.Content, textNode(key), textNode(value))
	}
}

// render writes "key: value" in block style, each line with its "\n". yaml.Marshal would do, except
// that it has its own ideas of quotes and indentation.
func render(indent int, key string, n *yaml.Node) string {
	margin := strings.Repeat(" ", indent)
	head := margin + scalar(key) + ":"
	switch {
	case len(n.Content) == 0:
		return head + " " + flow(n) + "\n" // a scalar, {} or []
	case n.Kind == yaml.MappingNode:
		return head + "\n" + renderEntries(indent+indentStep, n)
	}
	return head + "\n" + renderItems(indent+indentStep, n)
}

func renderItems(indent int, n *yaml.Node) string {
	var b strings.Builder
	for _, item := range n.Content {
		b.WriteString(strings.Repeat(" ", indent) + "- " + scalar(item.Value) + "\n")
	}
	return b.String()
}

func renderEntries(indent int, n *yaml.Node) string {
	var b strings.Builder
	for i := 0; i+1 < len(n.Content); i += 2 {
		b.WriteString(render(indent, n.Content[i].Value, n.Content[i+1]))
	}
	return b.String()
}

// flow writes a value in one line, mappings and lists in brackets.
func flow(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return written(n.Style, n)
	}
	var items []string
	for i, item := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			items = append(items, flow(item))
		case i%2 == 1:
			items = append(items, scalar(n.Content[i-1].Value)+": "+flow(item))
		}
	}
	if text := strings.Join(items, ", "); n.Kind == yaml.MappingNode {
		return "{" + text + "}"
	} else {
		return "[" + text + "]"
	}
}

// scalar writes text plainly if YAML takes it as the same text, else in double quotes.
func scalar(s string) string {
	plain := yaml.Node{Kind: yaml.ScalarNode, Value: s}
	if plainText(s) && plain.ShortTag() == "!!str" {
		return s
	}
	return quoted(s)
}

func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n' || forbidden(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// plainText is narrow: a first letter, digit or slash, then nothing that means anything to YAML,
// even in flow style.
func plainText(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/'
		if !alnum && (i == 0 || strings.IndexByte("._@%+=~*-: ", c) < 0) {
			return false
		}
	}
	return s != "" && !strings.Contains(s, ": ") && !strings.Contains(s, "  ") &&
		strings.IndexByte(": ", s[len(s)-1]) < 0
}
