package auditlog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

// tornAge is how old half a line at the end of another chain must be before it counts as abandoned.
// A Go writer holds a lock while it lives. The Node shell cannot, but passes each line to the
// system whole, so a writer that is still running does not leave half a line for that long.
const tornAge = time.Minute

// tornEnd is half a line at the end of a chain whose writer is gone. The file stays locked until it
// is closed.
type tornEnd struct {
	file   file
	text   []byte
	locked *os.File
}

// findTorn checks the newest file of each chain except the shared one, which has its own lock.
func (l *Log) findTorn() (ends []tornEnd) {
	byWriter, err := listWriters(l.home)
	if err != nil {
		return nil // Heads reads the same files, and its error is returned
	}
	for writer, files := range byWriter {
		if writer == CLI {
			continue
		}
		if end, ok := l.tornEnd(files[len(files)-1]); ok {
			ends = append(ends, end)
		}
	}
	return ends
}

func (l *Log) tornEnd(f file) (tornEnd, bool) {
	if fi, err := os.Lstat(f.path); err != nil || l.options.Now().Sub(fi.ModTime()) < tornAge {
		return tornEnd{}, false
	}
	if t, err := openTail(l.home, f); err != nil || len(t.torn) == 0 || t.long {
		return tornEnd{}, false
	}
	in, _, err := l.home.Guard().OpenFile(f.path, os.O_RDWR)
	if err != nil {
		return tornEnd{}, false
	}
	t, err := openTail(l.home, f) // again, because another process may just have set it aside
	if !hold(in) || err != nil || len(t.torn) == 0 {
		_ = in.Close()
		return tornEnd{}, false
	}
	if _, whole := audit.ReadHead(l.vault.Key("audit/"+f.writer), t.torn); whole == nil {
		_ = in.Close()
		return tornEnd{}, false
	}
	return tornEnd{f, t.torn, in}, true
}

// tornRecord is the record of what is set aside. It is on the disk before that happens, so that
// nothing is set aside without a record.
func tornRecord(now int64, f file, text []byte) audit.Record {
	sum := sha256.Sum256(text)
	return audit.Record{
		TS:    now,
		Event: eventRecover,
		Detail: map[string]string{"cause": audit.CauseTorn, "file": filepath.Base(f.path),
			"bytes": strconv.Itoa(len(text)), "sha256": hex.EncodeToString(sum[:])},
	}
}

// clear sets aside the ends that c has recorded. If one cannot be set aside, the next chain tries
// again.
func (l *Log) clear(c *chain, ends []tornEnd) {
	if len(ends) > 0 && datasync(c.file) == nil {
		for _, e := range ends {
			_, _ = l.setAside(e.file, l.vault.Key("audit/"+e.file.writer))
		}
	}
	for _, e := range ends {
		_ = e.locked.Close()
	}
}

// readAside gives the verifier each piece in the .torn file of f.
func (r *Report) readAside(
	f file, verifier *audit.Verifier,
	open func(path string, flag int) (*os.File, fs.FileInfo, error),
) error {
	in, _, err := open(f.path+tornSuffix, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	return eachPiece(in, func(n int, text []byte) {
		verifier.Aside(filepath.Base(f.path), filepath.Base(f.path)+tornSuffix, n,
			text, f.writer == CLI)
	})
}
