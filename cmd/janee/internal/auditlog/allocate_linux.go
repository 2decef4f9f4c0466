package auditlog

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate is fallocate(2), which reserves the room without writing to it.
func allocate(f *os.File, n int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = unix.Fallocate(int(fd), 0, 0, n); failed != unix.EINTR {
				return
			}
		}
	})
	if errors.Is(failed, unix.EOPNOTSUPP) {
		failed = writeZeros(f, n)
	}
	return errors.Join(err, failed)
}
