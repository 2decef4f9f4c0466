package splice

import (
	"maps"
	"math"
	"reflect"
	"slices"
)

// withItem returns the object with the field that an Item step names in front.
func (o Object) withItem(path Path) Object {
	last := path[len(path)-1]
	if last.Item == "" {
		return o
	}
	return append(Object{{last.Key, last.Item}}, o...)
}

// plain returns the object as Find would.
func (o Object) plain() map[string]any {
	m := make(map[string]any, len(o))
	for _, f := range o {
		m[f.Key] = plain(f.Value)
	}
	return m
}

func plain(v any) any {
	switch v := v.(type) {
	case Object:
		return v.plain()
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case int:
		return int64(v)
	}
	return v
}

// find follows a path through what a document says.
func find(doc document, path Path) (any, bool, error) {
	v := doc.value()
	for i, step := range path {
		var next any
		found := false
		switch v := v.(type) {
		case nil:
		case map[string]any:
			if step.Item == "" {
				next, found = v[step.Key]
				break
			}
			return nil, false, fail(doc.line(path[:i]), "%s is not a list", path[:i])
		case []any:
			if step.Item == "" {
				return nil, false, fail(doc.line(path[:i]), "%s is a list", path[:i])
			}
			at := indexOf(v, step)
			if found = at >= 0; found {
				next = v[at]
			}
		default:
			return nil, false, fail(doc.line(path[:i]), "%s is a value, not an object", path[:i])
		}
		if !found {
			return nil, false, nil
		}
		v = next
	}
	return v, true, nil
}

// String names a path in an error.
func (p Path) String() string {
	if len(p) == 0 {
		return "the file"
	}
	text := p[0].Key
	for _, step := range p[1:] {
		if step.Item != "" {
			text += "." + step.Item
		} else {
			text += "." + step.Key
		}
	}
	return text
}

func indexOf(list []any, step Step) int {
	return slices.IndexFunc(list, func(item any) bool {
		m, ok := item.(map[string]any)
		return ok && m[step.Key] == step.Item
	})
}

// with returns v with the entry at a path. It changes no part of v.
func with(v any, path Path, entry any) any {
	if len(path) == 0 {
		return entry
	}
	step := path[0]
	if step.Item != "" {
		list, _ := v.([]any)
		list = slices.Clone(list)
		if at := indexOf(list, step); at >= 0 {
			list[at] = with(list[at], path[1:], entry)
			return list
		}
		return append(list, with(nil, path[1:], entry))
	}
	old, _ := v.(map[string]any)
	m := maps.Clone(old)
	if m == nil {
		m = map[string]any{}
	}
	m[step.Key] = with(m[step.Key], path[1:], entry)
	return m
}

// without returns v without the entry at a path.
func without(v any, path Path) any {
	step := path[0]
	switch old := v.(type) {
	case []any:
		at := indexOf(old, step)
		if at < 0 {
			return v
		}
		list := slices.Clone(old)
		if len(path) == 1 {
			return slices.Delete(list, at, at+1)
		}
		list[at] = without(list[at], path[1:])
		return list
	case map[string]any:
		if _, found := old[step.Key]; !found {
			return v
		}
		m := maps.Clone(old)
		if len(path) == 1 {
			delete(m, step.Key)
		} else {
			m[step.Key] = without(m[step.Key], path[1:])
		}
		return m
	}
	return v
}

// pruned returns v without the objects on a path that are empty.
func pruned(v any, path Path) any {
	for i := len(path) - 1; i > 0; i-- {
		if inner, found := reach(v, path[:i]); found && empty(inner) {
			v = without(v, path[:i])
		}
	}
	if empty(v) {
		return nil
	}
	return v
}

func reach(v any, path Path) (any, bool) {
	for _, step := range path {
		switch node := v.(type) {
		case map[string]any:
			next, found := node[step.Key]
			if !found {
				return nil, false
			}
			v = next
		case []any:
			at := indexOf(node, step)
			if at < 0 {
				return nil, false
			}
			v = node[at]
		default:
			return nil, false
		}
	}
	return v, true
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// same compares what two texts say. Unlike reflect.DeepEqual it takes NaN, which TOML and YAML can
// say, for equal to itself.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, same)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || math.IsNaN(a) && math.IsNaN(b))
	}
	return reflect.DeepEqual(a, b)
}
