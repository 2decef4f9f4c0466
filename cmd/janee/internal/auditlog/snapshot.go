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

// Part is the beginning of a log file: as much as there was at one moment. Name is relative to the
// home.
type Part struct {
	Name string
	Size int64
}

// Snapshot returns every log file and what was set aside beside them, each with a size at which all
// together verify, while their writers go on. foreign are names of other files in the directory.
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
		// A file that is just being made may come to list heads that the others do not have yet.
		if fi, err := e.Info(); err == nil && fi.Size() > 0 {
			parts = append(parts, Part{Name: path.Join(logsDir, e.Name())})
		}
	}
	// What the files with a first line list as heads is written by now, so it lies within the sizes
	// that the others have from here on.
	for i := range parts {
		fi, err := os.Lstat(filepath.Join(h.LogsPath(), path.Base(parts[i].Name)))
		if err != nil {
			return nil, nil, err
		}
		parts[i].Size = fi.Size()
	}
	return parts, foreign, nil
}

// IsName reports whether a name relative to the home is that of a log file, or of what was set
// aside beside one.
func IsName(name string) bool {
	dir, base := path.Split(name)
	_, ok := parseName(strings.TrimSuffix(base, tornSuffix))
	return ok && dir == logsDir+"/"
}
