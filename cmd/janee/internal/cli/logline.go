package cli

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/plain"
	"github.com/true-and-useful/janee/core"
)

// logLine is one call for a person: local time, service, request, outcome, the rule where one
// refused, reason.
func logLine(r auditlog.Row, paint style) string {
	request := cmp.Or(strings.TrimSpace(r.Method+" "+r.Target), "-")
	parts := []string{
		r.Time.Local().Format(logTime), cell(serviceOf(r)), cell(request), paintOutcome(r, paint),
	}
	if rule := refusedBy(r); rule != "" {
		parts = append(parts, cell(rule))
	}
	if r.Reason != "" {
		parts = append(parts, cell(r.Reason))
	}
	if n := r.Detail["unrecorded"]; n != "" {
		parts = append(parts,
			cell(fmt.Sprintf("%s earlier refusals of %s have no record", n, r.Agent)))
	}
	return strings.Join(parts, " | ")
}

// refusedBy says which rule refused a call. In the record of any other refusal, the rule is the one
// that allowed the call.
func refusedBy(r auditlog.Row) string {
	switch {
	case r.Event != "deny" || r.Code != core.RuleDeny:
		return ""
	case r.Rule == "":
		return "no rule allows it"
	}
	return fmt.Sprintf("deny %q", r.Rule)
}

func paintOutcome(r auditlog.Row, paint style) string {
	text := cell(r.Outcome())
	switch {
	case r.Event == "intent":
		return paint.warn(text)
	case r.Code != "" || r.Status >= 400:
		return paint.bad(text)
	case r.Status >= 200 && r.Status < 300:
		return paint.good(text)
	}
	return text
}

// serviceOf names the service, or the capability that the agent asked for where there is none.
func serviceOf(r auditlog.Row) string {
	return cmp.Or(r.Service, r.Capability, "-")
}

// cell is printable, and cannot pass for several parts of a line: an agent's path may hold " | 200
// | ".
func cell(s string) string { return strings.ReplaceAll(printable(s), " |", ` \u007c`) }

// printable is what a terminal may show of a text that an agent wrote.
func printable(s string) string { return plain.Text(s) }

// escapeJSON is printable for JSON text, where such characters occur only in strings. Line ends
// come from the indentation.
func escapeJSON(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.String()
}
