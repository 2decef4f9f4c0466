package cli

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
)

var csvHeader = []string{
	"time", "decision", "outcome", "service", "capability", "method", "target", "agent", "via",
	"reason", "rule", "code", "status", "bytes", "durationMs", "redactions", "session", "request",
}

// exportCalls writes RFC 4180.
func exportCalls(w io.Writer, s *opened.Home, filter auditlog.Filter) (int, error) {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(csvHeader); err != nil {
		return 0, err
	}
	skipped, err := auditlog.Calls(s.Home, s.Vault, filter, func(r auditlog.Row) error {
		return out.Write(csvRow(r))
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return skipped, err
}

func csvRow(r auditlog.Row) []string {
	row := []string{
		r.Time.Format(time.RFC3339Nano), r.Decision, r.Outcome(), r.Service, r.Capability, r.Method,
		r.Target, r.Agent, r.Via, r.Reason, r.Rule, r.Code,
	}
	for i, text := range row {
		row[i] = csvCell(text)
	}
	for _, n := range []int64{int64(r.Status), r.Bytes, r.DurationMs, r.Redactions} {
		row = append(row, strconv.FormatInt(n, 10))
	}
	return append(row, csvCell(r.Session), csvCell(r.Req))
}

// formulaStart are the characters at which spreadsheets take a cell for a formula, full-width forms
// included (OWASP, "CSV Injection").
const formulaStart = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

// csvCell makes a text that an agent may have written safe for a spreadsheet.
func csvCell(s string) string {
	formula := s != "" && strings.ContainsRune(formulaStart, []rune(s)[0])
	s = printable(s)
	if formula {
		return "'" + s
	}
	return s
}
