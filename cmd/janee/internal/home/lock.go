package home

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/session"
)

const (
	lockWait  = 10 * time.Second
	lockRetry = time.Millisecond
)

// lock is a lock of a home, for this process and others.
type lock struct {
	path  string
	guard Guard
	// turn holds a token while this process has the lock, or waits for it: others of the process
	// come next without polling.
	turn chan struct{}
}

func newLock(path string, guard Guard) *lock {
	return &lock{path: path, guard: guard, turn: make(chan struct{}, 1)}
}

// WithLock runs do while no other process or goroutine holds the lock of this home; it waits up to
// 10 s for it. The lock cannot be taken twice: do must not call WithLock nor EditConfig.
func (h *Home) WithLock(do func() error) error { return h.lock.with(do) }

// withStateLock runs do while nobody else changes state. The calls of agents need this lock, so it
// is not the one that commands hold while they ask a keyring or a person. Its file is where state
// is written, since the home itself may be read-only.
func (h *Home) withStateLock(do func() error) error {
	dir := filepath.Dir(h.stateLock.path)
	err := h.guard.CheckDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = MakeDir(dir)
	}
	if err != nil {
		return err
	}
	return h.stateLock.with(do)
}

func stateLockPath(h *Home) string { return h.Path(session.Dir + "/" + lockFile) }

func (l *lock) with(do func() error) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return l.heldError()
	}
	// The lock is on a file of its own that is never renamed: a lock on config.yaml would go with
	// the inode that rename replaces. The system lets go of it when the process ends, however that
	// is.
	file := flock.New(l.path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|noFollow),
		flock.SetPermissions(0o600))
	if _, err := file.TryLockContext(ctx, lockRetry); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return l.heldError()
		}
		return fmt.Errorf("lock %q: %w", l.path, err)
	}
	defer func() { err = errors.Join(err, file.Unlock()) }()
	if err := l.guard.CheckFile(l.path); err != nil {
		return err
	}
	return do()
}

func (l *lock) heldError() error {
	return hint.Errorf(hint.Failed, "see which janee command is still running",
		"lock %q: held by another process for more than %v", l.path, lockWait)
}
