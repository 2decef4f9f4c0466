package splice

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlStyle is how a text is laid out.
type yamlStyle struct {
	newline string
	step    int
}

// style looks at what is outside the path, so that Remove finds what Set found.
func (d *yamlDoc) style(path Path) yamlStyle {
	s := yamlStyle{newline(d.text), 2}
	for i := 0; d.root != nil && !isFlow(d.root) && i < len(d.root.Content); i += 2 {
		key, value := d.root.Content[i], d.root.Content[i+1]
		if key.Value != path[0].Key && value.Kind == yaml.MappingNode && !isFlow(value) {
			s.step = value.Column - key.Column
			break
		}
	}
	return s
}

// lines renders an entry, and the mappings and the list on the way to it, without a last line
// break.
func (s yamlStyle) lines(path Path, value any, indent int) string {
	margin := strings.Repeat(" ", indent)
	if step := path[0]; step.Item != "" {
		text := s.lines(Path{{Key: "-"}}, value, indent)
		_, text, _ = strings.Cut(text, s.newline) // the fields, without the key of the mapping
		return margin + "- " + strings.TrimLeft(s.reindent(text, indent), " ")
	}
	head := margin + yamlString(path[0].Key) + ":"
	if len(path) > 1 {
		return head + s.newline + s.lines(path[1:], value, indent+s.step)
	}
	object, ok := value.(Object)
	if !ok || len(object) == 0 {
		return head + " " + yamlValue(value)
	}
	for _, f := range object {
		head += s.newline + s.lines(Keys(f.Key), f.Value, indent+s.step)
	}
	return head
}

// reindent moves the fields of an item to where its dash wants them.
func (s yamlStyle) reindent(text string, indent int) string {
	from, to := strings.Repeat(" ", indent+s.step), strings.Repeat(" ", indent+2)
	lines := strings.Split(text, s.newline)
	for i, line := range lines {
		lines[i] = to + strings.TrimPrefix(line, from)
	}
	return strings.Join(lines, s.newline)
}

// yamlFlow renders an entry in one line. The brackets of what is on the way to it have a blank
// inside.
func yamlFlow(path Path, value Object) string {
	if path[0].Item != "" {
		return yamlValue(value)
	}
	key := yamlString(path[0].Key) + ": "
	switch {
	case len(path) == 1:
		return key + yamlValue(value)
	case path[1].Item != "":
		return key + "[ " + yamlFlow(path[1:], value) + " ]"
	}
	return key + "{ " + yamlFlow(path[1:], value) + " }"
}

// yamlValue renders a value in one line.
func yamlValue(value any) string {
	var items []string
	switch value := value.(type) {
	case Object:
		for _, f := range value {
			items = append(items, yamlString(f.Key)+": "+yamlValue(f.Value))
		}
		return "{" + strings.Join(items, ", ") + "}"
	case []string:
		for _, item := range value {
			items = append(items, yamlString(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case string:
		return yamlString(value)
	}
	return fmt.Sprint(value)
}

var (
	yamlPlain = regexp.MustCompile(`^[A-Za-z/_][A-Za-z0-9/._-]*$`)
	yamlWord  = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)
)

// yamlString renders text plainly if every version of YAML takes it as the same text.
func yamlString(s string) string {
	if yamlPlain.MatchString(s) && !yamlWord.MatchString(s) {
		return s
	}
	return tomlString(s)
}
