//go:build !linux && !windows

package auditlog

import "os"

// datasync is File.Sync, which on macOS also empties the cache of the drive (F_FULLFSYNC).
func datasync(f *os.File) error { return f.Sync() }

// openToSync opens a file that is only synced, one that its owner may no longer write included.
const openToSync = os.O_RDONLY
