// Package home is the directory that holds everything janee keeps: config.yaml, grants, approvals
// and logs. Use it for every file under $JANEE_HOME: it refuses what another user could read or
// change, replaces files whole, and takes the lock. It knows nothing of what the files say, holds
// no key (package keysource does) and does not append to logs (package auditlog does).
package home

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/session"
)

const (
	configFile = "config.yaml"
	lockFile   = ".lock"
	logsDir    = "logs"
)

// Home is an open home directory. It is safe for concurrent use, in this process and across
// processes.
type Home struct {
	dir   string
	guard Guard
	// turn holds a token while this process has the lock, or waits for it: others of the process
	// come next without polling.
	turn chan struct{}

	mu sync.Mutex
	// directory → when its left-over temporary files were last looked for
	swept map[string]time.Time
}

// Dir says where the home is: $JANEE_HOME made absolute, else .janee in the person's own directory.
func Dir(getenv func(string) string) (string, error) {
	if dir := getenv("JANEE_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	name := "HOME"
	if runtime.GOOS == "windows" {
		name = "USERPROFILE"
	}
	base := getenv(name)
	if base == "" {
		return "", hint.Errorf(hint.Failed, "export JANEE_HOME=/path/to/a/private/directory",
			"find the janee home: neither JANEE_HOME nor %s is set", name)
	}
	return filepath.Abs(filepath.Join(base, ".janee"))
}

// Open opens the home at dir, which Create has made. It refuses a directory, subdirectory,
// config.yaml or .lock that is a symbolic link, belongs to another user or is open to others; the
// hint of the error is the line that mends it. See GuardFromEnv for groups.
func Open(dir string) (*Home, error) {
	h := &Home{dir: filepath.Clean(dir), guard: GuardFromEnv(os.Getenv),
		turn: make(chan struct{}, 1), swept: map[string]time.Time{}}
	if _, err := os.Lstat(h.dir); errors.Is(err, fs.ErrNotExist) {
		return nil, hint.Errorf(hint.Failed, "run `janee init`", "open janee home %q: %w",
			h.dir, fs.ErrNotExist)
	}
	if err := h.guard.CheckDir(h.dir); err != nil {
		return nil, err
	}
	for _, name := range []string{logsDir, session.Dir, approval.Dir, backupsDir} {
		if err := absentOr(h.guard.CheckDir(h.Path(name))); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{configFile, lockFile} {
		if err := absentOr(h.guard.CheckFile(h.Path(name))); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// Create makes the home at dir with its subdirectories, all 0700, and opens it. What exists already
// is kept and checked as in Open.
func Create(dir string) (*Home, error) {
	if err := MakeDir(dir); err != nil {
		return nil, err
	}
	h, err := Open(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{logsDir, session.Dir} {
		if err := MakeDir(h.Path(name)); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// Path returns where name, relative to the home, lies on disk. It checks nothing.
func (h *Home) Path(name string) string { return filepath.Join(h.dir, filepath.FromSlash(name)) }

// ConfigPath returns where config.yaml lies.
func (h *Home) ConfigPath() string { return h.Path(configFile) }

// LogsPath returns the directory of the audit log.
func (h *Home) LogsPath() string { return h.Path(logsDir) }

// Guard returns the checks that hold for files of this home, for packages that open some
// themselves.
func (h *Home) Guard() Guard { return h.guard }

func absentOr(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
