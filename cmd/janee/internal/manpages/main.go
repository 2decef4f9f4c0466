// Command manpages writes the man pages of janee, one for each command, from the same texts as
// --help:
//
//	go run ./cmd/janee/internal/manpages -version 1.2.0 -date 2026-11-30 DIR
//
// The same commands, version and date give the same bytes. Without -date the date is that of
// SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/). Release archives
// and packages contain the pages; the program janee does not.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/cli"
)

func main() {
	if err := run(os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

func run(args []string, getenv func(string) string) error {
	flags := flag.NewFlagSet("manpages", flag.ContinueOnError)
	version := flags.String("version", "", "`VERSION` for the foot of each page")
	day := flags.String("date", "", "`DATE` for the foot of each page, as in 2026-11-30")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("give one directory to write the pages to")
	}
	date, err := dateOf(*day, getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return err
	}
	return write(flags.Arg(0), cli.Tree(), edition{version: *version, date: date})
}

// dateOf reads the date, or the seconds since 1970 where it is empty.
func dateOf(day, epoch string) (time.Time, error) {
	if day != "" {
		return time.Parse(time.DateOnly, day)
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("give -date, or SOURCE_DATE_EPOCH in seconds: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// edition is what pages say of themselves.
type edition struct {
	version string // "" for none
	date    time.Time
}

// write writes a page to dir for c and every command below it.
func write(dir string, c *cobra.Command, e edition) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, pageName(c)+".1")
	if err := os.WriteFile(path, page(c, e), 0o644); err != nil {
		return err
	}
	for _, sub := range c.Commands() {
		if err := write(dir, sub, e); err != nil {
			return err
		}
	}
	return nil
}
