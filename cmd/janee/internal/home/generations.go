package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	backupsDir  = "backups"
	generations = 3 // of config.yaml
)

// KeepGeneration stores a config.yaml that is about to be replaced as backups/config.yaml.N, where
// N is one more than that of the newest, syncs it, and returns its name. If the newest one has the
// same text, nothing is stored, because a command that was killed and run again must not push out
// older ones. Call it under the lock, and DropGenerations when the file is replaced.
func (h *Home) KeepGeneration(text []byte) (name string, err error) {
	if err := MakeDir(h.Path(backupsDir)); err != nil {
		return "", err
	}
	kept, err := h.generations()
	if err != nil {
		return "", err
	}
	next := 1
	if len(kept) > 0 {
		newest := kept[len(kept)-1]
		if old, err := h.guard.ReadFile(h.Path(generationName(newest))); err == nil &&
			bytes.Equal(old, text) {
			return generationName(newest), nil
		}
		next = newest + 1
	}
	name = generationName(next)
	created, err := CreateFile(h.Path(name), text)
	if err == nil && !created {
		err = fmt.Errorf("keep %q: it already exists", h.Path(name))
	}
	return name, err
}

// DropGenerations removes all generations except for the three newest.
func (h *Home) DropGenerations() error {
	kept, err := h.generations()
	if err != nil || len(kept) <= generations {
		return err
	}
	for _, n := range kept[:len(kept)-generations] {
		err = errors.Join(err, os.Remove(h.Path(generationName(n))))
	}
	return errors.Join(err, SyncDir(h.Path(backupsDir)))
}

func generationName(n int) string { return backupsDir + "/" + configFile + "." + strconv.Itoa(n) }

// generations returns the numbers of the generations that exist, from old to new.
func (h *Home) generations() (kept []int, err error) {
	if err := h.guard.CheckDir(h.Path(backupsDir)); err != nil {
		return nil, absentOr(err)
	}
	entries, err := os.ReadDir(h.Path(backupsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), configFile+".")
		if n, bad := strconv.Atoi(digits); ok && bad == nil && n > 0 &&
			filepath.Base(generationName(n)) == e.Name() {
			kept = append(kept, n)
		}
	}
	slices.Sort(kept)
	return kept, err
}
