// Package home manages the directory that holds everything Janee keeps: config.yaml, sessions,
// approvals and the audit log ($JANEE_HOME, or ~/.janee). A Home is such a directory, opened; its
// Guard refuses files that another user could read or change. Files are replaced as a whole and
// synced, and under a lock if they depend on each other: config.yaml and the log of commands have
// one, state has another.
//
// The package does not interpret the files: core/config, core/session and core/approval do. It does
// not hold the root key (package keysource finds that), and does not write the audit log (package
// auditlog does). Package opened puts home, configuration and key together.
package home

import (
	"cmp"
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

// Home is an open home directory. It is safe for concurrent use, by several processes too.
type Home struct {
	dir       string
	guard     Guard
	lock      *lock // for config.yaml, and for the log that commands share
	stateLock *lock

	mu sync.Mutex
	// swept is when temporary files were last cleaned up, by directory.
	swept map[string]time.Time
}

// Dir returns the path of the home: $JANEE_HOME made absolute, or .janee in the user's home
// directory.
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
// hint of the error is the command that fixes it. See GuardFromEnv for groups and containers.
func Open(dir string) (*Home, error) {
	h := &Home{dir: filepath.Clean(dir), guard: GuardFromEnv(os.Getenv),
		swept: map[string]time.Time{}}
	h.lock, h.stateLock = newLock(h.Path(lockFile), h.guard), newLock(stateLockPath(h), h.guard)
	if _, err := os.Lstat(h.dir); errors.Is(err, fs.ErrNotExist) {
		return nil, hint.Errorf(hint.Failed, "run `janee init`", "open janee home %q: %w",
			h.dir, fs.ErrNotExist)
	}
	h.guard.Tighten(h.dir, 0o077)
	if err := h.guard.CheckDir(h.dir); err != nil {
		return nil, h.guard.Explain(h.dir, err)
	}
	for _, name := range []string{logsDir, session.Dir, approval.Dir, backupsDir} {
		if err := absentOr(h.guard.CheckDir(h.Path(name))); err != nil {
			return nil, err
		}
	}
	config, err := h.guard.Follow(h.ConfigPath())
	if err == nil {
		err = h.guard.CheckFile(config)
	}
	if err := cmp.Or(absentOr(err), absentOr(h.guard.CheckFile(h.Path(lockFile)))); err != nil {
		return nil, err
	}
	return h, nil
}

// Create makes the home at dir with its subdirectories, all 0700, and opens it. It keeps what
// already exists, and checks it as Open does.
func Create(dir string) (*Home, error) {
	if err := MakeDir(dir); err != nil {
		return nil, GuardFromEnv(os.Getenv).Explain(dir, err)
	}
	h, err := Open(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{logsDir, session.Dir} {
		if err := MakeDir(h.Path(name)); err != nil {
			return nil, h.guard.Explain(h.Path(name), err)
		}
	}
	return h, nil
}

// Path returns the path of name, which is relative to the home. It checks nothing.
func (h *Home) Path(name string) string { return filepath.Join(h.dir, filepath.FromSlash(name)) }

// ConfigPath returns the path of config.yaml.
func (h *Home) ConfigPath() string { return h.Path(configFile) }

// LogsPath returns the directory of the audit log.
func (h *Home) LogsPath() string { return h.Path(logsDir) }

// Guard returns the guard of this home, for packages that open its files themselves.
func (h *Home) Guard() Guard { return h.guard }

func absentOr(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
