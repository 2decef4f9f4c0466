package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

type logsOptions struct {
	lines          int
	service        string
	follow, asJSON bool
}

func logsCommand(env *Env) *cobra.Command {
	var o logsOptions
	c := &cobra.Command{
		Use:   "logs",
		Short: "Show what agents did and what was refused",
		Long: `Show the newest calls, oldest first: local time, service, request, outcome, and the agent's reason.
A refused call shows its code and the rule; a call that never ended shows "?".`,
		Example: `  janee logs
  janee logs -f
  janee logs -n 100 -s stripe --json
  janee logs verify`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogs(cmd.Context(), env, o) },
	}
	f := c.Flags()
	f.IntVarP(&o.lines, "lines", "n", 20, "how many of the newest calls; 0 for all")
	f.StringVarP(&o.service, "service", "s", "", "only calls of this service")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on as calls come in, until Ctrl-C")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	c.AddCommand(verifyCommand(env))
	return c
}

func runLogs(ctx context.Context, env *Env, o logsOptions) error {
	if o.follow && o.asJSON {
		return hint.Errorf(hint.Usage, "leave one of them out", "--follow and --json do not go together")
	}
	if o.lines < 0 {
		return hint.Errorf(hint.Usage, "give a number from 0", "--lines cannot be %d", o.lines)
	}
	dir, err := home.Dir(env.Getenv)
	if err != nil {
		return err
	}
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	filter := auditlog.Filter{Service: o.service, Limit: o.lines}
	page, err := auditlog.Read(h, filter)
	if err != nil {
		return err
	}
	if o.asJSON {
		return printRows(env.Stdout, page.Rows)
	}
	for _, row := range page.Rows {
		fmt.Fprintln(env.Stdout, logLine(row))
	}
	if page.Skipped > 0 {
		fmt.Fprintf(env.Stderr, "janee: %d lines of the log are torn or foreign and were left out; `janee logs verify` says more\n", page.Skipped)
	}
	if len(page.Rows) == 0 && !o.follow {
		fmt.Fprintln(env.Stderr, "No calls yet.")
	}
	if o.follow {
		return auditlog.Follow(ctx, h, filter, func(row auditlog.Row) { fmt.Fprintln(env.Stdout, logLine(row)) })
	}
	return nil
}

func printRows(w io.Writer, rows []auditlog.Row) error {
	if rows == nil {
		rows = []auditlog.Row{}
	}
	return writeJSON(w, struct {
		Logs []auditlog.Row `json:"logs"`
	}{rows})
}

// logLine is one call for a person: local time, service, request, outcome, the rule where one refused, reason.
func logLine(r auditlog.Row) string {
	parts := []string{r.Time.Local().Format("2006-01-02 15:04:05"), serviceOf(r), strings.TrimSpace(r.Method + " " + r.Target), r.Outcome()}
	if r.Event == "deny" && r.Rule != "" {
		parts = append(parts, fmt.Sprintf("deny %q", r.Rule))
	}
	if r.Reason != "" {
		parts = append(parts, r.Reason)
	}
	for i, p := range parts {
		parts[i] = printable(p)
	}
	return strings.Join(parts, " | ")
}

// serviceOf names the service, or the capability that the agent asked for where there is none.
func serviceOf(r auditlog.Row) string {
	switch {
	case r.Service != "":
		return r.Service
	case r.Capability != "":
		return r.Capability
	}
	return "-"
}

// printable escapes what an agent could use to forge lines or steer the terminal: control characters, line separators, and
// the invisible ones that turn the direction of writing.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			fmt.Fprintf(&b, "\\u%04x", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func verifyCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that nobody edited, cut or reordered the log",
		Long: `Check every line of every log file. Problems name file, line and kind: edited, missing, reordered,
truncated or duplicate; the exit code is then 1.`,
		Example: "  janee logs verify\n  janee logs verify --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runVerify(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runVerify(env *Env, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Vault == nil {
		return hint.Errorf(hint.Locked, "run `janee init`", "checking the log: this home has no root key")
	}
	report, err := auditlog.Verify(s.Home, s.Vault)
	if err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(env.Stdout, struct {
			OK bool `json:"ok"`
			auditlog.Report
		}{len(report.Problems) == 0, report})
	} else {
		printReport(env.Stdout, report)
	}
	if len(report.Problems) > 0 {
		return errors.Join(err, errSaid)
	}
	return err
}

func printReport(w io.Writer, r auditlog.Report) {
	for _, p := range r.Problems {
		fmt.Fprintf(w, "%s:%d: %s: %s\n", p.File, p.Line, p.Kind, p.Text)
	}
	for _, t := range r.Torn {
		fmt.Fprintf(w, "%s:%d: torn: %d bytes of a line that was never finished; nothing was done on it\n", t.File, t.Line, t.Bytes)
	}
	verdict := "the log is whole"
	if n := len(r.Problems); n > 0 {
		verdict = fmt.Sprintf("%d problems: the log is not as it was written", n)
	}
	fmt.Fprintf(w, "%d lines in %d files: %s\n", r.Lines, r.Files, verdict)
}

// errSaid ends a command with exit code 1 after it has said everything itself.
var errSaid = errors.New("said already")
