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

// Read returns the state file called name, or nil without an error if it does not exist. An empty
// file is not nil.
func (h *Home) Read(name string) ([]byte, error) {
	path, err := h.statePath(name)
	if err != nil {
		return nil, absentOr(err)
	}
	data, err := h.guard.ReadFile(path)
	return data, absentOr(err)
}

// Files reads the state files called names. It leaves out a file that is absent, and returns nil
// for one that cannot be read. Each call of an agent does this a few times, so Files checks a
// directory once for all consecutive names in it, and an absent file costs one system call.
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

// Commit makes writes, and syncs them, if the files of holds are as they were read.
func (h *Home) Commit(holds []core.Hold, writes []core.Write) (done core.Committed, err error) {
	switch {
	case len(holds)+len(writes) == 0:
		return done, nil
	case brakes(holds, writes):
		return h.brake(writes)
	}
	err = h.withStateLock(func() error {
		done, err = h.commit(holds, writes)
		return err
	})
	return done, err
}

func brakes(holds []core.Hold, writes []core.Write) bool {
	return len(holds) == 0 && len(writes) == 1 && writes[0].Name == session.LockFile &&
		writes[0].If.Data() == nil
}

// brake writes LOCKED without waiting for the lock of state, because it must work even if a command
// that is stopped or broken holds the lock. Afterwards it takes the lock once, so that everyone who
// compared before LOCKED was there has finished when Commit returns. If that takes too long, LOCKED
// applies anyway.
func (h *Home) brake(writes []core.Write) (core.Committed, error) {
	done, err := h.commit(nil, writes)
	if err == nil {
		_ = h.withStateLock(func() error { return nil })
	}
	return done, err
}

// commit needs the lock of state, except to write LOCKED.
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

// same reports whether a and b are equal; an absent file differs from an empty one.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// writeIf writes w if its condition is met. If it is not, lost is true and found is what is there.
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

// write stores data and syncs it, and makes the directory if it is missing. With create, write
// never replaces a file: if one exists, it changes nothing and returns its content (not nil, but
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
	for range 3 { // LOCKED is written without the lock, so it may be removed before it is read
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

// Edit replaces a state file by what edit returns, under the lock of state.
func (h *Home) Edit(name string, edit func(old []byte) ([]byte, error)) error {
	return h.withStateLock(func() error {
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

// Watch compares stamps, which costs one stat per name. A file that it cannot stat counts as
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

// watched is what Watch compares. It includes the mode, which may make a file unreadable.
type watched struct {
	Stamp
	mode fs.FileMode
}

// Remove removes the state file called name, under the lock of state, and syncs that. It is no
// error if the file does not exist.
func (h *Home) Remove(name string) error {
	path, err := h.statePath(name)
	if err != nil {
		return absentOr(err)
	}
	return h.withStateLock(func() error {
		if err := os.Remove(path); err != nil {
			return absentOr(err)
		}
		return SyncDir(filepath.Dir(path))
	})
}

// List returns the sorted names of the state files in dir, in the form that Read takes. It leaves
// out other files.
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

// statePath checks name and its directory. If the directory does not exist, it returns
// fs.ErrNotExist together with the path.
func (h *Home) statePath(name string) (string, error) {
	if !stateName(name) {
		return "", fmt.Errorf("state file %q: not a name janee uses", name)
	}
	path := h.Path(name)
	return path, h.guard.CheckDir(filepath.Dir(path))
}

// stateName is a second line of defence: names come from core and are made of hashes, but a path
// with ".." in it would let a write go anywhere.
func stateName(name string) bool { return session.IsName(name) || approval.IsName(name) }
