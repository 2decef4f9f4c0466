//go:build !linux && !darwin

package mcpserver

import "io"

// hungUp is false because this system cannot tell: a client that has exited without reading is
// given up after maxStall.
func hungUp(io.Reader) bool { return false }
