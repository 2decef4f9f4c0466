//go:build unix

package auditlog

import (
	"os"

	"golang.org/x/sys/unix"
)

// hold takes the lock that a living writer has on its file, and reports false if another process
// has it. The lock ends when the file is closed or the process ends.
func hold(f *os.File) bool {
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	held := false
	err = conn.Control(func(fd uintptr) {
		held = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB) == nil
	})
	return err == nil && held
}
