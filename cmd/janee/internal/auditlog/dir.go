package auditlog

import "github.com/true-and-useful/janee/cmd/janee/internal/home"

// Dir is the part of a home that a log needs: the directory that holds its files.
type Dir interface {
	// LogsPath returns the path of the directory, which may not exist before the first record.
	LogsPath() string
	// Guard returns the checks that a file must pass before it is read or appended to.
	Guard() home.Guard
	// WithLock runs do while no one else has the lock under which commands share one chain.
	WithLock(do func() error) error
}
