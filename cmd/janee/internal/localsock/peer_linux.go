package localsock

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const identifies = true

// credentials are SO_PEERCRED, unix(7).
func credentials(fd uintptr) (uid uint32, pid int, err error) {
	c, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, 0, err
	}
	return c.Uid, int(c.Pid), nil
}

// executable is "" if the process has ended, or may not be looked at: without privileges one user
// sees only its own, proc_pid_exe(5).
func executable(pid int) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return ""
	}
	return path
}
