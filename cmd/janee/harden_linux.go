package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// shutMemory forbids core files and makes the process "not dumpable". Core handlers that ignore the
// limit then get nothing, and only root may ptrace it or open its /proc/PID/mem, environ and fd
// (prctl(2) PR_SET_DUMPABLE, ptrace(2) "access mode checking"). A program that it executes inherits
// the limit, but is dumpable again.
func shutMemory() error {
	var err error
	if e := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); e != nil {
		err = fmt.Errorf("prctl: %w", e)
	}
	return errors.Join(err, noCore())
}
