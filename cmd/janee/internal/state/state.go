// Package state is the seam between Janee and the place where its state is kept.
//
// State is what calls are decided by besides the configuration: grants, revocations, the orders
// that close many sessions, LOCKED, questions, answers, the marks of spent answers, and the counts
// of wrong PINs and codes. It is small: each piece has a name and a few hundred bytes, whole or not
// there at all. Packages core/session and core/approval say what the names are and what the bytes
// mean; they sign the bytes, so a store is never trusted with what they say. config.yaml, the root
// key and the audit log are not state.
//
// Store is what gateways, the desks of the owner and the commands need of such a place. They use
// nothing else of it, and no path. Package home implements it with files in one directory, for all
// processes of one machine.
//
// What a Store has to promise:
//
//   - A piece is read as one writer wrote it, never half of it, even if that writer was killed.
//   - Whatever Commit, Edit or Remove reports as done is durable and seen by every later read of
//     every process.
//   - All changes come one after another. What Commit compares, and what Edit was given, is still
//     so when its own change takes effect.
//   - What cannot be read is not taken for absent: the reader closes what it may have closed.
//   - A change fails within seconds where another one does not come to its end. Nothing but LOCKED
//     overtakes it: the brake works whoever holds the store up.
//
// A store in a database would keep these promises with one transaction for Commit and for Edit, and
// would answer Watch from the notices that the database sends.
package state

import "github.com/true-and-useful/janee/core"

// Reader looks at state and changes nothing.
type Reader interface {
	// Read returns the piece called name, or nil and no error where there is none. An empty piece
	// is not nil.
	Read(name string) ([]byte, error)
	// Files reads many pieces, as core.In.Files wants them: one that is absent is left out, one
	// that cannot be read is nil. Each call of an agent does so a few times.
	Files(names []string) map[string][]byte
	// List returns the names of all pieces in session.Dir or approval.Dir, sorted.
	List(dir string) ([]string, error)
	// Watch returns a function that reports whether one of the pieces may have been written or
	// removed since it was last called; the first time it says yes. It costs little, so that a call
	// that waits can ask it every 50 ms, and belongs to one goroutine. A change always makes it say
	// yes; a yes without a change only costs a read.
	Watch(names []string) (changed func() bool)
}

// Store reads and changes state. It is safe for concurrent use, in this process and across
// processes.
type Store interface {
	Reader
	// Commit makes writes durable, in their order. If a hold is not as it was read, nothing is
	// done: the answer is Stale, and says what each of those holds. A hold that cannot be read is
	// an error, and nothing is done either. A write whose condition is not met is left out, and the
	// answer says what is in its place; the others are made.
	Commit(holds []core.Hold, writes []core.Write) (core.Committed, error)
	// Edit replaces the piece called name by what edit makes of it; old is nil where there is none.
	// Nobody else changes state meanwhile, and a time that edit reads is later than every change
	// that came before. Where edit returns nil, what it was given, or an error, nothing changes.
	// edit must not change state itself.
	Edit(name string, edit func(old []byte) ([]byte, error)) error
	// Remove takes the piece called name away. A missing one is no error.
	Remove(name string) error
}
