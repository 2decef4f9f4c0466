package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/limit"
)

const (
	limitsSection = "limits"
	limitsHelp    = "write limits: {perMinute: 60}"
	// DefaultConcurrent is how many calls of one agent may be under way at once if limits does not
	// say: as many as there is room for replies of the usual size.
	DefaultConcurrent = 256
)

// limits reads the block of a capability, or the one for all capabilities. A bare "limits:" is
// refused, because it is what remains when the lines under it are commented out, and would bound
// nothing.
func (r *configReader) limits(to *limit.Limits, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		switch {
		case isNull(n):
			r.problem(n.Line, "%s is empty: %s, or delete the line", what, limitsHelp)
			return
		case n.Kind == yaml.ScalarNode || n.Kind == yaml.SequenceNode:
			r.problem(n.Line, "%s must be a mapping, not %s: %s", what, shape(n), limitsHelp)
			return
		}
		var keys []known
		for _, f := range limit.Fields() {
			keys = append(keys, known{f.Name, r.limit(f, to, what+": "+f.Name)})
		}
		r.mapping(n, what, keys...)
	}
}

func (r *configReader) limit(f limit.Field, to *limit.Limits, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		s, ok := r.text(n, what)
		if !ok {
			return
		}
		value, ok := f.Parse(s)
		if !ok {
			r.problem(n.Line, "%s %s is not %s", what, brief(s), LimitShape(f))
			return
		}
		*f.In(to) = value
	}
}

// LimitShape says what a value of the field looks like.
func LimitShape(f limit.Field) string {
	if f.Size {
		return fmt.Sprintf("a size: write bytes, or a whole number with KB, MB, GB, KiB, MiB or "+
			"GiB, as in 10MB, at most %s", f.Format(f.Most))
	}
	return fmt.Sprintf("a whole number from 1 to %d", f.Most)
}

// LimitField finds the limit that a person means: perMinute, or per-minute as flags are written.
func LimitField(name string) (limit.Field, bool) {
	for _, f := range limit.Fields() {
		if folded(f.Name) == folded(name) {
			return f, true
		}
	}
	return limit.Field{}, false
}

// limitsNode returns the block for NewCapability.
func limitsNode(list []KV) *yaml.Node {
	n := mapping()
	for _, l := range list {
		n.Content = append(n.Content, textNode(l.Path), numberOrText(l.Value))
	}
	return n
}

// numberOrText returns a value without quotes if it is a number.
func numberOrText(value string) *yaml.Node {
	if value != "" && strings.Trim(value, "0123456789") == "" && value[0] != '0' {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: value}
	}
	return textNode(value)
}

// setLimits changes lines of the block of a capability, removes those that are empty, and removes
// the block with the last of them.
func (e *editor) setLimits(path func(...string) []string, list []KV) error {
	for _, l := range list {
		line := path(limitsSection, l.Path)
		switch block := e.at(path(limitsSection)...); {
		case l.Value != "":
			if err := e.put(line, numberOrText(l.Value)); err != nil {
				return err
			}
		case block != nil && len(block.Content) == 2 && lookup(block, l.Path) != nil:
			if err := e.remove(path(limitsSection)...); err != nil {
				return err
			}
		default:
			if err := e.remove(line...); err != nil {
				return err
			}
		}
	}
	return nil
}
