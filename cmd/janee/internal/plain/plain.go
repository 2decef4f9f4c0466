// Package plain makes text from agents and upstreams safe to show to a person on a terminal or a
// desktop. Use Text for text by itself, and Line for text among others that the person must be able
// to trust.
//
// It is not for JSON, which has its own escapes, and it does not remove secrets: package
// core/secret does.
package plain

import (
	"fmt"
	"strings"
	"unicode"
)

// Text escapes what could forge lines or control a terminal: control characters, line separators,
// and invisible characters that change the direction of writing.
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

// Line is Text with each run of blanks reduced to one: a terminal breaks long lines, so with enough
// blanks, what follows could look like a line of Janee's own.
func Line(s string) string { return strings.Join(strings.Fields(Text(s)), " ") }
