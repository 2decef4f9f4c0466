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

// Staged makes a directory beside the home at dir, to put together another home in it. stamp makes
// its name unique.
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

// Empty reports whether dir does not exist or is an empty directory.
func Empty(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && len(entries) == 0, err
}

// Install replaces the home at dir by the directory staged, in one step if the system can swap two
// names (Linux and macOS). It moves the old home to aside. If dir was empty or missing, aside is
// "".
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
	if err := h.WithLock(func() error {
		return h.withStateLock(func() error { return replaceDir(staged, dir, aside) })
	}); err != nil {
		return "", installError(dir, err)
	}
	return aside, SyncDir(filepath.Dir(dir))
}

func replaceDir(staged, dir, aside string) error {
	switch err := swapNames(staged, dir); {
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
			"a mounted volume cannot be replaced as a whole: set JANEE_HOME to a directory in it, "+
				"such as "+Quote(filepath.Join(dir, "janee")), err)
	}
	return err
}
