//go:build unix

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// noCore sets the size limit of core files to zero.
func noCore() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("setrlimit: %w", err)
	}
	return nil
}
