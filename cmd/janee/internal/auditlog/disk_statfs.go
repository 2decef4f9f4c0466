//go:build linux || darwin || freebsd

package auditlog

import "golang.org/x/sys/unix"

// sizeOf returns the size, in bytes, of the file system that dir is on.
func sizeOf(dir string) (total int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil || s.Blocks == 0 {
		return 0, false
	}
	return int64(min(s.Blocks, 1<<40)) * int64(s.Bsize), true
}
