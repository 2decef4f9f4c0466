package splice

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// yamlDoc is a YAML text with its node tree.
type yamlDoc struct {
	text  []byte
	lines []int      // where each line starts
	root  *yaml.Node // nil if the text says nothing
	said  any
}

func parseYAML(text []byte) (_ document, err error) {
	defer func() {
		if recover() != nil { // yaml.v3 has had panics on malformed text
			err = fail(0, "this is not YAML")
		}
	}()
	d := &yamlDoc{text: text, lines: []int{0}}
	for i, c := range text {
		if c == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
	if at := bytes.IndexFunc(text, isYAMLBreak); at >= 0 {
		return nil, fail(lineOf(text, at), "this line has an invisible line break: delete it")
	}
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return d, nil
	case err != nil:
		return nil, yamlFault(err)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, fail(second.Line, "a second YAML document begins here")
	case !errors.Is(err, io.EOF):
		return nil, yamlFault(err)
	}
	return d, d.read(document.Content[0])
}

// isYAMLBreak reports whether yaml.v3 counts a new line where editors show none.
func isYAMLBreak(r rune) bool { return r == 0x85 || r == 0x2028 || r == 0x2029 }

// read takes the node at the top of the document.
func (d *yamlDoc) read(root *yaml.Node) error {
	if err := tooDeep(root, 0); err != nil {
		return err
	}
	if root.Kind == yaml.ScalarNode && root.Value == "" && root.Style == 0 && root.Anchor == "" {
		return nil // comments, or a lone "---"
	}
	if root.Kind != yaml.MappingNode {
		return fail(root.Line, "the file is not a YAML mapping")
	}
	d.root = root
	if err := root.Decode(&d.said); err != nil {
		return yamlFault(err)
	}
	d.said = plainYAML(d.said)
	return nil
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// yamlFault returns an error with the line of one of yaml.v3, whose text may hold a value.
func yamlFault(err error) error {
	line := 0
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
	}
	return fail(line, "this is not YAML, or a key is given twice")
}

func tooDeep(n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return fail(n.Line, "mappings and lists are nested more than %d deep", maxDepth)
	}
	for _, child := range n.Content {
		if err := tooDeep(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// plainYAML gives a value the types that Find promises. Keys that are not text become text.
func plainYAML(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = plainYAML(v[key])
		}
	case map[any]any:
		m := make(map[string]any, len(v))
		for key := range maps.Keys(v) {
			m[fmt.Sprint(key)] = plainYAML(v[key])
		}
		return m
	case []any:
		for i := range v {
			v[i] = plainYAML(v[i])
		}
	case int:
		return int64(v)
	}
	return v
}

func (d *yamlDoc) value() any { return d.said }

// place is an entry of a mapping or a list: where it is among its content, and the line before
// which it ends at the latest.
type place struct {
	in    *yaml.Node
	at    int // of its key, or of the item
	bound int
}

// entry returns the first node of the entry, and its value.
func (p place) entry() (first, value *yaml.Node) {
	if p.in.Kind == yaml.MappingNode {
		return p.in.Content[p.at], p.in.Content[p.at+1]
	}
	return p.in.Content[p.at], p.in.Content[p.at]
}

// last returns the place of the last entry of a mapping or list.
func last(n *yaml.Node, bound int) place {
	width := 1
	if n.Kind == yaml.MappingNode {
		width = 2
	}
	return place{n, len(n.Content) - width, bound}
}

func isFlow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }

// walk returns the places on a path, as far as they exist.
func (d *yamlDoc) walk(path Path) (places []place) {
	n, bound := d.root, d.lastLine()
	for _, step := range path {
		if n == nil {
			break
		}
		p := place{n, lookup(n, step), bound}
		if p.at < 0 {
			break
		}
		width := 1
		if n.Kind == yaml.MappingNode {
			width = 2
		}
		if next := p.at + width; next < len(n.Content) {
			p.bound = n.Content[next].Line
		}
		places = append(places, p)
		_, n = p.entry()
		bound = p.bound
	}
	return places
}

// lookup returns where a step leads to in the content of a node, -1 if nowhere.
func lookup(n *yaml.Node, step Step) int {
	for i := range n.Content {
		switch {
		case n.Kind == yaml.MappingNode && step.Item == "":
			if i%2 == 0 && n.Content[i].Value == step.Key {
				return i
			}
		case n.Kind == yaml.SequenceNode && step.Item != "":
			item := n.Content[i]
			at := lookup(item, Step{Key: step.Key})
			if at >= 0 && item.Content[at+1].Value == step.Item {
				return i
			}
		}
	}
	return -1
}

// lastLine returns the line after the last one of the document.
func (d *yamlDoc) lastLine() int {
	for line := len(d.lines); line > 0; line-- {
		switch text := bytes.TrimSpace(d.lineText(line)); {
		case string(text) == "...":
			return line
		case len(text) > 0:
			return len(d.lines) + 1
		}
	}
	return len(d.lines) + 1
}

// lineText returns a line, 1-based, without its line break.
func (d *yamlDoc) lineText(line int) []byte {
	return d.text[d.lines[line-1]:d.lineEnd(line)]
}

// lineEnd returns where a line ends, before its line break.
func (d *yamlDoc) lineEnd(line int) int {
	if line == len(d.lines) {
		return len(d.text)
	}
	end := d.lines[line] - 1
	if end > d.lines[line-1] && d.text[end-1] == '\r' {
		end--
	}
	return end
}

// offset returns where a node starts. yaml.v3 counts columns in characters.
func (d *yamlDoc) offset(n *yaml.Node) int {
	at := d.lines[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(d.text[at:])
		at += size
	}
	return at
}

func (d *yamlDoc) check(path Path) error {
	for i, step := range path {
		if step.Item != "" && i < len(path)-1 {
			return fail(0, "%s: only a whole item of a list can be edited", path)
		}
	}
	if d.root == nil {
		return nil
	}
	if err := d.checkNode(d.root, path[:0]); err != nil {
		return err
	}
	for i, p := range d.walk(path) {
		_, value := p.entry()
		if err := d.checkNode(value, path[:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// checkNode refuses what makes the text of a node differ from what it says.
func (d *yamlDoc) checkNode(n *yaml.Node, path Path) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return fail(n.Line, "%s is an alias (*name): write it out", path)
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value != "":
		return fail(n.Line, "%s is null: delete the line", path)
	case n.Kind != yaml.MappingNode:
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			return fail(n.Content[i].Line, "%s has a merge key (<<): write it out", path)
		}
	}
	return nil
}

func (d *yamlDoc) line(path Path) int {
	places := d.walk(path)
	if len(path) == 0 || len(places) < len(path) {
		return 1
	}
	first, _ := places[len(path)-1].entry()
	return first.Line
}

func (d *yamlDoc) set(path Path, value Object) ([]edit, bool, error) {
	places := d.walk(path)
	depth := len(places)
	if depth == len(path) {
		edits, err := d.replace(places[depth-1], path[depth-1], value)
		return edits, true, err
	}
	in, bound, parent := d.root, d.lastLine(), -1
	if depth > 0 {
		p := places[depth-1]
		_, in = p.entry()
		bound, parent = p.bound, p.in.Column-1
	}
	if in != nil && isFlow(in) {
		edits, err := d.insertFlow(in, path[depth:], value)
		return edits, true, err
	}
	style := d.style(path)
	var indent int
	switch {
	case in == nil:
	case in.Kind != yaml.ScalarNode:
		indent = in.Column - 1
	case path[depth].Item != "":
		indent = parent // not as Set would indent it in a list that it made: see wasMade
	default:
		indent = parent + 2*style.step
	}
	at := d.insertAt(bound, parent)
	text := style.lines(path[depth:], value, indent)
	if at == 0 {
		return []edit{{0, 0, text + style.newline}}, true, nil
	}
	return []edit{{at, at, style.newline + text}}, true, nil
}

// insertAt returns the end of the line after which a new last entry goes: after the last entry, and
// after the comments that are indented deeper than the parent's entries.
func (d *yamlDoc) insertAt(bound, parent int) int {
	for line := bound - 1; line > 0; line-- {
		text := d.lineText(line)
		trimmed := bytes.TrimLeft(text, " ")
		switch {
		case len(bytes.TrimSpace(trimmed)) == 0:
		case trimmed[0] == '#' && len(text)-len(trimmed) <= parent:
		default:
			return d.lineEnd(line)
		}
	}
	return 0
}

// inBlockScalar reports whether a node ends with a literal or folded text, whose lines may look
// like comments.
func inBlockScalar(n *yaml.Node) bool {
	for n != nil && len(n.Content) > 0 {
		n = n.Content[len(n.Content)-1]
	}
	return n != nil && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// rows returns the lines of an entry in block style: where the first starts and the last ends,
// before its line break. Comments after the entry are no part of it.
func (d *yamlDoc) rows(p place) (start, end int, err error) {
	first, value := p.entry()
	start = d.lines[first.Line-1]
	lead := string(bytes.TrimSpace(d.text[start:d.offset(first)]))
	isMap := p.in.Kind == yaml.MappingNode
	if isMap && lead != "" || !isMap && lead != "-" {
		return 0, 0, fail(first.Line, "this entry does not begin a line: edit it by hand")
	}
	indent := p.in.Column - 1
	for line := p.bound - 1; line > first.Line; line-- {
		text := d.lineText(line)
		trimmed := bytes.TrimLeft(text, " ")
		switch {
		case len(bytes.TrimSpace(trimmed)) == 0:
		case trimmed[0] == '#' && (len(text)-len(trimmed) <= indent || !inBlockScalar(value)):
		default:
			return start, d.lineEnd(line), nil
		}
	}
	return start, d.lineEnd(first.Line), nil
}

func (d *yamlDoc) replace(p place, step Step, value Object) ([]edit, error) {
	if isFlow(p.in) {
		start, end, err := d.flowPart(p)
		return []edit{{start, end, yamlFlow(Path{step}, value)}}, err
	}
	start, end, err := d.rows(p)
	if err != nil {
		return nil, err
	}
	style := d.style(Path{step})
	return []edit{{start, end, style.lines(Path{step}, value, p.in.Column-1)}}, nil
}

func (d *yamlDoc) remove(path Path) ([]edit, error) {
	places := d.walk(path)
	i := len(places) - 1
	for ; i > 0 && d.wasMade(places[i], places[i-1], d.style(path)); i-- {
	}
	p := places[i]
	if isFlow(p.in) {
		return d.cutFlow(p)
	}
	start, end, err := d.rows(p)
	if err != nil {
		return nil, err
	}
	if start > 0 {
		start = d.lineEnd(slices.Index(d.lines, start))
	} else {
		end += len(lineBreak(d.text[end:]))
	}
	return []edit{{start, end, ""}}, nil
}

// wasMade reports whether a mapping or list has one entry and the layout that Set gives it when it
// makes it.
func (d *yamlDoc) wasMade(p, parent place, style yamlStyle) bool {
	first, value := p.entry()
	if last(p.in, 0).at != 0 || p.in.Anchor != "" || p.in.Style&yaml.TaggedStyle != 0 {
		return false
	}
	if isFlow(p.in) {
		b, err := d.flowBrackets(p.in)
		return err == nil && isFlow(parent.in) && isFlow(value) &&
			d.text[b.open+1] == ' ' && d.text[b.end-1] == ' '
	}
	key, _ := parent.entry()
	line := d.lineText(key.Line)
	return first.Line == key.Line+1 && p.in.Column-parent.in.Column == style.step &&
		bytes.HasSuffix(line, []byte(":"))
}
