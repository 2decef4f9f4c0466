package splice

import (
	"bytes"
	"slices"
)

// Append adds those strings that are missing to a list of strings in JSON, such as the permissions
// of Claude Code, and makes the list and the objects on the way.
func (f Format) Append(text []byte, path Path, items []string) ([]byte, error) {
	for _, item := range items {
		d, list, err := f.list(text, path)
		if err != nil {
			return nil, err
		}
		if slices.Contains(list, any(item)) {
			continue
		}
		want := with(d.said, path, append(slices.Clone(list), item))
		out, err := f.apply(text, d.append(path, item), inside(path), want)
		if err != nil {
			return nil, err
		}
		if back, err := f.Cut(out, path, []string{item}); err != nil || !bytes.Equal(back, text) {
			return nil, errLasting
		}
		text = out
	}
	return text, nil
}

// Cut removes strings from a list of strings in JSON, whoever wrote them, and the list and the
// objects on the way that Append made.
func (f Format) Cut(text []byte, path Path, items []string) ([]byte, error) {
	for _, item := range slices.Backward(items) {
		d, list, err := f.list(text, path)
		if err != nil {
			return nil, err
		}
		at := slices.Index(list, any(item))
		if at < 0 {
			continue
		}
		values, indexes := d.walk(path)
		edits := d.cut(values, append(indexes, at))
		want := with(d.said, path, slices.Delete(slices.Clone(list), at, at+1))
		if text, err = f.apply(text, edits, inside(path), want); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// list returns the list at a path, nil if there is none.
func (f Format) list(text []byte, path Path) (*jsonDoc, []any, error) {
	doc, value, found, err := f.open(text, path)
	if err != nil {
		return nil, nil, err
	}
	d, ok := doc.(*jsonDoc)
	if !ok {
		return nil, nil, fail(0, "lists can be edited in JSON only")
	}
	list, ok := value.([]any)
	if found && !ok {
		return nil, nil, fail(d.line(path), "%s is not a list", path)
	}
	return d, list, nil
}

func (d *jsonDoc) append(path Path, item string) []edit {
	values, at := d.walk(path)
	if len(values) == 0 || len(at) < len(path) {
		return d.put(path, []string{item})
	}
	return d.insert(values[len(path)], func(string, bool) string { return quote(item) })
}

// inside returns the path of an item of a list, so that an empty list counts as on the way.
func inside(path Path) Path { return append(slices.Clone(path), Step{}) }
