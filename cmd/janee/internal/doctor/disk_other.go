//go:build !linux && !darwin && !freebsd && !windows

package doctor

// freeSpace is unknown here.
func freeSpace(string) (free uint64, known bool) { return 0, false }
