package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// Stamp tells one version of a file from another; compare it with ==. MTime is in Unix ns, and
// Inode is 0 on Windows.
type Stamp struct {
	MTime, Size int64
	Inode       uint64
}

// ReadConfig returns config.yaml, and its stamp from before it was read: if the file changes
// meanwhile, the next stamp differs. If it does not exist, the error is fs.ErrNotExist. It refuses
// an empty file: editors empty a file before they write it, and if Janee made a vault then, that
// would replace what the owner is saving.
func (h *Home) ReadConfig() ([]byte, Stamp, error) {
	path, err := h.guard.Follow(h.ConfigPath())
	if err != nil {
		return nil, Stamp{}, configError(err)
	}
	data, fi, err := h.guard.readFile(path)
	if err != nil {
		return nil, Stamp{}, configError(err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, Stamp{}, hint.Errorf(hint.Failed,
			"save the file again, or restore it from a backup; "+
				"to start again, remove it and run `janee init`",
			"%s is empty", h.ConfigPath())
	}
	return data, stampOf(fi), nil
}

// ConfigStamp returns the present stamp of config.yaml. It costs one stat.
func (h *Home) ConfigStamp() (Stamp, error) {
	stat := os.Lstat
	if h.guard.Container {
		stat = os.Stat // the link of a Secret stays, and leads to each new version of it
	}
	fi, err := stat(h.ConfigPath())
	if err != nil {
		return Stamp{}, configError(err)
	}
	return stampOf(fi), nil
}

// EditConfig replaces config.yaml by what edit returns, under the lock of the home. old is nil if
// there is no file yet. Nothing is written if edit fails or returns old unchanged, or if an editor
// has saved the file meanwhile. edit must not take the lock again, neither through EditConfig nor
// through WithLock.
func (h *Home) EditConfig(edit func(old []byte) ([]byte, error)) error {
	return h.WithLock(func() error {
		old, before, err := h.ReadConfig()
		if err := absentOr(err); err != nil {
			return err
		}
		text, err := edit(old)
		if err != nil || old != nil && bytes.Equal(old, text) {
			return err
		}
		// an editor does not take the lock, and what the owner typed counts more than this edit
		if now, err := h.ConfigStamp(); absentOr(err) != nil || now != before {
			return hint.Errorf(hint.Failed, "run the command again",
				"edit %q: another program changed it meanwhile", h.ConfigPath())
		}
		h.sweepSometimes(h.dir)
		return h.replaceConfig(text)
	})
}

// replaceConfig keeps a link to config.yaml: the file is replaced where it is.
func (h *Home) replaceConfig(text []byte) error {
	path, err := h.guard.Follow(h.ConfigPath())
	if errors.Is(err, fs.ErrNotExist) {
		path, err = h.ConfigPath(), nil
	}
	if err != nil {
		return err
	}
	return h.guard.Explain(path, replaceFile(path, text))
}

func stampOf(fi fs.FileInfo) Stamp {
	return Stamp{MTime: fi.ModTime().UnixNano(), Size: fi.Size(), Inode: inode(fi)}
}

func configError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return hint.New(hint.Failed, "run `janee init`", fmt.Errorf("read the config: %w", err))
	}
	return fmt.Errorf("read the config: %w", err)
}
