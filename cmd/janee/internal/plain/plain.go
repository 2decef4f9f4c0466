// Package plain makes texts that an agent wrote fit to be shown to a person, on a terminal or a
// desktop. Use Text for a text as it is, and Line where it stands among others that the person has
// to trust. It is not for JSON, which has escapes of its own.
package plain

import (
	"fmt"
	"strings"
	"unicode"
)

// Text escapes what could forge lines or steer a terminal: control characters, line separators, and
// the invisible ones that turn the direction of writing.
func Text(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == unicode.ReplacementChar || !unicode.IsPrint(r) && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Line is Text with runs of blanks made one: a terminal breaks long lines, and enough blanks would
// make what follows look like a line of ours.
func Line(s string) string { return strings.Join(strings.Fields(Text(s)), " ") }
