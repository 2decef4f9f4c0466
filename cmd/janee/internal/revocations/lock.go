package revocations

import (
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/session"
)

// Lock refuses every call of everybody from now on. It returns false if that was so already. A
// brake has to work where nothing else does: it is applied even if it cannot be recorded, and then
// the error says so.
func (d *Desk) Lock() (locked bool, err error) {
	if there, err := d.State.Read(session.LockFile); there != nil && err == nil {
		return false, nil
	}
	unrecorded := d.Record(d.entry("lock", Scope{}))
	existing, err := state.Create(d.State, session.LockFile, []byte{})
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
