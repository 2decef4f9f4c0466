package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/config"
)

type logsOptions struct {
	callFilter
	lines          int
	follow, asJSON bool
}

func logsCommand(env *Env) *cobra.Command {
	var o logsOptions
	c := &cobra.Command{
		Use:   "logs",
		Short: "Show what agents did and what Janee refused",
		Long: `Show the newest calls in the audit log, oldest first: local time, service, request,
outcome, and the agent's reason. A refused call shows its code and the rule; a call that never ended
shows "?".

TIME is a duration before now (2h, 30m, 7d), a date (2026-11-23; --until includes that day), a local
time as this command shows it (2026-11-23 14:32:15), or RFC 3339 (2026-11-23T14:32:15Z).`,
		Example: `  janee logs
  janee logs -f --decision deny
  janee logs -n 100 -s stripe --since 2h
  janee logs --agent claude --since 2026-11-01 --until 2026-11-23 --json
  janee logs verify
  janee logs export --format csv --since 30d --to calls.csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogs(cmd.Context(), env, o) },
	}
	f := c.Flags()
	f.IntVarP(&o.lines, "lines", "n", 20, "show the newest `N` calls; 0 shows all")
	o.flags(f)
	f.BoolVarP(&o.follow, "follow", "f", false, "keep showing new calls, until Ctrl-C")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	c.AddCommand(verifyCommand(env), exportCommand(env), anchorCommand(env))
	return c
}

func runLogs(ctx context.Context, env *Env, o logsOptions) error {
	filter, err := o.filter(time.Now())
	if err != nil {
		return err
	}
	dir, err := home.Dir(env.Getenv)
	if err != nil {
		return err
	}
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	paint := newStyle(env.Stdout, env.Getenv)
	emit := func(row auditlog.Row) { fmt.Fprintln(env.Stdout, logLine(row, paint)) }
	begin := func(page auditlog.Page) {
		for _, row := range page.Rows {
			emit(row)
		}
		sayLeftOut(env, page)
	}
	if o.follow {
		ctx, stop := until(ctx, filter.Until)
		defer stop()
		return auditlog.Follow(ctx, h, filter, begin, emit)
	}
	page, err := auditlog.Read(h, filter)
	if err != nil {
		return err
	}
	if o.asJSON {
		return printRows(env.Stdout, page.Rows)
	}
	begin(page)
	if len(page.Rows) == 0 {
		fmt.Fprintln(env.Stderr, o.nothing(readConfig(env)))
	}
	return nil
}

// until ends at a time, if there is one: nothing that would be shown can begin afterwards.
func until(ctx context.Context, end time.Time) (context.Context, context.CancelFunc) {
	if end.IsZero() {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, end)
}

// filter reads the flags. now is what durations count back from.
func (o logsOptions) filter(now time.Time) (auditlog.Filter, error) {
	switch {
	case o.follow && o.asJSON:
		return auditlog.Filter{}, hint.Errorf(hint.Usage, "leave one of them out",
			"--follow and --json cannot be combined")
	case o.lines < 0:
		return auditlog.Filter{}, hint.Errorf(hint.Usage, "give 0 or more",
			"--lines: %d is not a number of lines", o.lines)
	}
	f, err := o.callFilter.filter(now)
	f.Limit = o.lines
	return f, err
}

// nothing says that there is no call to show, and whether a mistyped name may be the cause.
func (o logsOptions) nothing(c *config.Config) string {
	if c != nil {
		for kind, q := range map[string]struct {
			name string
			have []string
		}{"service": {o.service, c.ServiceNames}, "capability": {o.capability, c.CapabilityNames}} {
			if near := nearest(q.name, q.have); near != "" && near != q.name {
				return fmt.Sprintf("No calls of %s %q: did you mean %q?", kind, q.name, near)
			}
		}
	}
	if o.filtered() {
		return "No calls match."
	}
	return "No calls yet."
}

func sayLeftOut(env *Env, page auditlog.Page) {
	switch page.Skipped {
	case 0:
	case 1:
		fmt.Fprintln(env.Stderr,
			"janee: left out 1 line of the log, which is torn or foreign; "+
				"`janee logs verify` says more")
	default:
		fmt.Fprintf(env.Stderr,
			"janee: left out %d lines of the log, which are torn or foreign; "+
				"`janee logs verify` says more\n", page.Skipped)
	}
}

func printRows(w io.Writer, rows []auditlog.Row) error {
	if rows == nil {
		rows = []auditlog.Row{}
	}
	return writeJSON(w, struct {
		Logs []auditlog.Row `json:"logs"`
	}{rows})
}

func verifyCommand(env *Env) *cobra.Command {
	var asJSON bool
	var anchors []string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that nobody has edited, cut or reordered the log",
		Long: `Check every line of every log file, and check that the log records every session. A
problem has a file, a line and a kind: edited, missing, reordered, truncated or duplicate. The exit
code is 1 if there is a problem.

The log alone cannot show that lines were cut off its end. With --anchors the command compares the
log with anchors that "janee logs anchor" or "audit.anchor" in config.yaml has written elsewhere.
FILE contains such lines, or is a system log with some among its lines.`,
		Example: "  janee logs verify\n  janee logs verify --anchors " +
			"/mnt/elsewhere/anchors.jsonl --json",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runVerify(env, anchors, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringArrayVar(&anchors, "anchors", nil,
		"compare the log with the anchors in this `FILE`; repeatable")
	return c
}

func runVerify(env *Env, anchors []string, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Vault == nil {
		return errNoKey("verifying the log")
	}
	report, err := auditlog.Verify(s.Home, s.Home, s.Vault, anchors...)
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
		fmt.Fprintln(w, p)
	}
	for _, t := range r.Torn {
		what := count(t.Bytes, "byte", "bytes") +
			" of a line that was never finished, so nothing was done because of it"
		if t.Whole {
			what = "the last line lost its line end; the record itself is whole"
		}
		fmt.Fprintf(w, "%s:%d: torn: %s\n", t.File, t.Line, what)
	}
	printForeign(w, r.Foreign)
	verdict := "the log is whole"
	if n := len(r.Problems); n > 0 {
		verdict = count(n, "problem", "problems") + ": the log is not as it was written"
	}
	if r.Anchors > 0 {
		verdict = "compared with " + count(r.Anchors, "anchor", "anchors") + ", " + verdict
	}
	fmt.Fprintf(w, "%s in %s: %s\n", count(r.Lines, "line", "lines"),
		count(r.Files, "file", "files"), verdict)
}

// maxForeign is how many names are printed: anyone who can write to the directory could make any
// number of them.
const maxForeign = 10

func printForeign(w io.Writer, names []string) {
	if len(names) == 0 {
		return
	}
	shown := strings.Join(names[:min(len(names), maxForeign)], ", ")
	if more := len(names) - maxForeign; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	fmt.Fprintf(w, "%s not read: %s\n",
		count(len(names), "other file in logs/ was", "other files in logs/ were"), printable(shown))
}

// errSaid ends a command with exit code 1 after the command has reported everything itself.
var errSaid = errors.New("reported already")
