package localsock

import (
	"bytes"

	"golang.org/x/sys/unix"
)

const identifies = true

// argcSize is the size of the C int before the path in kern.procargs2.
const argcSize = 4

// credentials are LOCAL_PEERCRED and LOCAL_PEERPID, <sys/un.h>.
func credentials(fd uintptr) (uid uint32, pid int, err error) {
	c, err := unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return 0, 0, err
	}
	pid, err = unix.GetsockoptInt(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	return c.Uid, pid, err
}

// executable is "" if the process has ended, or may not be looked at.
func executable(pid int) string {
	args, err := unix.SysctlRaw("kern.procargs2", pid)
	if err != nil || len(args) < argcSize {
		return ""
	}
	path, _, _ := bytes.Cut(args[argcSize:], []byte{0})
	return string(path)
}
