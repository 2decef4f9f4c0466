package home

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exchange gives each of two directories the name of the other (renamex_np(2)).
func exchange(a, b string) error {
	err := unix.RenamexNp(a, b, unix.RENAME_SWAP)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) { // a file system that cannot
		return errors.ErrUnsupported
	}
	return err
}
