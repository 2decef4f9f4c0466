package auditlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/audit"
)

// appendShared continues the chain that commands share. Under the lock it finds the head, appends,
// and syncs before others get the lock. It keeps no state between calls, so a failed append needs
// no new chain: the next call continues after the last whole line.
func (l *Log) appendShared(records []audit.Record) error {
	err := l.home.WithLock(func() error {
		byWriter, err := listWriters(l.home)
		if err != nil {
			return err
		}
		now := l.options.Now()
		lines, batch, err := l.resume(byWriter[CLI], now.UnixMilli())
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			now = time.UnixMilli(records[0].TS)
		}
		for _, r := range records {
			batch = append(batch, lines.Next(r)...)
		}
		l.syncs++
		return l.writeShared(byWriter[CLI], dayOf(now), batch)
	})
	if err != nil {
		return fmt.Errorf("append to audit log: %w", err)
	}
	return nil
}

// resume continues the shared chain after its last whole line. The batch that it returns must come
// before the next record: the first record of a new chain, and the record of a line that was torn.
func (l *Log) resume(files []file, now int64) (lines *audit.Chain, batch []byte, err error) {
	var torn []byte
	key := l.vault.Key("audit/" + CLI)
	if len(files) > 0 {
		if torn, err = l.setAside(files[len(files)-1], key); err != nil {
			return nil, nil, err
		}
	}
	head, err := lastHead(l.home, files, key)
	if err != nil {
		return nil, nil, err
	}
	if head.Seq > 0 {
		lines = audit.Continue(key, head)
	} else {
		heads, err := Heads(l.home, l.vault)
		if err != nil {
			return nil, nil, err
		}
		lines = audit.NewChain(key, CLI)
		batch = lines.Open(now, l.options.Version, heads)
	}
	if len(torn) > 0 {
		batch = append(batch, lines.Next(tornRecord(now, files[len(files)-1], torn))...)
	}
	return lines, batch, nil
}

// writeShared appends to the newest file, or to a new one if that is full or of an earlier day than
// the first line of batch. It ignores an empty file, which a killed command leaves: its name may be
// of another day than its first line would be.
func (l *Log) writeShared(files []file, day string, batch []byte) (err error) {
	var size int64
	files = slices.DeleteFunc(files, func(f file) bool {
		fi, err := os.Lstat(f.path)
		if err == nil && fi.Size() > 0 {
			size = fi.Size()
		}
		return err == nil && fi.Size() == 0
	})
	var f *os.File
	last := file{}
	if n := len(files); n > 0 {
		last = files[n-1]
	}
	switch {
	case last.day < day:
		size = 0
		f, err = create(l.home, fileName(day, CLI, 1), 0)
	case size >= l.options.MaxFile && last.part < maxPart:
		size = 0
		f, err = create(l.home, fileName(last.day, CLI, last.part+1), 0)
	default:
		f, _, err = l.home.Guard().OpenFile(last.path, os.O_WRONLY|os.O_APPEND)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(batch)
	// the owner must be able to lock and revoke even on a full disk
	if noSpace(err) && l.giveUp() {
		if err = f.Truncate(size); err == nil {
			_, err = f.Write(batch)
		}
	}
	return errors.Join(err, datasync(f), f.Close())
}

// setAside moves what a killed process left after the last line feed of f into a file beside it, so
// that the next record starts on a new line, and returns it. The copy is on the disk before the
// original is cut; after a crash in between, it is set aside twice. A record that lacks only its
// line feed gets that instead, because other chains may attest it.
func (l *Log) setAside(f file, key []byte) ([]byte, error) {
	t, err := openTail(l.home, f)
	if err == nil && t.long {
		err = fmt.Errorf("set a torn line of %q aside: %w", f.path, errLongLine)
	}
	if err != nil || len(t.torn) == 0 {
		return nil, err
	}
	guard := l.home.Guard()
	if _, err := audit.ReadHead(key, t.torn); err == nil {
		return nil, l.end(f)
	}
	to, _, err := guard.OpenFile(f.path+tornSuffix, os.O_WRONLY|os.O_APPEND|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	_, err = to.Write(append(t.torn[:len(t.torn):len(t.torn)], '\n'))
	if err = errors.Join(err, datasync(to), to.Close(),
		home.SyncDir(filepath.Dir(f.path))); err != nil {
		return nil, fmt.Errorf("set a torn line aside: %w", err)
	}
	from, fi, err := guard.OpenFile(f.path, os.O_WRONLY)
	if err != nil {
		return nil, err
	}
	if err = errors.Join(from.Truncate(fi.Size()-int64(len(t.torn))),
		datasync(from), from.Close()); err != nil {
		return nil, fmt.Errorf("set a torn line aside: %w", err)
	}
	return t.torn, nil
}

// end writes the line feed of the last line of f.
func (l *Log) end(f file) error {
	out, _, err := l.home.Guard().OpenFile(f.path, os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return err
	}
	_, err = out.Write([]byte{'\n'})
	if err = errors.Join(err, datasync(out), out.Close()); err != nil {
		return fmt.Errorf("end the last line: %w", err)
	}
	return nil
}
