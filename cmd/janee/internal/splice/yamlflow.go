package splice

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// flow is a YAML mapping or list in brackets, by offset.
type flow struct {
	open, end int
	commas    []int // between its entries
	last      int   // where the last entry ends
}

// flowBrackets reads a mapping or list in brackets up to the bracket that closes it.
func (d *yamlDoc) flowBrackets(n *yaml.Node) (flow, error) {
	f := flow{open: d.offset(n)}
	for f.open < len(d.text) && bytes.IndexByte([]byte("[{"), d.text[f.open]) < 0 {
		f.open++ // an anchor or a tag
	}
	depth, begins := 0, true // begins: a quote here begins a quoted text
	for i := f.open; i < len(d.text); i++ {
		c := d.text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c == '#' && i > 0 && isBlank(d.text[i-1]):
			i += bytes.IndexByte(append(d.text[i:len(d.text):len(d.text)], '\n'), '\n')
			continue
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				f.end = i
				return f, nil
			}
		case c == ',' && depth == 1:
			f.commas = append(f.commas, i)
		case begins && (c == '"' || c == '\''):
			i = quoteEnd(d.text, i)
		}
		begins = bytes.IndexByte([]byte("[{,:?"), c) >= 0
		f.last = min(i+1, len(d.text))
	}
	return f, fail(n.Line, "this bracket is not closed: edit it by hand")
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// quoteEnd returns where the text that is quoted at i ends: its closing quote.
func quoteEnd(text []byte, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i
		}
	}
	return len(text)
}

func (d *yamlDoc) insertFlow(in *yaml.Node, path Path, value Object) ([]edit, error) {
	f, err := d.flowBrackets(in)
	if err != nil {
		return nil, err
	}
	entry := yamlFlow(path, value)
	if len(in.Content) == 0 {
		return []edit{{f.open + 1, f.open + 1, entry}}, nil
	}
	return []edit{{f.last, f.last, ", " + entry}}, nil
}

// flowPart returns where an entry in brackets starts and ends.
func (d *yamlDoc) flowPart(p place) (start, end int, err error) {
	f, err := d.flowBrackets(p.in)
	if err != nil {
		return 0, 0, err
	}
	first, _ := p.entry()
	end = f.last
	if i := p.index(); i < len(f.commas) {
		end = f.commas[i]
	}
	return d.offset(first), end, nil
}

// index returns which entry of its mapping or list a place is.
func (p place) index() int {
	if p.in.Kind == yaml.MappingNode {
		return p.at / 2
	}
	return p.at
}

// cutFlow removes an entry from brackets, with one comma.
func (d *yamlDoc) cutFlow(p place) ([]edit, error) {
	f, err := d.flowBrackets(p.in)
	if err != nil {
		return nil, err
	}
	start, end, err := d.flowPart(p)
	if err != nil {
		return nil, err
	}
	switch i := p.index(); {
	case i > 0:
		start = f.commas[i-1]
	case i < len(f.commas):
		end = f.commas[i] + 1
		for end < f.end && isBlank(d.text[end]) {
			end++
		}
	}
	return []edit{{start, end, ""}}, nil
}
