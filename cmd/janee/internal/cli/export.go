package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/audit"
)

type exportOptions struct {
	callFilter
	format, to string
}

// exporters write what a filter selects, and return how many lines they left out.
var exporters = map[string]func(io.Writer, *opened.Home, auditlog.Filter) (int, error){
	"jsonl": exportLines, "csv": exportCalls,
}

func exportCommand(env *Env) *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export",
		Short: "Export the log for a collector or a spreadsheet",
		Long: `Write the log to standard output or to a new file. Only authentic lines are
exported; the command counts torn and changed lines on standard error, and "janee logs verify" says
more about them.

jsonl has every record exactly as it was written, with its mac, so that anyone who has the root key
can still verify it. csv has one line per call, with intent and result merged, for spreadsheets:
control characters are escaped, and a "'" is put before a text that a spreadsheet would take for a
formula.

The lines are in the order of the log files: by day, then by writer. The filters are those of "janee
logs".`,
		Example: `  janee logs export > log.jsonl
  janee logs export --format csv --agent claude --since 2026-11-01 --to calls.csv`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runExport(env, o) },
	}
	f := c.Flags()
	f.StringVar(&o.format, "format", "jsonl", "`FORMAT` to write: jsonl or csv")
	f.StringVar(&o.to, "to", "", "`FILE` to write, which must not exist yet")
	o.flags(f)
	return c
}

func runExport(env *Env, o exportOptions) error {
	export := exporters[o.format]
	if export == nil {
		return hint.Errorf(hint.Usage, "write --format jsonl or --format csv",
			"--format: %q is not a format", o.format)
	}
	filter, err := o.filter(time.Now())
	if err != nil {
		return err
	}
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Vault == nil {
		return errNoKey("exporting the log")
	}
	var skipped int
	err = writingTo(env.Stdout, o.to, func(w io.Writer) (err error) {
		skipped, err = export(w, s, filter)
		return err
	})
	if err != nil {
		return fmt.Errorf("exporting the log: %w", err)
	}
	sayLeftOut(env, auditlog.Page{Skipped: skipped})
	return nil
}

// writingTo gives do a writer to stdout, or to a new file called name that only its owner can read.
// It removes the file unless it is whole.
func writingTo(stdout io.Writer, name string, do func(io.Writer) error) (err error) {
	if name == "" {
		out := bufio.NewWriterSize(stdout, 64<<10)
		return cmp.Or(do(out), out.Flush())
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return hint.New(hint.Failed, "choose another name, or move the file away", err)
	}
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 64<<10)
	err = cmp.Or(do(out), out.Flush(), f.Sync())
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

func exportLines(w io.Writer, s *opened.Home, filter auditlog.Filter) (int, error) {
	return auditlog.Lines(s.Home, s.Vault, filter, func(text []byte, _ audit.Entry) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
