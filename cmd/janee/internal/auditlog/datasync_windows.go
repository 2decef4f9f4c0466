package auditlog

import "os"

func datasync(f *os.File) error { return f.Sync() }

// openToSync opens a file that is only synced: FlushFileBuffers refuses a handle that cannot write.
const openToSync = os.O_RDWR
