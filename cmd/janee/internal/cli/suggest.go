package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// unknownName is the error for a name that nothing has; its hint proposes the name that was likely
// meant. kind is "service", "capability", ….
func unknownName(kind, name string, have []string) error {
	next := "`janee list` lists services and capabilities"
	switch kind {
	case "agent":
		next = "`janee agent list` lists the registered agents"
	case "setting":
		next = "`janee config get` lists the settings"
	}
	if near := nearest(name, have); near != "" {
		next = fmt.Sprintf("did you mean %q?", near)
	}
	return hint.Errorf(hint.Failed, next, "there is no %s %q", kind, name)
}

// unknownCommand is the same for a word that is no command below c.
func unknownCommand(c *cobra.Command, word string) error {
	var have []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			have = append(have, sub.Name())
		}
	}
	next := fmt.Sprintf("`%s --help` lists the commands", c.CommandPath())
	if near := nearest(word, have); near != "" {
		next = fmt.Sprintf("did you mean `%s %s`?", c.CommandPath(), near)
	}
	return hint.Errorf(hint.Usage, next, "unknown command %q for %q", word, c.CommandPath())
}

// nearest returns the name that is meant by a typo or by its beginning, or "".
func nearest(typed string, names []string) string {
	if typed == "" || len(typed) > 64 {
		return ""
	}
	near, best := "", min(3, len(typed))
	for _, name := range slices.Sorted(slices.Values(names)) {
		d := distance(strings.ToLower(typed), strings.ToLower(name))
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(typed)) {
			d = min(d, 2)
		}
		if d < best {
			near, best = name, d
		}
	}
	return near
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn a into
// b (optimal string alignment: a swap is the most common typo of all).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
