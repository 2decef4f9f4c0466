package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/session"
)

var _ state.Store = (*Home)(nil)

// Read returns the state file called name, or nil and no error where there is none. An empty file
// is not nil.
func (h *Home) Read(name string) ([]byte, error) {
	path, err := h.statePath(name)
	if err != nil {
		return nil, absentOr(err)
	}
	data, err := h.guard.ReadFile(path)
	return data, absentOr(err)
}

// Files reads the state files called names: one that is absent is left out, one that cannot be read
// is nil. Each call of an agent does so a few times, so a directory is checked once for all names
// in it that follow each other, and an absent file costs one system call.
func (h *Home) Files(names []string) map[string][]byte {
	files := make(map[string][]byte, len(names))
	var dir string
	var unsafe error
	for _, name := range names {
		if d := path.Dir(name); d != dir {
			dir, unsafe = d, h.guard.CheckDir(h.Path(d))
		}
		data, err := []byte(nil), unsafe
		if err == nil && stateName(name) {
			data, err = h.guard.ReadFile(h.dir + string(filepath.Separator) +
				filepath.FromSlash(name))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			files[name] = data
		}
	}
	return files
}

// Commit makes writes durable, if the files of holds are as they were read.
func (h *Home) Commit(holds []core.Hold, writes []core.Write) (done core.Committed, err error) {
	switch {
	case len(holds)+len(writes) == 0:
		return done, nil
	case brakes(holds, writes):
		return h.brake(writes)
	}
	err = h.WithLock(func() error {
		done, err = h.commit(holds, writes)
		return err
	})
	return done, err
}

func brakes(holds []core.Hold, writes []core.Write) bool {
	return len(holds) == 0 && len(writes) == 1 && writes[0].Name == session.LockFile &&
		writes[0].If.Data() == nil
}

// brake writes LOCKED and waits for nobody before that: it has to work while a command that is
// stopped or broken holds the lock. Then it takes the lock once: a change that was under way when
// LOCKED came has ended when Commit returns. If that takes too long, LOCKED counts all the same.
func (h *Home) brake(writes []core.Write) (core.Committed, error) {
	done, err := h.commit(nil, writes)
	if err == nil {
		_ = h.WithLock(func() error { return nil })
	}
	return done, err
}

// commit needs the lock, but for LOCKED.
func (h *Home) commit(holds []core.Hold, writes []core.Write) (core.Committed, error) {
	exists := map[string][]byte{}
	for _, hold := range holds {
		data, err := h.Read(hold.Name)
		if err != nil {
			return core.Committed{}, err
		}
		if !same(data, hold.Data) {
			exists[hold.Name] = data
		}
	}
	if len(exists) > 0 {
		return core.Committed{Exists: exists, Stale: true}, nil
	}
	for _, w := range writes {
		found, lost, err := h.writeIf(w)
		if err != nil {
			return core.Committed{}, err
		}
		if lost {
			exists[w.Name] = found
		}
	}
	return core.Committed{Exists: exists}, nil
}

// same tells no file from an empty one.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// writeIf writes where the condition of w is met; lost: it is not, and found is what is there.
func (h *Home) writeIf(w core.Write) (found []byte, lost bool, err error) {
	if want := w.If.Data(); want != nil {
		found, err = h.Read(w.Name)
		if err != nil || !same(found, want) {
			return found, err == nil, err
		}
	}
	found, err = h.write(w.Name, w.Data, !w.If.Any() && w.If.Data() == nil)
	return found, found != nil, err
}

// write stores data, durable when it returns; the directory is made if missing. With create it
// never replaces: if the file exists, write changes nothing and returns what it holds (not nil,
// perhaps empty).
func (h *Home) write(name string, data []byte, create bool) (existing []byte, err error) {
	path, err := h.statePath(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = MakeDir(filepath.Dir(path)); err == nil {
			path, err = h.statePath(name)
		}
	}
	if err != nil {
		return nil, err
	}
	h.sweepSometimes(filepath.Dir(path))
	if !create {
		return nil, replaceFile(path, data)
	}
	for range 3 { // LOCKED is written without the lock, and may be removed before it is read
		created, err := createFile(path, data)
		if created || err != nil {
			return nil, err
		}
		if existing, err = h.Read(name); existing != nil || err != nil {
			return existing, err
		}
	}
	return nil, fmt.Errorf("create %q: it comes and goes", path)
}

// Edit replaces a state file by what edit makes of it, under the lock.
func (h *Home) Edit(name string, edit func(old []byte) ([]byte, error)) error {
	return h.WithLock(func() error {
		old, err := h.Read(name)
		if err != nil {
			return err
		}
		data, err := edit(old)
		if err != nil || data == nil || same(data, old) {
			return err
		}
		_, err = h.write(name, data, false)
		return err
	})
}

// Watch compares stamps: one stat a name, and nothing is read. What cannot be looked at may have
// changed.
func (h *Home) Watch(names []string) (changed func() bool) {
	var seen []watched
	return func() bool {
		now, sure := make([]watched, len(names)), true
		for i, name := range names {
			fi, err := os.Lstat(h.Path(name))
			if err == nil && stateName(name) {
				now[i] = watched{stampOf(fi), fi.Mode()}
			}
			sure = sure && absentOr(err) == nil
		}
		if sure && slices.Equal(now, seen) {
			return false
		}
		seen = now
		return true
	}
}

// watched is what a look at a file compares. A new mode may make the file unreadable.
type watched struct {
	Stamp
	mode fs.FileMode
}

// Remove takes the state file called name away, durably, under the lock. A missing one is no error.
func (h *Home) Remove(name string) error {
	path, err := h.statePath(name)
	if err != nil {
		return absentOr(err)
	}
	return h.WithLock(func() error {
		if err := os.Remove(path); err != nil {
			return absentOr(err)
		}
		return SyncDir(filepath.Dir(path))
	})
}

// List returns the names of the state files in dir, sorted, as Read takes them. Other files are
// left out.
func (h *Home) List(dir string) ([]string, error) {
	if err := h.guard.CheckDir(h.Path(dir)); err != nil {
		return nil, absentOr(err)
	}
	entries, err := os.ReadDir(h.Path(dir))
	var names []string
	for _, e := range entries {
		if name := dir + "/" + e.Name(); stateName(name) {
			names = append(names, name)
		}
	}
	return names, err
}

// statePath checks name and the directory it lies in. A missing directory is fs.ErrNotExist, with
// the path all the same.
func (h *Home) statePath(name string) (string, error) {
	if !stateName(name) {
		return "", fmt.Errorf("state file %q: not a name janee uses", name)
	}
	path := h.Path(name)
	return path, h.guard.CheckDir(filepath.Dir(path))
}

// stateName is a second wall: names come from core and are made of hashes, but a path that reached
// this point with ".." in it would write anywhere.
func stateName(name string) bool { return session.IsName(name) || approval.IsName(name) }
