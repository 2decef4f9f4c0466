package auditlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/true-and-useful/janee/core/audit"
)

// reserveName is a file that reserves room for the last records on a full disk. All processes of a
// home share it. While it is missing and cannot be made again, calls are refused, so that no call
// starts whose result could not be recorded.
const reserveName = ".reserve"

const (
	maxReserve = 1 << 20 // bytes: room for the results of all calls that can be in flight
	minReserve = 16 << 10
)

// outage is a time during which calls are refused.
type outage struct {
	since   int64 // Unix ms
	refused int
	full    bool // the reserve was given up
	told    bool // a record says that the disk is full
}

// noSpace reports whether err means that the disk or a quota is full, rather than broken.
func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func reservePath(h Dir) string { return filepath.Join(h.LogsPath(), reserveName) }

// reserveSize is at most an eighth of the file system, which may be small in a container.
func reserveSize(dir string) int64 {
	total, known := sizeOf(dir)
	if !known {
		return maxReserve
	}
	return min(maxReserve, max(minReserve, total/8))
}

// makeReserve makes sure that the reserve exists. If it does, that costs one lstat(2).
func makeReserve(h Dir) error {
	if _, err := os.Lstat(reservePath(h)); err == nil {
		return nil
	}
	if err := reserve(h, reservePath(h), reserveSize(h.LogsPath())); err != nil {
		return fmt.Errorf("keep room for the last records: %w", err)
	}
	return nil
}

// reserve makes a file whose n bytes really take up room, or no file at all.
func reserve(h Dir, path string, n int64) error {
	f, _, err := h.Guard().OpenFile(path, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return err
	}
	if err = allocate(f, n); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// writeZeros takes up room on a file system that cannot reserve it.
func writeZeros(f *os.File, n int64) error {
	zeros := make([]byte, 64<<10)
	for at := int64(0); at < n; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), n-at)], at); err != nil {
			return err
		}
	}
	return nil
}

// giveUp removes the reserve to free its room, and reports whether there was one.
func (l *Log) giveUp() bool {
	l.out = l.outage()
	l.out.full = true
	return os.Remove(reservePath(l.home)) == nil
}

func (l *Log) outage() *outage {
	if l.out == nil {
		l.out = &outage{since: l.options.Now().UnixMilli()}
	}
	return l.out
}

// recovered is the record of what went wrong and how many calls were refused since then.
func (l *Log) recovered(cause string) audit.Record {
	now := l.options.Now().UnixMilli()
	detail := map[string]string{"cause": cause}
	if l.out != nil && l.out.refused > 0 {
		detail["refused"] = strconv.Itoa(l.out.refused)
		detail["seconds"] = strconv.FormatInt((now-l.out.since+999)/1000, 10)
	}
	return audit.Record{TS: now, Event: eventRecover, Detail: detail}
}

// Usable returns an error if a call could not be recorded. It costs nothing while the log works.
// After a failure it tries whether the log works again. A caller that asks before each call refuses
// all of them until then, and the log records how many there were.
func (l *Log) Usable() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out == nil || l.closed || l.options.Writer == CLI {
		return nil
	}
	c, err := l.ready(dayOf(l.options.Now()), true)
	if err != nil {
		l.outage().refused++
		return fmt.Errorf("append to audit log: %w", err)
	}
	l.flushSoon(c)
	return nil
}

// ready returns the chain to write records to. Before an act it also makes the reserve and, if that
// succeeds, ends an outage.
func (l *Log) ready(day string, act bool) (*chain, error) {
	c, err := l.current(day)
	if err != nil || !act {
		return c, err
	}
	if err := makeReserve(l.home); err != nil {
		if noSpace(err) {
			l.outage().full = true
		}
		return nil, err
	}
	if l.out != nil && l.out.full {
		if err := c.write([]audit.Record{l.recovered("the disk has room again")},
			l.giveUp); err != nil {
			l.fail(c, err)
			return nil, err
		}
		if !exists(reservePath(l.home)) {
			return nil, fmt.Errorf("keep room for the last records: %w", syscall.ENOSPC)
		}
	}
	l.out = nil
	return c, nil
}

// tellFull records that the disk is full, in the room that the reserve has freed.
func (l *Log) tellFull(c *chain) {
	if l.out == nil || !l.out.full || l.out.told || c.err != nil {
		return
	}
	l.out.told = true
	if err := c.write([]audit.Record{l.recovered(
		"the disk is full: calls are refused until there is room again")}, l.giveUp); err != nil {
		l.fail(c, err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Writable tries whether calls can be recorded, from a process that does not serve. It writes a
// file beside the log and removes it again; the file is as large as the reserve if that is missing.
func Writable(h Dir) error {
	size := int64(4096)
	if files, _, err := list(h); err == nil && len(files) > 0 && !exists(reservePath(h)) {
		size = reserveSize(h.LogsPath())
	}
	// a file of this name is cleaned up if a crash leaves it
	f, err := os.CreateTemp(h.LogsPath(), ".tmp-trial-")
	if err != nil {
		return err
	}
	_ = f.Close()
	if err := reserve(h, f.Name(), size); err != nil {
		return err
	}
	return os.Remove(f.Name())
}
