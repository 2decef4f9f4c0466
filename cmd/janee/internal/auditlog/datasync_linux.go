package auditlog

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync is fdatasync(2): it syncs the bytes and the size of the file, but not its times.
func datasync(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = unix.Fdatasync(int(fd)); failed != unix.EINTR {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// openToSync opens a file that is only synced, one that its owner may no longer write included.
const openToSync = os.O_RDONLY
