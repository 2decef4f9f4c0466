//go:build !linux

package auditlog

import "os"

// datasync is File.Sync, which on macOS also empties the cache of the drive (F_FULLFSYNC).
func datasync(f *os.File) error { return f.Sync() }
