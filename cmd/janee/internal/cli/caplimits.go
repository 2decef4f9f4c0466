package cli

import (
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/limit"
)

// limitFlag is the name of a limit on the command line: per-minute for perMinute.
func limitFlag(f limit.Field) string {
	var b strings.Builder
	for _, c := range f.Name {
		if unicode.IsUpper(c) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

func limitFlags() (names []string) {
	for _, f := range limit.Fields() {
		names = append(names, limitFlag(f))
	}
	return names
}

// readLimits reads NAME=VALUE. If removable, an empty value removes the limit.
func readLimits(texts []string, removable bool) (list []config.KV, err error) {
	for _, text := range texts {
		name, value, _ := strings.Cut(text, "=")
		f, known := config.LimitField(name)
		if !known {
			return nil, hint.Errorf(hint.Usage, "write NAME=VALUE, where NAME is one of: "+
				strings.Join(limitFlags(), ", "), "--limit: %q is not a limit", text)
		}
		if _, ok := f.Parse(value); !ok && (value != "" || !removable) {
			return nil, hint.Errorf(hint.Usage, "write "+limitFlag(f)+"="+example(f),
				"--limit: %q: the value is not %s", text, config.LimitShape(f))
		}
		list = append(list, config.KV{Path: f.Name, Value: value})
	}
	return list, nil
}

func example(f limit.Field) string {
	if f.Size {
		return "1MB"
	}
	return "60"
}

// shownLimits are those that are set, as a person writes them.
func shownLimits(l limit.Limits) string {
	var set []string
	for _, f := range limit.Fields() {
		if n := *f.In(&l); n > 0 {
			set = append(set, limitFlag(f)+"="+f.Format(n))
		}
	}
	return strings.Join(set, " ")
}

// limitNames proposes what --limit may begin with.
func limitNames(
	_ *cobra.Command, _ []string, typed string,
) (words []string, _ cobra.ShellCompDirective) {
	for _, name := range limitFlags() {
		if strings.HasPrefix(name, typed) {
			words = append(words, name+"=")
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
