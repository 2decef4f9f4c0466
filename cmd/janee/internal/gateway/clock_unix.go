//go:build linux || darwin

package gateway

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Clocks that run on while the machine sleeps (clock_gettime(2) of Linux; clock_gettime(3) of
// macOS, where CLOCK_MONOTONIC does).
const (
	linuxBoottime   = 7
	darwinMonotonic = 6
)

// mono is a time in milliseconds that never goes back, sleep included. The monotonic clock of
// package time stops with the machine: a revocation until 14:32 would hold for hours more where a
// lid was closed in between.
func mono(start time.Time) int64 {
	id := int32(linuxBoottime)
	if runtime.GOOS == "darwin" {
		id = darwinMonotonic
	}
	var now unix.Timespec
	// always or never: a sandbox that forbids the call
	if err := unix.ClockGettime(id, &now); err != nil {
		return time.Since(start).Milliseconds()
	}
	return now.Nano() / int64(time.Millisecond)
}
