package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	tempPrefix = ".tmp-"
	// tempAge is longer than any write takes, so a killed process left an older temporary file.
	tempAge = time.Minute
)

// MakeDir makes dir and its missing parents, all 0700, and syncs the name. It leaves an existing
// dir as it is.
func MakeDir(dir string) error {
	if _, err := os.Lstat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	return SyncDir(filepath.Dir(filepath.Clean(dir)))
}

// CreateFile writes a complete and synced file with data to path, 0600. If path already exists, it
// returns false and changes nothing.
func CreateFile(path string, data []byte) (created bool, err error) {
	sweep(filepath.Dir(path), time.Now())
	return createFile(path, data, 0o600)
}

func createFile(path string, data []byte, perm fs.FileMode) (created bool, err error) {
	temp, err := writeTemp(filepath.Dir(path), data, perm)
	if err != nil {
		return false, err
	}
	err = os.Link(temp, path) // unlike rename, link never replaces, so one of many writers wins
	exists := errors.Is(err, fs.ErrExist)
	if exists {
		err = nil
	}
	err = errors.Join(err, os.Remove(temp))
	if err != nil {
		return false, fmt.Errorf("create %q: %w", path, err)
	}
	// a writer that lost syncs too: it acts on the winner's file, whose name must be durable
	return !exists, SyncDir(filepath.Dir(path))
}

// ReplaceFile replaces path, if it exists, by a complete and synced file with data, 0600.
func ReplaceFile(path string, data []byte) error {
	sweep(filepath.Dir(path), time.Now())
	return replaceFile(path, data)
}

// RemoveFile removes path, if it exists, and syncs that. Temporary files that a killed process left
// in the directory go too: one may be another name of this file, or have what was to be in it.
func RemoveFile(path string) error {
	dir := filepath.Dir(path)
	sweep(dir, time.Now())
	if err := os.Remove(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return SyncDir(dir)
}

// WriteNew makes a complete and synced file at path, 0600, with the content that write writes. If
// path already exists, it returns fs.ErrExist unless force is set. It is for files outside of a
// home, so it does not clean up temporary files in the directory.
func WriteNew(path string, force bool, write func(io.Writer) error) error {
	if _, err := os.Lstat(path); err == nil && !force {
		return fmt.Errorf("write %q: %w", path, fs.ErrExist)
	}
	temp, err := writeTempBy(filepath.Dir(path), 0o600, write)
	if err != nil {
		return err
	}
	if force {
		err = os.Rename(temp, path)
	} else if err = os.Link(temp, path); err == nil {
		err = os.Remove(temp)
	} else if !errors.Is(err, fs.ErrExist) { // a file system without links, as on memory sticks
		err = os.Rename(temp, path)
	}
	if err != nil {
		return fmt.Errorf("write %q: %w", path, errors.Join(err, os.Remove(temp)))
	}
	return SyncDir(filepath.Dir(path))
}

func replaceFile(path string, data []byte) error {
	temp, err := writeTemp(filepath.Dir(path), data, 0o600)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("replace %q: %w", path, errors.Join(err, os.Remove(temp)))
	}
	return SyncDir(filepath.Dir(path))
}

func writeTemp(dir string, data []byte, perm fs.FileMode) (string, error) {
	return writeTempBy(dir, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// writeTempBy gives the open file its mode, not the name: in a volume that others write to, the
// name may have become a link to another file of this user.
func writeTempBy(dir string, perm fs.FileMode, write func(io.Writer) error) (string, error) {
	name := filepath.Join(dir, tempPrefix+rand.Text())
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|noFollow, 0o600)
	if err != nil {
		return "", fmt.Errorf("write a new file: %w", err)
	}
	if err = write(f); err == nil && perm != 0o600 {
		err = f.Chmod(perm) // whatever the umask
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write a new file: %w", errors.Join(err, os.Remove(name)))
	}
	return name, nil
}

// sweep removes temporary files that a killed process left. It ignores errors, because such files
// only take up room.
func sweep(dir string, now time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		if fi, err := e.Info(); err == nil && fi.Mode().IsRegular() &&
			now.Sub(fi.ModTime()) > tempAge {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// sweepSometimes sweeps at most once per tempAge, so that a write costs the same if there are
// thousands of sessions in a directory.
func (h *Home) sweepSometimes(dir string) {
	now := time.Now()
	h.mu.Lock()
	due := now.Sub(h.swept[dir]) > tempAge
	if due {
		h.swept[dir] = now
	}
	h.mu.Unlock()
	if due {
		sweep(dir, now)
	}
}
