package revocations

import (
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/session"
)

// brakePatience is how long Lock waits for its record before it locks without one. Both the log and
// the place of the root key may be held up by another command.
const brakePatience = 500 * time.Millisecond

// Lock refuses every call of everybody from now on. It returns false if that was so already. A
// brake has to work where nothing else does: it is applied before it is recorded if that takes
// long, and even if it cannot be recorded; then the error says so.
func (d *Desk) Lock() (locked bool, err error) {
	if there, err := d.State.Read(session.LockFile); there != nil && err == nil {
		return false, nil
	}
	var unrecorded error
	recorded := make(chan struct{})
	go func() {
		defer close(recorded)
		unrecorded = d.Record(d.entry("lock", Scope{}))
	}()
	select {
	case <-recorded:
	case <-time.After(brakePatience):
	}
	existing, err := state.Create(d.State, session.LockFile, []byte{})
	<-recorded
	if err != nil {
		return false, wrap(err, "lock")
	}
	return existing == nil, wrap(unrecorded, "record the lock")
}

// Unlock ends Lock.
func (d *Desk) Unlock() error {
	if err := d.Record(d.entry("unlock", Scope{})); err != nil {
		return err
	}
	return wrap(d.State.Remove(session.LockFile), "unlock")
}
