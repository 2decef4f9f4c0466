// Package auditlog keeps the audit log on disk: one chain of signed lines for each process that
// writes, in logs/DATE.WRITER.jsonl and, where that is full, DATE.WRITER.p0002.jsonl and so on. Use
// Open and Append to write (durable before an act, soon after it), Read for `janee logs`, Follow to
// watch, and Verify to prove that nothing was changed. What a line says and how it is signed is
// decided in core/audit; this package never edits a line, and reading takes no lock.
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

// CLI is the writer that short-lived commands share, one after the other under the lock of the
// home: a chain for each would make thousands.
const CLI = "cli"

// maxFile is a size that is still quick to copy and to look through. A batch of records is not
// divided, so files end up a little larger.
const maxFile = 64 << 20

// flushDelay leaves the disk half of the 100 ms within which a record that was not appended durably
// is on it.
const flushDelay = 50 * time.Millisecond

const (
	eventIntent  = "intent"
	eventResult  = "result"
	eventDeny    = "deny"
	eventRecover = "recover"
)

// ErrClosed is returned by Append after Close.
var ErrClosed = errors.New("audit log is closed")

// Options of a Log. Writer is CLI for a command, and empty for a process that gets a chain of its
// own.
type Options struct {
	Writer  string
	Version string           // of the program, for the first record of a chain
	Now     func() time.Time // nil is time.Now
	MaxFile int64            // bytes after which a chain goes on in another file; 0 is 64 MiB
	Rolled  func()           // is told that it has, and must not wait; nil tells nobody
}

// Log appends records. It is safe for concurrent use.
type Log struct {
	home    Dir
	vault   *vault.Vault
	options Options

	mu     sync.Mutex
	chain  *chain  // nil before the first Append and while the log is broken
	broken error   // why the last chain ended, for the record that starts the next
	out    *outage // nil while nothing is wrong
	closed bool
	syncs  int // how often the disk was waited for
}

// Open returns the log of h. It touches nothing: the first Append starts the chain, so that a start
// without calls costs nothing.
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

// Append writes records in one piece and in the order of the calls. With durable they are on the
// disk when it returns, and so that what comes of the act can be recorded there has to be a
// reserve; without, they are on it within 100 ms, in a new chain where the old one fails. After an
// error none of them may be relied on, though some may be in the log; the next Append tries to
// start a new chain. For the CLI writer it takes the lock of the home, so it must not be called
// inside home.EditConfig or home.WithLock.
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
	if err != nil && !durable { // it has happened already and is worth a second try
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

// Close waits until everything appended is on the disk. Later calls of Append fail.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.chain
	l.closed = true
	if c == nil {
		return nil
	}
	err := l.wait(c, c.written)
	l.fail(c, ErrClosed)
	if err != nil {
		return fmt.Errorf("close audit log: %w", err)
	}
	return nil
}

func (l *Log) open() error {
	switch {
	case l.closed:
		return ErrClosed
	case l.vault == nil:
		return hint.Errorf(hint.Locked, "run `janee init`",
			"append to audit log: there is no vault, and so no key to sign with")
	}
	return nil
}

// current returns the chain to append to, started anew where there is none, on the file of day.
// That is the day of the first record to append, which may lie just before midnight: a file is
// named for the day of its first line, and Verify holds it to that.
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

// wait returns when the first n batches of c are on the disk. Whoever comes while the disk is at
// work waits for the next turn, which one of those waiting then takes for all. The mutex is held on
// entry and on return, not meanwhile.
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
		// Never sync again and go on: the kernel may have dropped the pages that it could not write
		// (the fsync fault of 2018).
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
		_ = l.wait(c, c.written) // a failure ends the chain, and the next one says why
	})
}

// fail ends c. Batches that are on their way to the disk may still arrive there.
func (l *Log) fail(c *chain, err error) {
	if c.err != nil {
		return
	}
	c.err = err
	if !errors.Is(err, ErrClosed) {
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
