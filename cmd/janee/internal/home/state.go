package home

import (
	"bytes"
	"errors"
	"fmt"
	"github.com/true-and-useful/janee/core"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	sessionsDir  = "sessions"
	approvalsDir = "approvals"
	lockedFile   = "LOCKED"
	maxStem      = 64
)

// Read returns the state file called name (LOCKED, sessions/…, approvals/…), or nil and no error
// where there is none. An empty file is not nil.
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

// Commit makes writes durable, if the files of holds are as they were read. Whatever compares what
// a file holds is done under the lock of the home, as all changes of such files are.
func (h *Home) Commit(holds []core.Hold, writes []core.Write) (done core.Committed, err error) {
	compares := len(holds) > 0 || slices.ContainsFunc(writes, func(w core.Write) bool {
		return w.If.Data() != nil
	})
	if !compares {
		return h.commit(nil, writes)
	}
	err = h.WithLock(func() error {
		done, err = h.commit(holds, writes)
		return err
	})
	return done, err
}

func (h *Home) commit(holds []core.Hold, writes []core.Write) (core.Committed, error) {
	exists := map[string][]byte{}
	for _, hold := range holds {
		data, err := h.Read(hold.Name)
		if err != nil {
			return core.Committed{}, err
		}
		if !bytes.Equal(data, hold.Data) || (data == nil) != (hold.Data == nil) {
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

// writeIf writes where the condition of w is met; lost: it is not, and found is what is there.
func (h *Home) writeIf(w core.Write) (found []byte, lost bool, err error) {
	if want := w.If.Data(); want != nil {
		found, err = h.Read(w.Name)
		if err != nil || !bytes.Equal(found, want) || found == nil {
			return found, err == nil, err
		}
	}
	found, err = h.Write(w.Name, w.Data, !w.If.Any() && w.If.Data() == nil)
	return found, found != nil, err
}

// Write stores data, durable when it returns, as the state file called name; its directory is made
// if missing. With create it never replaces: if the file exists, Write changes nothing and returns
// what it holds (not nil, perhaps empty).
func (h *Home) Write(name string, data []byte, create bool) (existing []byte, err error) {
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
	for range 3 { // the winner's file may be gone before it is read: revoked sessions are removed
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

// Stamps returns a stamp of each state file, the zero Stamp where there is none. It reads nothing:
// who waits for a file to come or to change compares them, for one stat a name.
func (h *Home) Stamps(names []string) []Stamp {
	stamps := make([]Stamp, len(names))
	for i, name := range names {
		if fi, err := os.Lstat(h.Path(name)); err == nil && stateName(name) {
			stamps[i] = stampOf(fi)
		}
	}
	return stamps
}

// Remove takes the state file called name away, durably. A missing one is no error.
func (h *Home) Remove(name string) error {
	path, err := h.statePath(name)
	if err != nil {
		return absentOr(err)
	}
	if err := os.Remove(path); err != nil {
		return absentOr(err)
	}
	return SyncDir(filepath.Dir(path))
}

// List returns the names of the state files in dir ("sessions" or "approvals"), sorted, as Read
// takes them. Other files are left out.
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

// IsClosing reports whether the state file called name closes something: LOCKED, the list of
// orders, or the revocation of one pair.
func IsClosing(name string) bool {
	return stateName(name) && (name == lockedFile || name == sessionsDir+"/closed.json" ||
		strings.HasPrefix(name, sessionsDir+"/") && strings.HasSuffix(name, ".revoked"))
}

// Closings lists those that there are.
func (h *Home) Closings() (names []string, err error) {
	locked, err := h.Read(lockedFile)
	if err != nil {
		return nil, err
	}
	if locked != nil {
		names = append(names, lockedFile)
	}
	all, err := h.List(sessionsDir)
	for _, name := range all {
		if IsClosing(name) {
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
// this point with ".." in it would write anywhere. Nothing but LOCKED and DIR/stem.suffix is let
// through, with a stem of a-z and 0-9.
func stateName(name string) bool {
	if name == lockedFile {
		return true
	}
	dir, base, _ := strings.Cut(name, "/")
	if dir != sessionsDir && dir != approvalsDir {
		return false
	}
	stem, suffix, _ := strings.Cut(base, ".")
	switch suffix {
	case "json", "revoked", "answer", "used", "tries":
		return stem != "" && len(stem) <= maxStem &&
			strings.Trim(stem, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
	}
	return false
}
