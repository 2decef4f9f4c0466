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

// Commit makes writes, and syncs them, if the files of holds are as they were read. While it has
// the lock it only compares and names files: on a slow disk others would wait long for it.
func (h *Home) Commit(holds []core.Hold, writes []core.Write) (done core.Committed, err error) {
	if len(holds)+len(writes) == 0 {
		return done, nil
	}
	staged, err := h.stage(writes)
	defer discard(staged)
	switch {
	case err != nil:
		return done, err
	case brakes(holds, writes):
		return h.brake(staged)
	}
	err = h.withStateLock(func() error {
		done, err = h.commit(holds, staged)
		return err
	})
	if err == nil && !done.Stale {
		err = syncLast(staged)
	}
	if err != nil {
		return core.Committed{}, err
	}
	return done, nil
}

// staged is a write whose bytes are on the disk, in a temporary file.
type staged struct {
	core.Write
	path, temp string
}

func (h *Home) stage(writes []core.Write) (all []staged, err error) {
	for _, w := range writes {
		path, err := h.newPath(w.Name)
		if err != nil {
			return all, err
		}
		temp, err := writeTemp(filepath.Dir(path), w.Data, 0o600)
		if err != nil {
			return all, err
		}
		all = append(all, staged{w, path, temp})
	}
	return all, nil
}

// discard removes the temporary files that are left. It ignores errors, because such files only
// take up room.
func discard(all []staged) {
	for _, w := range all {
		_ = os.Remove(w.temp)
	}
}

// syncLast makes the name of the last write durable; commit has synced those before it. A writer
// that lost syncs too: it acts on the winner's file.
func syncLast(all []staged) error {
	if len(all) == 0 {
		return nil
	}
	return SyncDir(filepath.Dir(all[len(all)-1].path))
}

func brakes(holds []core.Hold, writes []core.Write) bool {
	return len(holds) == 0 && len(writes) == 1 && writes[0].Name == session.LockFile &&
		writes[0].If.Data() == nil
}

// brake writes LOCKED without waiting for the lock of state, because it must work even if a command
// that is stopped or broken holds the lock. Afterwards it takes the lock once, so that everyone who
// compared before LOCKED was there has finished when Commit returns. If that takes too long, LOCKED
// applies anyway.
func (h *Home) brake(writes []staged) (core.Committed, error) {
	done, err := h.commit(nil, writes)
	if err == nil {
		err = syncLast(writes)
	}
	if err != nil {
		return core.Committed{}, err
	}
	_ = h.withStateLock(func() error { return nil })
	return done, nil
}

// commit needs the lock of state, except to write LOCKED.
func (h *Home) commit(holds []core.Hold, writes []staged) (core.Committed, error) {
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
	for i, w := range writes {
		if i > 0 { // one write must not be durable before another that precedes it
			if err := syncLast(writes[:i]); err != nil {
				return core.Committed{}, err
			}
		}
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

// writeIf puts w in its place if its condition is met. If it is not, lost is true and found is what
// is there: of a create-only write not nil, but perhaps empty.
func (h *Home) writeIf(w staged) (found []byte, lost bool, err error) {
	want := w.If.Data()
	if want != nil {
		found, err = h.Read(w.Name)
		if err != nil || !same(found, want) {
			return found, err == nil, err
		}
	}
	if w.If.Any() || want != nil {
		return nil, false, wrapPath("replace", w.path, os.Rename(w.temp, w.path))
	}
	for range 3 { // LOCKED is written without the lock, so it may be removed before it is read
		err = os.Link(w.temp, w.path) // unlike rename, link never replaces
		if !errors.Is(err, fs.ErrExist) {
			return nil, false, wrapPath("create", w.path, err)
		}
		if found, err = h.Read(w.Name); found != nil || err != nil {
			return found, err == nil, err
		}
	}
	return nil, false, fmt.Errorf("create %q: it comes and goes", w.path)
}

func wrapPath(what, path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %q: %w", what, path, err)
}

// newPath returns the path of the state file called name, and makes its directory if it is missing.
func (h *Home) newPath(name string) (string, error) {
	path, err := h.statePath(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = MakeDir(filepath.Dir(path)); err == nil {
			path, err = h.statePath(name)
		}
	}
	if err == nil {
		h.sweepSometimes(filepath.Dir(path))
	}
	return path, err
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
		path, err := h.newPath(name)
		if err != nil {
			return err
		}
		return replaceFile(path, data)
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
	err = h.withStateLock(func() error { return os.Remove(path) })
	if err != nil {
		return absentOr(err)
	}
	return SyncDir(filepath.Dir(path))
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
