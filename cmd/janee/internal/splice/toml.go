package splice

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlDoc is a TOML text with the offsets of its expressions.
type tomlDoc struct {
	text  []byte
	said  map[string]any
	exprs []tomlExpr // in the order of the file
}

// tomlExpr is a table header, or a key with its value.
type tomlExpr struct {
	path       []string // from the top
	header     bool
	start, end int
	value      int        // where the value starts; 0 for a header
	inline     bool       // the value is an inline table
	inner      []tomlExpr // its keys
}

func parseTOML(text []byte) (document, error) {
	d := &tomlDoc{text: text}
	if err := toml.Unmarshal(text, &d.said); err != nil {
		line := 0
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, _ = at.Position()
		}
		return nil, fail(line, "this is not TOML, or a key is given twice")
	}
	var p unstable.Parser
	p.Reset(text)
	var table []string
	for p.NextExpression() {
		node := p.Expression()
		if node.Kind == unstable.KeyValue {
			d.exprs = append(d.exprs, d.keyValue(table, node))
			continue
		}
		e := d.header(node)
		d.exprs = append(d.exprs, e)
		table = e.path
	}
	if p.Error() != nil {
		return nil, fail(0, "this is not TOML")
	}
	return d, nil
}

// keys returns the keys of an expression, and where the first starts and the last ends.
func keys(it unstable.Iterator) (path []string, start, end int) {
	for it.Next() {
		raw := it.Node().Raw
		if len(path) == 0 {
			start = int(raw.Offset)
		}
		path = append(path, string(it.Node().Data))
		end = int(raw.Offset + raw.Length)
	}
	return path, start, end
}

func (d *tomlDoc) header(node *unstable.Node) tomlExpr {
	path, start, end := keys(node.Key())
	start = len(bytes.TrimRight(d.text[:start], " \t["))
	for d.text[start] != '[' {
		start++ // the blanks before an indented header
	}
	end += bytes.IndexByte(d.text[end:], ']') + 1
	if node.Kind == unstable.ArrayTable {
		end++
	}
	return tomlExpr{path: path, header: true, start: start, end: end}
}

func (d *tomlDoc) keyValue(table []string, node *unstable.Node) tomlExpr {
	path, _, keyEnd := keys(node.Key())
	e := tomlExpr{
		path:  slices.Concat(table, path),
		start: int(node.Raw.Offset),
		end:   int(node.Raw.Offset + node.Raw.Length),
	}
	e.value = keyEnd + bytes.IndexByte(d.text[keyEnd:], '=') + 1
	e.value += len(d.text[e.value:]) - len(bytes.TrimLeft(d.text[e.value:], " \t"))
	if value := node.Value(); value.Kind == unstable.InlineTable {
		e.inline = true
		for it := value.Children(); it.Next(); {
			e.inner = append(e.inner, d.keyValue(e.path, it.Node()))
		}
	}
	return e
}

func (d *tomlDoc) value() any {
	if len(d.said) == 0 {
		return nil
	}
	return d.said
}

func (d *tomlDoc) check(path Path) error {
	for _, step := range path {
		if step.Item != "" {
			return fail(0, "lists of objects are not supported in TOML")
		}
	}
	return nil
}

// under reports whether an expression is at a path or below it.
func (e *tomlExpr) under(path Path) bool {
	return len(e.path) >= len(path) && e.leads(path[:min(len(path), len(e.path))])
}

// leads reports whether a path is at an expression or below it.
func (e *tomlExpr) leads(path Path) bool {
	for i := range min(len(path), len(e.path)) {
		if path[i].Key != e.path[i] {
			return false
		}
	}
	return true
}

func (d *tomlDoc) line(path Path) int {
	for i := range d.exprs {
		if e := &d.exprs[i]; e.leads(path) && (e.under(path) || e.inline) {
			return lineOf(d.text, e.start)
		}
	}
	return 1
}

// container returns the innermost inline table that a path leads into, nil if there is none.
func (d *tomlDoc) container(path Path) *tomlExpr {
	var found *tomlExpr
	for list := d.exprs; ; list = found.inner {
		i := slices.IndexFunc(list, func(e tomlExpr) bool {
			return e.inline && len(e.path) < len(path) && e.leads(path)
		})
		if i < 0 {
			return found
		}
		found = &list[i]
	}
}

func (d *tomlDoc) set(path Path, value Object) ([]edit, bool, error) {
	container := d.container(path)
	list := d.exprs
	if container != nil {
		list = container.inner
	}
	var there []*tomlExpr
	for i := range list {
		if list[i].under(path) {
			there = append(there, &list[i])
		}
	}
	switch {
	case len(there) == 0 && container != nil:
		return d.insertInline(container, path, value), true, nil
	case len(there) == 0:
		return d.appendTable(path, value), true, nil
	case len(there) == 1 && there[0].inline && len(there[0].path) == len(path):
		return []edit{{there[0].value, there[0].end, tomlValue(value)}}, true, nil
	case there[0].header && len(there[0].path) == len(path):
		edits, ok := d.replaceTable(path, value)
		return edits, ok, nil
	}
	return nil, false, nil
}

func (d *tomlDoc) insertInline(container *tomlExpr, path Path, value Object) []edit {
	text := tomlKeys(path[len(container.path):]) + " = " + tomlValue(value)
	at := container.value + 1
	if n := len(container.inner); n > 0 {
		at = container.inner[n-1].end
		text = ", " + text
	}
	return []edit{{at, at, text}}
}

// appendTable puts a table at the end of the file, after a blank line. The blank lines that end the
// file stay behind it.
func (d *tomlDoc) appendTable(path Path, value Object) []edit {
	newline := newline(d.text)
	at := len(bytes.TrimRight(d.text, " \t\r\n"))
	text := tomlTable(path, value, newline)
	if at == 0 {
		return []edit{{0, 0, text + newline}}
	}
	at = d.lineEnd(at)
	return []edit{{at, at, newline + newline + text}}
}

// replaceTable rewrites the lines below the header of a table, and removes the tables below it.
func (d *tomlDoc) replaceTable(path Path, value Object) ([]edit, bool) {
	runs := d.runs(path)
	if len(runs) != 1 {
		return nil, false
	}
	first := d.exprs[runs[0].first]
	newline := newline(d.text)
	body := d.lineEnd(first.end)
	text := strings.TrimPrefix(tomlTable(path, value, newline), "["+tomlKeys(path)+"]")
	return []edit{{body, d.lineEnd(d.exprs[runs[0].last].end), text}}, true
}

// run is a row of expressions, by index.
type run struct{ first, last int }

// runs returns the rows of expressions that are at a path or below it.
func (d *tomlDoc) runs(path Path) (found []run) {
	for i := range d.exprs {
		switch n := len(found); {
		case !d.exprs[i].under(path):
		case n > 0 && found[n-1].last == i-1:
			found[n-1].last = i
		default:
			found = append(found, run{i, i})
		}
	}
	return found
}

func (d *tomlDoc) remove(path Path) ([]edit, error) {
	if container := d.container(path); container != nil {
		return d.cutInline(container, path)
	}
	var edits []edit
	for _, r := range d.runs(path) {
		edits = append(edits, d.cutRun(d.exprs[r.first], d.exprs[r.last]))
	}
	return edits, nil
}

func (d *tomlDoc) cutInline(container *tomlExpr, path Path) ([]edit, error) {
	isUnder := func(e tomlExpr) bool { return e.under(path) }
	i := slices.IndexFunc(container.inner, isUnder)
	rest := container.inner[i+1:]
	if slices.ContainsFunc(rest, isUnder) {
		return nil, fail(lineOf(d.text, container.start),
			"%s is written with dotted keys in an inline table: remove it by hand", path)
	}
	start, end := container.inner[i].start, container.inner[i].end
	switch {
	case len(rest) > 0:
		end = rest[0].start
	case i > 0:
		start = container.inner[i-1].end
	}
	return []edit{{start, end, ""}}, nil
}

// cutRun cuts whole lines and, if they begin with a header, the blank lines before it.
func (d *tomlDoc) cutRun(first, last tomlExpr) edit {
	end := d.lineEnd(last.end)
	before := d.text[:first.start]
	if !first.header {
		before = bytes.TrimRight(before, " \t")
	}
	start := len(bytes.TrimRight(before, " \t\r\n"))
	switch {
	case start > 0 && first.header:
		start = d.lineEnd(start)
	case start > 0 && bytes.HasSuffix(before, []byte("\r\n")):
		start = len(before) - 2
	case start > 0:
		start = len(before) - 1
	default:
		start = first.start
		end += len(lineBreak(d.text[end:]))
	}
	return edit{start, end, ""}
}

// lineEnd returns where the line of an offset ends, before its line break.
func (d *tomlDoc) lineEnd(offset int) int {
	for offset < len(d.text) && d.text[offset] != '\n' {
		offset++
	}
	if offset > 0 && offset < len(d.text) && d.text[offset-1] == '\r' {
		offset--
	}
	return offset
}

// lineBreak returns the line break that text begins with, if any.
func lineBreak(text []byte) []byte {
	for _, mark := range []string{"\r\n", "\n"} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return text[:len(mark)]
		}
	}
	return nil
}

// tomlTable renders a table and the tables below it, without a last line break.
func tomlTable(path Path, value Object, newline string) string {
	lines := []string{"[" + tomlKeys(path) + "]"}
	var tables []string
	for _, f := range value {
		if table, ok := f.Value.(Object); ok {
			below := append(slices.Clone(path), Step{Key: f.Key})
			tables = append(tables, "", tomlTable(below, table, newline))
			continue
		}
		lines = append(lines, tomlKey(f.Key)+" = "+tomlValue(f.Value))
	}
	return strings.Join(append(lines, tables...), newline)
}

func tomlKeys(path Path) string {
	keys := make([]string, len(path))
	for i, step := range path {
		keys[i] = tomlKey(step.Key)
	}
	return strings.Join(keys, ".")
}

func tomlKey(key string) string {
	bare := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			r == '_' || r == '-'
	}
	if key != "" && !strings.ContainsFunc(key, func(r rune) bool { return !bare(r) }) {
		return key
	}
	return tomlString(key)
}

// tomlString returns a basic string. It differs from one of JSON in DEL alone.
func tomlString(s string) string { return strings.ReplaceAll(quote(s), "\x7f", `\u007F`) }

// tomlValue renders a value in one line.
func tomlValue(value any) string {
	var items []string
	switch value := value.(type) {
	case Object:
		for _, f := range value {
			items = append(items, tomlKey(f.Key)+" = "+tomlValue(f.Value))
		}
		if len(items) == 0 {
			return "{}"
		}
		return "{ " + strings.Join(items, ", ") + " }"
	case []string:
		for _, item := range value {
			items = append(items, tomlString(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case string:
		return tomlString(value)
	}
	return fmt.Sprint(value)
}
