package home

import (
	"errors"

	"golang.org/x/sys/unix"
)

// swapNames swaps the names of two directories (renameat2(2)).
func swapNames(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	// the file system or the kernel cannot
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return errors.ErrUnsupported
	}
	return err
}
