package home

import (
	"errors"

	"golang.org/x/sys/unix"
)

// swapNames swaps the names of two directories (renamex_np(2)).
func swapNames(a, b string) error {
	err := unix.RenamexNp(a, b, unix.RENAME_SWAP)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) { // the file system cannot
		return errors.ErrUnsupported
	}
	return err
}
