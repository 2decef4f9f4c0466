// Package auditlog keeps the audit log on disk. Every process that writes has its own chain of
// signed lines, in logs/DATE.WRITER.jsonl and, when that is full, DATE.WRITER.p0002.jsonl and so
// on. Short-lived commands share one chain.
//
// To write, Open a Log and call Append: durably before an act, and without waiting after it. To
// read, use Read (`janee logs`), Follow (`janee logs --follow`), and Lines or Calls (exports).
// Verify proves that nothing was changed. Package core/audit decides what a line says and how it is
// signed; package anchor tells the outside how far the log has come.
//
// This package never changes a line that is written, never deletes a log file, and takes no lock to
// read.
package auditlog

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/vault"
)

// CLI is the writer that short-lived commands share. They append one after the other under the lock
// of the home, because a chain for each command would mean thousands of files.
const CLI = "cli"

// maxFile keeps files quick to copy and to search. A batch of records is never split, so a file may
// become a little larger.
const maxFile = 64 << 20

// flushDelay is half of the 100 ms within which a record is on the disk if it was not appended
// durably. The other half is for the disk.
const flushDelay = 50 * time.Millisecond

const (
	eventIntent  = "intent"
	eventResult  = "result"
	eventDeny    = "deny"
	eventRecover = "recover"
)

// errClosed is returned by Append after Close.
var errClosed = errors.New("audit log is closed")

// Options configure a Log.
type Options struct {
	Writer  string           // CLI for a command; "" for a process that gets its own chain
	Version string           // of the program, for the first record of a chain
	Now     func() time.Time // nil is time.Now
	MaxFile int64            // bytes after which a chain continues in another file; 0 is 64 MiB
	Rolled  func()           // called when it does, and must not block; may be nil
}

// Log appends records, and is safe for concurrent use.
type Log struct {
	home    Dir
	vault   *vault.Vault
	options Options

	mu     sync.Mutex
	chain  *chain  // nil before the first Append and while the log is broken
	broken error   // why the last chain ended, for the first records of the next one
	out    *outage // nil while nothing is wrong
	closed bool
	syncs  int // how often a write waited for the disk
}

// Open returns the log of h without touching the disk. The first Append starts the chain, so that a
// process without calls leaves no file.
func Open(h Dir, v *vault.Vault, o Options) (*Log, error) {
	if o.Writer != "" && o.Writer != CLI {
		return nil, fmt.Errorf("open audit log: writer %q is neither empty nor %q", o.Writer, CLI)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rolled == nil {
		o.Rolled = func() {}
	}
	if o.MaxFile == 0 {
		o.MaxFile = maxFile
	}
	return &Log{home: h, vault: v, options: o}, nil
}

// Append writes records in one piece, in the order of the calls.
//
// If durable, the records are on the disk when Append returns, and it fails unless there is a
// reserve for the record of the result. Otherwise they are on the disk within 100 ms, in a new
// chain if the old one fails. After an error some of the records may be in the log, but none is
// certain to be, and the next Append tries to start a new chain.
//
// For the writer CLI it takes the lock of the home, so do not call it inside home.EditConfig or
// home.WithLock.
func (l *Log) Append(records []audit.Record, durable bool) error {
	if len(records) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.open(); err != nil {
		return err
	}
	if l.options.Writer == CLI {
		return l.appendShared(records)
	}
	c, err := l.write(records, durable)
	if err != nil && !durable { // the act has already happened, so its record gets a second try
		c, err = l.write(records, durable)
	}
	if err == nil && durable {
		err = l.wait(c, c.written)
	}
	if err != nil {
		if durable {
			l.outage().refused++
		}
		return fmt.Errorf("append to audit log: %w", err)
	}
	if !durable {
		l.flushSoon(c)
	}
	return nil
}

func (l *Log) write(records []audit.Record, act bool) (*chain, error) {
	c, err := l.ready(dayOf(time.UnixMilli(records[0].TS)), act)
	if err != nil {
		return nil, err
	}
	if err := c.write(records, l.giveUp); err != nil {
		l.fail(c, err)
		return nil, err
	}
	l.tellFull(c)
	return c, nil
}

// Close waits until everything that was appended is on the disk. Append fails afterwards.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.chain
	l.closed = true
	if c == nil {
		return nil
	}
	err := l.wait(c, c.written)
	l.fail(c, errClosed)
	if err != nil {
		return fmt.Errorf("close audit log: %w", err)
	}
	return nil
}

func (l *Log) open() error {
	switch {
	case l.closed:
		return errClosed
	case l.vault == nil:
		return hint.Errorf(hint.Locked, "run `janee init`",
			"append to audit log: there is no vault, and so no key to sign with")
	}
	return nil
}

// current returns the chain to append to, and starts one if there is none. Its file is that of day,
// which is the day of the first record to append and may be yesterday just after midnight: a file
// is named after the day of its first line, and Verify checks that.
func (l *Log) current(day string) (*chain, error) {
	if l.chain == nil {
		c, err := l.start()
		if noSpace(err) && l.giveUp() {
			c, err = l.start()
		}
		if err != nil {
			return nil, err
		}
		l.chain, l.broken = c, nil
	}
	c, file := l.chain, l.chain.file
	if err := c.roll(l.home, day, l.options.MaxFile); err != nil {
		l.fail(c, err)
		return nil, err
	}
	if c.file != file {
		l.options.Rolled()
	}
	return c, nil
}

// wait returns when the first n batches of c are on the disk. A caller that finds a sync running
// waits for it, and then one of those that wait syncs for all of them. The caller holds the mutex,
// which is released during the sync.
func (l *Log) wait(c *chain, n int64) error {
	for c.synced < n {
		switch {
		case c.err != nil:
			return c.err
		case c.syncing:
			c.turn.Wait()
		default:
			l.flush(c)
		}
	}
	return nil
}

func (l *Log) flush(c *chain) {
	files, n := append(c.full, c.file), c.written
	c.full, c.syncing = nil, true
	l.syncs++
	l.mu.Unlock()
	err := syncAll(files)
	l.mu.Lock()
	c.syncing = false
	if err == nil {
		c.synced = n
	} else {
		// Never sync again and continue: the kernel may have dropped the pages that it could not
		// write (https://lwn.net/Articles/752063/).
		l.fail(c, err)
		closeAll(files)
	}
	c.turn.Broadcast()
}

func (l *Log) flushSoon(c *chain) {
	if c.armed {
		return
	}
	c.armed = true
	time.AfterFunc(flushDelay, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		c.armed = false
		_ = l.wait(c, c.written) // a failure ends the chain, and the next chain records why
	})
}

// fail ends c. Batches that a sync is writing may still reach the disk.
func (l *Log) fail(c *chain, err error) {
	if c.err != nil {
		return
	}
	c.err = err
	if !errors.Is(err, errClosed) {
		l.outage()
	}
	if noSpace(err) {
		l.giveUp()
	}
	if l.chain == c {
		l.chain, l.broken = nil, err
	}
	closeAll(append(c.full, c.file))
	c.turn.Broadcast()
}

func syncAll(files []*os.File) error {
	for i, f := range files {
		if err := datasync(f); err != nil {
			return fmt.Errorf("sync %q: %w", f.Name(), err)
		}
		if i < len(files)-1 { // the last one is still written to
			_ = f.Close()
		}
	}
	return nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}
