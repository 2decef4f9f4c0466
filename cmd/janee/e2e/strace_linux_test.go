//go:build !race

package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// failing is what a disk does that is about to die: each of these system calls fails with EIO,
// every time. Named are the commands that cannot do without: config.yaml is synced by fsync and
// renamed into place, the log is synced by fdatasync.
var failing = map[string]string{
	"fsync": "service cap revoke", "fdatasync": "revoke", "renameat": "service cap",
}

// faulty returns a command line under which the system call fails in a process, and in none that it
// starts.
func faulty(t *testing.T, call string) []string {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	line := []string{
		"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e",
		"inject=" + call + ":error=EIO",
	}
	if out, err := exec.Command(line[0], append(line[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here: %v: %s", err, out)
	}
	return line
}

// TestCommandsOnAFailingDisk edits config.yaml while the disk fails: the command says so, and the
// file is what it was.
func TestCommandsOnAFailingDisk(t *testing.T) {
	t.Parallel()
	for call, commands := range failing {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.base(startAPI(t))
			for _, args := range [][]string{
				{"service", "edit", "base", "--description", "changed"},
				{"cap", "edit", "base", "-t", "5m"}, {"revoke", "--all"},
			} {
				if !strings.Contains(commands, args[0]) {
					continue
				}
				before, line := p.config(), append(faulty(t, call),
					filepath.Join(binDir(), "janee"))
				cmd := exec.Command(line[0], append(line[1:], args...)...)
				cmd.Env = p.env
				if out, err := cmd.CombinedOutput(); err == nil || p.config() != before ||
					strings.Contains(string(out), "goroutine") {
					t.Errorf("janee %s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
			p.run("", "cap", "edit", "base", "-t", "6m")
			if left, _ := filepath.Glob(filepath.Join(p.home, ".tmp-*")); len(left) > 0 {
				t.Errorf("%v are left", left)
			}
			wants(t, p.run("", "logs", "verify"), "the log is whole")
		})
	}
}

// TestServerOnAFailingDisk makes calls while no session can be written down. Another server then
// goes on.
func TestServerOnAFailingDisk(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"fsync", "linkat"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			p, api := newPlace(t), startAPI(t)
			p.base(api)
			s := p.serve("tester",
				append(faulty(t, call), filepath.Join(binDir(), "janee"), "serve")...)
			for i := range 3 {
				wants(t, s.get("base", fmt.Sprintf("/%d", i)), auditUnavailable)
			}
			if len(api.seen) > 0 {
				t.Errorf("sent without a record: %q", api.seen)
			}
			wants(t, p.serve("tester").get("base", "/x"), `"status":200`)
			wants(t, p.run("", "logs", "verify"), "the log is whole")
		})
	}
}
