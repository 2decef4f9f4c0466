package home

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// maxFile bounds what is read into memory. No file of a home comes near it; a larger one is a
// mistake or an attack.
const maxFile = 16 << 20

// Guard refuses files that someone else could have written or could read (the habit of ssh's
// StrictModes). The zero value wants owner-only files; Group lets group bits pass, and root as
// owner, as container volumes have them.
type Guard struct{ Group bool }

// GuardFromEnv returns the guard that the environment asks for: JANEE_ALLOW_GROUP=1 sets Group.
func GuardFromEnv(getenv func(string) string) Guard {
	return Guard{Group: getenv("JANEE_ALLOW_GROUP") == "1"}
}

// CheckDir refuses path unless it is a directory of our own that is closed to others. A missing one
// is fs.ErrNotExist.
func (g Guard) CheckDir(path string) error { return g.lstat(path, true) }

// CheckFile refuses path unless it is a regular file of our own that is closed to others. A missing
// one is fs.ErrNotExist.
func (g Guard) CheckFile(path string) error { return g.lstat(path, false) }

// CheckPlace refuses path as the directory of a file unless only root and we can put another file
// in its place. Others may read it and root may own it, as mounted secrets have it; Group lets the
// group write. A missing one is fs.ErrNotExist.
func (g Guard) CheckPlace(path string) error {
	link, err := os.Lstat(path)
	if err != nil {
		return err
	}
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return hint.Errorf(hint.Failed, asideLine(path), "%q is not a directory", path)
	}
	if link.Mode()&fs.ModeSymlink != 0 {
		if err := g.checkPlaceOwner(path, link); err != nil {
			return err
		}
	}
	return cmp.Or(g.checkPlaceOwner(path, fi), g.checkPlaceMode(path, fi))
}

// OpenFile opens path with the flags of os.OpenFile (a file it makes is 0600) and checks the very
// file it opened, so that nothing can be swapped in between.
func (g Guard) OpenFile(path string, flag int) (*os.File, fs.FileInfo, error) {
	f, err := openNoFollow(path, flag)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if err != nil {
		// A link, a wrong owner or a wrong mode makes the open fail as well: the check names the
		// line that mends it.
		if bad := g.lstat(path, false); bad != nil && !errors.Is(bad, fs.ErrNotExist) {
			return nil, nil, bad
		}
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err == nil {
		err = g.check(path, fi, false)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, fi, nil
}

// ReadFile returns what OpenFile opens, whole.
func (g Guard) ReadFile(path string) ([]byte, error) {
	data, _, err := g.readFile(path)
	return data, err
}

func (g Guard) readFile(path string) ([]byte, fs.FileInfo, error) {
	f, fi, err := g.OpenFile(path, os.O_RDONLY)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read %q: %w", path, err)
	}
	if len(data) > maxFile {
		return nil, nil, fmt.Errorf("read %q: larger than %d MiB", path, maxFile>>20)
	}
	return data, fi, nil
}

func (g Guard) lstat(path string, dir bool) error {
	fi, err := os.Lstat(path)
	if err != nil {
		return err
	}
	return g.check(path, fi, dir)
}

func (g Guard) check(path string, fi fs.FileInfo, dir bool) error {
	if fi.Mode()&fs.ModeSymlink != 0 {
		return hint.Errorf(hint.Failed, unlinkLine(path, dir), "%q is a symbolic link", path)
	}
	if dir && !fi.IsDir() {
		return hint.Errorf(hint.Failed, asideLine(path), "%q is not a directory", path)
	}
	if !dir && !fi.Mode().IsRegular() {
		return hint.Errorf(hint.Failed, asideLine(path), "%q is not a regular file", path)
	}
	if err := g.checkOwner(path, fi, dir); err != nil {
		return err
	}
	return g.checkMode(path, fi, dir)
}

func asideLine(path string) string { return "mv " + Quote(path) + " " + Quote(path+".aside") }

// unlinkLine puts a copy of what the link leads to in its place. The target stays: who planted the
// link chose it, and it may be any file of the person.
func unlinkLine(path string, dir bool) string {
	target, err := filepath.EvalSymlinks(path)
	if err != nil { // it leads nowhere
		return asideLine(path)
	}
	fi, err := os.Stat(target)
	switch {
	case err == nil && dir && fi.IsDir():
		return "rm " + Quote(path) + " && cp -R " + Quote(target) + " " + Quote(path)
	case err == nil && !dir && fi.Mode().IsRegular():
		return "rm " + Quote(path) + " && cp " + Quote(target) + " " + Quote(path)
	}
	return asideLine(path)
}

// Quote makes s one word of a POSIX shell.
func Quote(s string) string {
	if s != "" &&
		strings.Trim(s,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,=") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// ReadCredential returns the file at path in the directory that systemd makes for a service's
// credentials. Both may be root's, as those of a system service are; group bits are what its access
// list shows as (systemd.exec(5)). Nobody else may read the file, and nobody but its owner write.
func ReadCredential(path string) ([]byte, error) {
	if err := (Guard{}).CheckPlace(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := openNoFollow(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !fi.Mode().IsRegular():
		return nil, fmt.Errorf("%q is not a regular file", path)
	}
	if err := cmp.Or((Guard{}).checkPlaceOwner(path, fi),
		checkCredentialMode(path, fi)); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxCredential))
}

const maxCredential = 4096 // bytes; a key line has 56
