package doctor

import (
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/anchor"
	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

const (
	maxVerified = 128 << 20 // bytes of log that Run verifies, which take a second or two
	leastFree   = 64 << 20  // bytes: room for some hundred thousand calls
	clockSlack  = 5 * time.Second
)

// checkClock checks the wall clock, on which sessions and signatures depend.
func checkClock(p *patient) []Check {
	now, fix := p.Now(), "set the clock of this machine"
	if runtime.GOOS == "linux" {
		fix = "sudo timedatectl set-ntp true"
	}
	if year := now.UTC().Year(); year < 2025 || year > 2100 {
		return []Check{failed("clock", fix, "the clock of this machine says %s",
			now.UTC().Format(time.RFC3339))}
	}
	var newest time.Time
	var err error
	if p.home != nil {
		newest, err = auditlog.Newest(p.home)
	}
	switch {
	case err != nil:
		return []Check{warned("clock", "janee logs verify",
			"comparing the clock with the log: %v", err)}
	case newest.After(now.Add(clockSlack)):
		return []Check{warned("clock", fix,
			"it is %s, but the newest line of the log is from %s: the clock is or was wrong",
			now.UTC().Format(time.RFC3339), newest.Format(time.RFC3339))}
	}
	return passed("clock", "it is %s", now.Format(time.RFC3339))
}

// checkLog verifies the chains of the audit log, unless that would take long.
func checkLog(p *patient) []Check {
	if p.home == nil || p.vault == nil {
		return nil
	}
	size, err := auditlog.Measure(p.home)
	if err == nil && size.Bytes > maxVerified {
		return []Check{warned("log", "janee logs verify",
			"the log was not checked, because verifying its %d MB takes long", size.Bytes>>20)}
	}
	var r auditlog.Report
	if err == nil {
		r, err = auditlog.Verify(p.home, p.home, p.vault)
	}
	if err != nil {
		return []Check{failed("log", "janee logs verify", "%v", err)}
	}
	if n := len(r.Problems); n > 0 {
		return []Check{failed("log", "janee logs verify",
			"the log is not as it was written: %s, the first: %v",
			count(n, "problem", "problems"), r.Problems[0])}
	}
	found := passed("log", "%s in %s, as they were written", count(r.Lines, "line", "lines"),
		count(r.Files, "file", "files"))
	if n := len(r.Foreign); n > 0 {
		found = append(found, warned("log", "ls "+home.Quote(p.home.LogsPath()),
			"the directory of the log holds %s that janee did not write",
			count(n, "file", "files")))
	}
	return found
}

// checkAnchor reports failures of anchoring, which a server writes only once, to a standard error
// that perhaps nobody reads.
func checkAnchor(p *patient) []Check {
	if p.home == nil || p.config == nil || p.config.Audit.Anchor == nil {
		return nil
	}
	told, err := anchor.Last(p.home)
	switch {
	case err != nil:
		return []Check{warned("anchor",
			"rm "+home.Quote(filepath.Join(p.home.LogsPath(), auditlog.AnchorFile)), "%v", err)}
	case told.Error != "":
		return []Check{warned("anchor", "correct audit.anchor in config.yaml, or what it names",
			"nobody would notice if the end of the log were cut off: %s", told.Error)}
	case told.At.IsZero():
		return []Check{warned("anchor", "start a server",
			"the log has never been anchored, because no server has run since it was configured")}
	}
	return passed("anchor", "the log was anchored at %s", told.At.Format(time.RFC3339))
}

// checkDisk writes and removes a file beside the log, because Janee sends nothing that it cannot
// log.
func checkDisk(p *patient) []Check {
	if p.home == nil {
		return nil
	}
	dir := p.home.LogsPath()
	fix := "df -h " + home.Quote(dir) + " && ls -ld " + home.Quote(dir)
	if err := auditlog.Writable(p.home); err != nil {
		return []Check{failed("disk", fix,
			"the log cannot be written, so every call is refused: %v", err)}
	}
	free, known := freeSpace(dir)
	switch {
	case !known:
		return passed("disk", "the log can be written")
	case free < leastFree:
		return []Check{warned("disk", fix,
			"only %d MB are free for the log; when the disk is full, every call is refused",
			free>>20)}
	}
	return passed("disk", "the log can be written; %d MB are free", free>>20)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
