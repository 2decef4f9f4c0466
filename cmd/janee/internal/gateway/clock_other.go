//go:build !linux && !darwin

package gateway

import "time"

// mono is the time since start in milliseconds. The monotonic clock of Windows runs on while the
// machine sleeps.
func mono(start time.Time) int64 { return time.Since(start).Milliseconds() }
