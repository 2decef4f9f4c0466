//go:build !race

package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// descriptors counts the open files of a process, or returns -1 where that is not to be seen: a
// server is closed to all but root, and an older kernel has no count in the size of the directory.
func descriptors(pid int) int {
	path := fmt.Sprintf("/proc/%d/fd", pid)
	if entries, err := os.ReadDir(path); err == nil {
		return len(entries)
	}
	if fi, err := os.Stat(path); err == nil && fi.Size() > 0 {
		return int(fi.Size())
	}
	return -1
}

// memory reads a figure of /proc/PID/status in bytes: VmRSS, or VmHWM for the most there ever was.
func memory(pid int, name string) (n int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, line, ok := strings.Cut(string(text), "\n"+name+":"); ok {
		_, _ = fmt.Sscanf(line, "%d kB", &n)
	}
	return n << 10
}

// goroutines ends the server with a dump of all that it has going, and counts them.
func (s *server) goroutines() int {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	_ = s.cmd.Wait()
	said := s.stderr.String()
	if !strings.Contains(said, "SIGQUIT") {
		s.t.Errorf("no dump: %s", said)
	}
	return strings.Count(said, "\ngoroutine ")
}
