package auditlog

import "github.com/true-and-useful/janee/cmd/janee/internal/home"

// Dir is the directory that holds the files of a log. A home is one; a log needs no more of it.
type Dir interface {
	// LogsPath returns where the directory is. Before the first record it may be missing.
	LogsPath() string
	// Guard returns the checks that a file must pass before it is read or appended to.
	Guard() home.Guard
	// WithLock runs do while nobody else has the lock under which commands share one chain.
	WithLock(do func() error) error
}
