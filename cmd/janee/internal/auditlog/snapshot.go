package auditlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const logsDir = "logs"

// Part is the beginning of a log file, up to the size that it had at one moment. Name is relative
// to the home.
type Part struct {
	Name string
	Size int64
}

// Snapshot returns every log file, and every file set aside beside one, with sizes at which all of
// them verify together although writers go on. foreign are the names of other files in the
// directory.
func Snapshot(h Dir) (parts []Part, foreign []string, err error) {
	entries, err := os.ReadDir(h.LogsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list the audit log: %w", err)
	}
	for _, e := range entries {
		if !IsName(path.Join(logsDir, e.Name())) {
			if !ours(e.Name()) {
				foreign = append(foreign, e.Name())
			}
			continue
		}
		// skip an empty file: it may soon list heads that the sizes below do not include
		if fi, err := e.Info(); err == nil && fi.Size() > 0 {
			parts = append(parts, Part{Name: path.Join(logsDir, e.Name())})
		}
	}
	// the heads that these files list are written by now, so the sizes taken from here on include
	// them
	for i := range parts {
		fi, err := os.Lstat(filepath.Join(h.LogsPath(), path.Base(parts[i].Name)))
		if err != nil {
			return nil, nil, err
		}
		parts[i].Size = fi.Size()
	}
	return parts, foreign, nil
}

// IsName reports whether a name relative to the home is that of a log file, or of a file set aside
// beside one.
func IsName(name string) bool {
	dir, base := path.Split(name)
	_, ok := parseName(strings.TrimSuffix(base, tornSuffix))
	return ok && dir == logsDir+"/"
}
