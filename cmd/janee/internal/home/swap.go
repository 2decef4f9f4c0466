package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// Staged makes a directory beside the home at dir, in which another home is put together. stamp
// tells it from others.
func Staged(dir, stamp string) (string, error) {
	if err := MakeDir(filepath.Dir(dir)); err != nil {
		return "", err
	}
	staged := dir + ".restore-" + stamp
	if err := os.Mkdir(staged, 0o700); err != nil {
		return "", installError(dir, err)
	}
	return staged, nil
}

// Empty reports whether there is nothing at dir, or a directory with nothing in it.
func Empty(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && len(entries) == 0, err
}

// Install puts the directory staged in the place of dir, in one step where the system has one
// (Linux and macOS exchange two names). What was at dir is at aside afterwards; an empty directory
// is gone, and aside "".
func Install(staged, dir, stamp string) (aside string, err error) {
	empty, err := Empty(dir)
	if err != nil {
		return "", err
	}
	if empty {
		err := absentOr(os.Remove(dir))
		if err == nil {
			err = os.Rename(staged, dir)
		}
		if err != nil {
			return "", installError(dir, err)
		}
		return "", SyncDir(filepath.Dir(dir))
	}
	h, err := Open(dir)
	if err != nil {
		return "", err
	}
	aside = dir + ".before-" + stamp
	if err := h.WithLock(func() error { return replaceDir(staged, dir, aside) }); err != nil {
		return "", installError(dir, err)
	}
	return aside, SyncDir(filepath.Dir(dir))
}

func replaceDir(staged, dir, aside string) error {
	switch err := exchange(staged, dir); {
	case err == nil:
		return os.Rename(staged, aside)
	case !errors.Is(err, errors.ErrUnsupported):
		return err
	}
	return replaceInTwo(staged, dir, aside)
}

func replaceInTwo(staged, dir, aside string) error {
	if err := os.Rename(dir, aside); err != nil {
		return err
	}
	if err := os.Rename(staged, dir); err != nil {
		return errors.Join(err, os.Rename(aside, dir))
	}
	return nil
}

func installError(dir string, err error) error {
	err = fmt.Errorf("put the home in place: %w", err)
	if errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV) ||
		errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return hint.New(hint.Failed,
			"the home is replaced as a whole, which a mounted volume cannot be: set JANEE_HOME "+
				"to a directory in it, such as "+Quote(filepath.Join(dir, "janee")), err)
	}
	return err
}
