//go:build !linux && !darwin && !freebsd && !windows

package doctor

func freeSpace(string) (free uint64, known bool) { return 0, false }
