package auditlog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

const block = 16 << 10

// tail reads the lines of a file from the end. It holds no file descriptor between calls, so there
// can be thousands.
type tail struct {
	home Dir
	file file
	left int64  // bytes of the file before buf
	buf  []byte // read, not yet returned; ends with the line feed of the next line to return
	torn []byte // what followed the last line feed
	long bool   // what followed it is longer than any line, and is not in torn
}

// openTail finds the end of the last whole line.
func openTail(h Dir, f file) (*tail, error) {
	fi, err := os.Lstat(f.path)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	t := &tail{home: h, file: f, left: fi.Size()}
	for {
		if end := bytes.LastIndexByte(t.buf, '\n') + 1; end > 0 || t.left == 0 {
			t.torn, t.buf = t.buf[end:], t.buf[:end]
			return t, nil
		}
		if len(t.buf) > maxLine {
			t.long = true
			return t, t.drop()
		}
		if err := t.fill(); err != nil {
			return nil, err
		}
	}
}

// next returns the line before the one that it returned last, without its line feed, and io.EOF
// before the first. For a line longer than any that a chain writes it returns errLongLine.
func (t *tail) next() ([]byte, error) {
	for {
		if end := len(t.buf) - 1; end >= 0 {
			start := bytes.LastIndexByte(t.buf[:end], '\n') + 1
			if start > 0 || t.left == 0 {
				text := t.buf[start:end]
				t.buf = t.buf[:start]
				return text, nil
			}
		} else if t.left == 0 {
			return nil, io.EOF
		}
		if len(t.buf) > maxLine {
			return nil, cmp.Or(t.drop(), errLongLine)
		}
		if err := t.fill(); err != nil {
			return nil, err
		}
	}
}

// drop skips the line that buf is the end of.
func (t *tail) drop() error {
	for t.buf = nil; t.left > 0; t.buf = nil {
		if err := t.fill(); err != nil {
			return err
		}
		if end := bytes.LastIndexByte(t.buf, '\n') + 1; end > 0 {
			t.buf = t.buf[:end]
			return nil
		}
	}
	return nil
}

// fill doubles what it has read, so that a long line costs linear time.
func (t *tail) fill() error {
	f, _, err := t.home.Guard().OpenFile(t.file.path, os.O_RDONLY)
	if err != nil {
		return fmt.Errorf("read audit log: %w", err)
	}
	defer f.Close()
	n := min(t.left, int64(max(block, len(t.buf))))
	buf := make([]byte, n, n+int64(len(t.buf)))
	if _, err := f.ReadAt(buf, t.left-n); err != nil {
		return fmt.Errorf("read audit log: %w", err)
	}
	t.buf = append(buf, t.buf...)
	t.left -= n
	return nil
}

// lastHead returns the head of a chain: its last whole and authentic line, in the newest of its
// files that has one. Its Seq is 0 if there is none.
func lastHead(h Dir, files []file, key []byte) (audit.Head, error) {
	for i := len(files) - 1; i >= 0; i-- {
		t, err := openTail(h, files[i])
		if err != nil {
			return audit.Head{}, err
		}
		for {
			text, err := t.next()
			if err == io.EOF {
				break
			}
			if errors.Is(err, errLongLine) {
				continue
			}
			if err != nil {
				return audit.Head{}, err
			}
			if head, err := audit.ReadHead(key, text); err == nil { // the key is that of the writer
				return head, settle(files[i].path)
			}
		}
	}
	return audit.Head{}, nil
}

// settle syncs a file that was written in the last minute. Otherwise a power cut could remove lines
// that a durable record attests, and the log would look as if it had been cut off.
func settle(path string) error {
	fi, err := os.Lstat(path)
	if err != nil || time.Since(fi.ModTime()) > time.Minute {
		return err
	}
	f, err := os.OpenFile(path, openToSync, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := datasync(f); err != nil {
		return fmt.Errorf("sync %q: %w", path, err)
	}
	return nil
}
