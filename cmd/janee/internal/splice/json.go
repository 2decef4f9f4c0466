package splice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// jsonDoc is a JSON text with the offsets of its parts.
type jsonDoc struct {
	text []byte
	root *hujson.Value // nil if the text is blank
	said any
}

func parseJSON(text []byte) (document, error) {
	d := &jsonDoc{text: text}
	if len(bytes.TrimSpace(text)) == 0 {
		return d, nil
	}
	if err := checkDepth(text); err != nil {
		return nil, err
	}
	// hujson wants a line end after a line comment; VS Code does not.
	root, err := hujson.Parse(append(text[:len(text):len(text)], '\n'))
	if err != nil {
		return nil, d.syntax(err)
	}
	d.root = &root
	if root.Value.Kind() != '{' {
		return nil, fail(lineOf(text, root.StartOffset), "the file is not a JSON object")
	}
	plain := root.Clone()
	plain.Standardize()
	decoder := json.NewDecoder(bytes.NewReader(plain.Pack()))
	decoder.UseNumber()
	if err := decoder.Decode(&d.said); err != nil {
		return nil, fail(0, "this is not JSON")
	}
	d.said = numbers(d.said)
	return d, nil
}

// syntax returns the error for a text that hujson does not read. The text of hujson's own error
// may hold a value of the file.
func (d *jsonDoc) syntax(err error) error {
	line, column := 0, 0
	_, _ = fmt.Sscanf(err.Error(), "hujson: line %d, column %d", &line, &column)
	at := 0
	for i, text := range bytes.SplitAfterN(d.text, []byte("\n"), max(line, 1)) {
		if i < line-1 {
			at += len(text)
		}
	}
	at += column - 1
	if at < 0 || at >= len(d.text) || line > 1+bytes.Count(d.text, []byte("\n")) {
		return fail(lineOf(d.text, len(d.text)), "the JSON ends too early")
	}
	if c := d.text[at]; c == '\'' || c == '_' || c == '$' || c|0x20 >= 'a' && c|0x20 <= 'z' {
		return fail(line, "this is not JSON: names and texts must be in double quotes (\")")
	}
	return fail(line, "this is not JSON")
}

// checkDepth bounds the recursion of the parser. It only has to count right for a valid text.
func checkDepth(text []byte) error {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
				return fail(lineOf(text, i), "objects and lists are nested more than %d deep",
					maxDepth)
			}
		case '}', ']':
			depth--
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '/':
			i += commentLen(text[i:])
		}
	}
	return nil
}

// commentLen returns the length of the comment that text begins with, without its line end; 0 if it
// begins with none.
func commentLen(text []byte) int {
	var n int
	switch {
	case bytes.HasPrefix(text, []byte("//")):
		n = bytes.IndexByte(text, '\n')
	case bytes.HasPrefix(text, []byte("/*")):
		if n = bytes.Index(text[2:], []byte("*/")); n >= 0 {
			n += 4
		}
	}
	if n < 0 {
		return len(text)
	}
	return n
}

// numbers replaces each json.Number by an int64 or a float64.
func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return v
}

func (d *jsonDoc) value() any { return d.said }

// members returns the members of an object with a name.
func members(v *hujson.Value, name string) (found []int) {
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		return nil
	}
	for i := range object.Members {
		if object.Members[i].Name.Value.(hujson.Literal).String() == name {
			found = append(found, i)
		}
	}
	return found
}

// walk returns the values on a path, the root first, as far as they exist, and where each is in the
// one before it.
func (d *jsonDoc) walk(path Path) (values []*hujson.Value, at []int) {
	if d.root == nil {
		return nil, nil
	}
	values = []*hujson.Value{d.root}
	for i, step := range path {
		found := members(values[i], step.Key)
		if len(found) == 0 {
			break
		}
		at = append(at, found[0])
		values = append(values, &values[i].Value.(*hujson.Object).Members[found[0]].Value)
	}
	return values, at
}

func (d *jsonDoc) check(path Path) error {
	for _, step := range path {
		if step.Item != "" {
			return fail(0, "lists of objects are not supported in JSON")
		}
	}
	values, _ := d.walk(path)
	for i, v := range values {
		if i == len(path) {
			break
		}
		if found := members(v, path[i].Key); len(found) > 1 {
			second := v.Value.(*hujson.Object).Members[found[1]].Name
			return fail(lineOf(d.text, second.StartOffset), "%s is given twice", path[:i+1])
		}
		if i > 0 && v.Value.Kind() != '{' {
			return fail(lineOf(d.text, v.StartOffset), "%s is not an object", path[:i])
		}
	}
	return nil
}

func (d *jsonDoc) line(path Path) int {
	values, at := d.walk(path)
	if len(path) == 0 || len(at) < len(path) {
		return 1
	}
	object := values[len(path)-1].Value.(*hujson.Object)
	return lineOf(d.text, object.Members[at[len(path)-1]].Name.StartOffset)
}

func (d *jsonDoc) set(path Path, value Object) ([]edit, bool, error) {
	return d.put(path, value), true, nil
}

// put adds the entry at a path, or replaces its value, and makes the objects on the way.
func (d *jsonDoc) put(path Path, value any) []edit {
	style := d.style()
	values, at := d.walk(path)
	if len(values) == 0 {
		text := style.made(path, value, "", true)
		return []edit{{0, 0, text + style.newline}}
	}
	last := values[len(values)-1]
	if len(at) == len(path) {
		indent := margin(d.text, last.StartOffset)
		text := style.value(value, indent, d.multiline(last))
		return []edit{{last.StartOffset, last.EndOffset, text}}
	}
	key := path[len(at)].Key
	rest := path[len(at)+1:]
	return d.insert(last, func(indent string, multi bool) string {
		return style.name(key) + style.made(rest, value, indent, multi)
	})
}

func (d *jsonDoc) remove(path Path) ([]edit, error) {
	values, at := d.walk(path)
	return d.cut(values, at), nil
}

// jsonStyle is how a text is laid out.
type jsonStyle struct {
	newline, step string
	colon, comma  string // with the blank that follows it, if any
}

func (d *jsonDoc) style() jsonStyle {
	s := jsonStyle{newline(d.text), "  ", ": ", ", "}
	if d.root == nil {
		return s
	}
	object := d.root.Value.(*hujson.Object)
	if len(object.Members) == 0 {
		return s
	}
	first := object.Members[0]
	if len(first.Value.BeforeExtra) == 0 {
		s.colon, s.comma = ":", ","
	}
	blank := blankEnd(first.Name.BeforeExtra)
	if i := strings.LastIndexByte(blank, '\n'); i >= 0 && i < len(blank)-1 {
		s.step = blank[i+1:]
	}
	return s
}

func (s jsonStyle) name(key string) string { return quote(key) + s.colon }

// made renders the objects that have to be made on a path, with a value at its end. Their brackets
// have lines of their own or, in one line, a blank inside, and so differ from those of an object
// that was there: see insert.
func (s jsonStyle) made(path Path, value any, indent string, multi bool) string {
	open, end := " ", " "
	inner := indent + s.step
	if multi {
		open, end = s.newline+inner, s.newline+indent
	}
	if len(path) > 0 {
		return "{" + open + s.name(path[0].Key) + s.made(path[1:], value, inner, multi) + end + "}"
	}
	if list, ok := value.([]string); ok { // of Append
		return "[" + open + quote(list[0]) + end + "]"
	}
	return s.value(value, indent, multi)
}

func (s jsonStyle) value(value any, indent string, multi bool) string {
	switch value := value.(type) {
	case Object:
		if len(value) == 0 {
			return "{}"
		}
		gap, end := strings.TrimPrefix(s.comma, ","), ""
		inner := indent + s.step
		if multi {
			gap, end = s.newline+inner, s.newline+indent
		}
		var fields []string
		for _, f := range value {
			fields = append(fields, s.name(f.Key)+s.value(f.Value, inner, multi))
		}
		text := strings.Join(fields, ","+gap)
		if multi {
			text = gap + text
		}
		return "{" + text + end + "}"
	case []string:
		items := make([]string, len(value))
		for i, item := range value {
			items[i] = quote(item)
		}
		return "[" + strings.Join(items, s.comma) + "]"
	case string:
		return quote(value)
	}
	return fmt.Sprint(value)
}

// quote returns a JSON string, with < and & as they are.
func quote(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}
