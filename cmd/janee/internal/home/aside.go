package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Keep gives files of the home a second name under dir, and syncs it; the files also keep their
// first name. names are relative to the home, with at most one directory, and missing files are
// skipped. If dir already holds another file under one of the names, Keep uses dir-2, dir-3, …; it
// returns the directory that it used.
func (h *Home) Keep(dir string, names []string) (took string, err error) {
	for n := 1; ; n++ {
		took = dir
		if n > 1 {
			took = fmt.Sprintf("%s-%d", dir, n)
		}
		err := h.keep(took, names)
		if !errors.Is(err, errTaken) {
			return took, err
		}
	}
}

var errTaken = errors.New("the name is taken by another file")

func (h *Home) keep(dir string, names []string) error {
	touched := map[string]bool{h.dir: true}
	for _, name := range names {
		from, to := h.Path(name), h.Path(filepath.Join(dir, name))
		switch err := h.guard.CheckFile(from); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		}
		if err := MakeDir(filepath.Dir(to)); err != nil {
			return err
		}
		if err := os.Link(from, to); errors.Is(err, fs.ErrExist) {
			if !sameFile(from, to) {
				return errTaken
			}
		} else if err != nil {
			return fmt.Errorf("keep %q: %w", from, err)
		}
		touched[filepath.Dir(to)] = true
	}
	for each := range touched {
		if err := SyncDir(each); err != nil {
			return err
		}
	}
	return nil
}

// Drop removes the first names of files that Keep has given a second one under dir, and syncs that.
// It refuses a file that is not the one that Keep kept.
func (h *Home) Drop(dir string, names []string) error {
	touched := map[string]bool{}
	for _, name := range names {
		path := h.Path(name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if !sameFile(path, h.Path(filepath.Join(dir, name))) {
			return fmt.Errorf("move %q away: it is not the file that was kept in %q",
				path, h.Path(dir))
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("move %q away: %w", path, err)
		}
		touched[filepath.Dir(path)] = true
	}
	for each := range touched {
		if err := SyncDir(each); err != nil {
			return err
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	one, err := os.Lstat(a)
	if err != nil {
		return false
	}
	other, err := os.Lstat(b)
	return err == nil && os.SameFile(one, other)
}
