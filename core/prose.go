package core

import (
	"fmt"
	"strings"
	"unicode"
)

// Prose is the refusal as a model reads it: the code and the reason, the next step, the question
// that a person is asked. It goes out in front of Text and begins with the code, so that it is
// never JSON: some clients (Gemini CLI 0.61) parse the first text of a result, hold what comes of
// it against the tool's output schema, and show the model a schema error instead.
func (d *Denial) Prose() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", d.Code, oneLine(d.Message))
	if !strings.HasSuffix(d.Message, ".") {
		b.WriteByte('.')
	}
	for _, line := range [...]struct{ name, text string }{
		{"Next", d.NextStep}, {"Approval id", d.ApprovalID}, {"Expires at", d.ExpiresAt}} {
		if line.text != "" {
			fmt.Fprintf(&b, "\n%s: %s", line.name, oneLine(line.text))
		}
	}
	if d.RetryAfterSeconds > 0 {
		fmt.Fprintf(&b, "\nRetry after: %d seconds", d.RetryAfterSeconds)
	}
	return b.String()
}

// oneLine keeps what an agent or a file wrote from adding a line of its own, such as a next step.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ReplaceAll(text, "\n", "; "))
}
