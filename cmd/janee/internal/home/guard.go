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

// maxFile is the size of the largest file that is read into memory, in bytes. Files of a home are
// far smaller, so a larger one is a mistake or an attack.
const maxFile = 16 << 20

// Guard refuses files that other users can read or could have written, as StrictModes of ssh does.
// With its zero value, files must be accessible to their owner only. Group allows access for the
// group, and root as owner, because container volumes have both. Container is for a process that
// has a container to itself, so that nobody else is there to read or write: it trusts what root has
// mounted, and its hints are for the host.
type Guard struct{ Group, Container bool }

// ContainerEnv is the variable with which the image says that Janee has a container to itself.
const ContainerEnv = "JANEE_CONTAINER"

// GuardFromEnv returns the guard that the environment asks for: JANEE_ALLOW_GROUP=1 sets Group, and
// JANEE_CONTAINER=1 sets Container.
func GuardFromEnv(getenv func(string) string) Guard {
	return Guard{
		Group:     getenv("JANEE_ALLOW_GROUP") == "1",
		Container: getenv(ContainerEnv) == "1",
	}
}

// CheckDir refuses path unless it is a directory that belongs to this user and that others cannot
// access. If it does not exist, the error is fs.ErrNotExist.
func (g Guard) CheckDir(path string) error { return g.lstat(path, true) }

// CheckFile refuses path unless it is a regular file that belongs to this user and that others
// cannot access. If it does not exist, the error is fs.ErrNotExist.
func (g Guard) CheckFile(path string) error { return g.lstat(path, false) }

// CheckPlace refuses path as the directory of a file unless only this user and root can put another
// file in its place. Others may read the directory and root may own it, as with mounted secrets;
// Group also lets the group write. If it does not exist, the error is fs.ErrNotExist.
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
		return hint.Errorf(hint.Failed, g.asideLine(path), "%q is not a directory", path)
	}
	if link.Mode()&fs.ModeSymlink != 0 {
		if err := g.checkPlaceOwner(path, link); err != nil {
			return err
		}
	}
	return cmp.Or(g.checkPlaceOwner(path, fi), g.checkPlaceMode(path, fi))
}

// OpenFile opens path with the flags of os.OpenFile (a new file is 0600). It checks the file after
// opening it, so that no other file can be put in its place in between.
func (g Guard) OpenFile(path string, flag int) (*os.File, fs.FileInfo, error) {
	f, err := openNoFollow(path, flag)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if err != nil {
		// a link, a wrong owner or a wrong mode may be why it failed; the error of the check has
		// the command that fixes it
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

// ReadFile returns the content of the file that OpenFile opens.
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
		return hint.Errorf(hint.Failed, g.unlinkLine(path, dir), "%q is a symbolic link", path)
	}
	if dir && !fi.IsDir() {
		return hint.Errorf(hint.Failed, g.asideLine(path), "%q is not a directory", path)
	}
	if !dir && !fi.Mode().IsRegular() {
		return hint.Errorf(hint.Failed, g.asideLine(path), "%q is not a regular file", path)
	}
	if err := g.checkOwner(path, fi, dir); err != nil {
		return err
	}
	return g.checkMode(path, fi, dir)
}

func (g Guard) asideLine(path string) string {
	if g.Container {
		return "on the host, move away what this container has as " + Quote(path)
	}
	return "mv " + Quote(path) + " " + Quote(path+".aside")
}

// unlinkLine is a command that replaces a link by a copy of its target. The target itself stays,
// because an attacker may have planted the link, and the target may be any file of this user.
func (g Guard) unlinkLine(path string, dir bool) string {
	if g.Container {
		return g.asideLine(path)
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil { // the target does not exist
		return g.asideLine(path)
	}
	fi, err := os.Stat(target)
	switch {
	case err == nil && dir && fi.IsDir():
		return "rm " + Quote(path) + " && cp -R " + Quote(target) + " " + Quote(path)
	case err == nil && !dir && fi.Mode().IsRegular():
		return "rm " + Quote(path) + " && cp " + Quote(target) + " " + Quote(path)
	}
	return g.asideLine(path)
}

// Quote quotes s as one word of a POSIX shell, if it needs quotes.
func Quote(s string) string {
	if s != "" &&
		strings.Trim(s,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,=") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// EditLine is a command that opens the file at path in the person's editor, at a line (1-based).
func EditLine(path string, line int) string {
	return fmt.Sprintf("${EDITOR:-vi} +%d %s", line, Quote(path))
}

// ReadCredential returns the file at path in the directory that systemd makes for the credentials
// of a unit. File and directory may belong to root, as for a system unit. The group may read the
// file, because the mode shows the access list of the unit as group bits (systemd.exec(5)). No one
// else may read it, and only its owner may write to it.
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
