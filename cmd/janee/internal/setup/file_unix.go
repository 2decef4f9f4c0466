//go:build unix

package setup

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openRegular opens a file, but no link and no FIFO, which would block.
func openRegular(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
}

// owned refuses what belongs to another user.
func owned(fi fs.FileInfo) error {
	if owner, me := int(fi.Sys().(*syscall.Stat_t).Uid), os.Geteuid(); owner != me {
		return fmt.Errorf("it belongs to user %d, not to you (user %d)", owner, me)
	}
	return nil
}
