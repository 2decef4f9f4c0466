package home

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exchange swaps the names of two directories (renamex_np(2)).
func exchange(a, b string) error {
	err := unix.RenamexNp(a, b, unix.RENAME_SWAP)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) { // the file system cannot
		return errors.ErrUnsupported
	}
	return err
}
