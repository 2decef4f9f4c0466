package mcpserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// errUnread says that the client took its replies neither before nor shortly after the shutdown.
var errUnread = errors.New("writing replies: the client does not read them")

// outbox queues lines for a writer goroutine. put never blocks, so a client that does not read
// holds up no handler; room tells the reading loop when to wait, which bounds the queue by its
// limits plus the requests in flight.
type outbox struct {
	maxLines, maxBytes int

	mu     sync.Mutex
	more   *sync.Cond
	queue  []outLine
	lines  int           // queued or being written
	bytes  int           // the same, in bytes
	waiter chan struct{} // closed when there is room again; nil while nobody waits
	moved  time.Time     // when the client last took something, or began to be owed something
	closed bool
	err    error         // why writing ended
	done   chan struct{} // closed when the writer has ended
}

// newOutbox starts the writer. A Write cannot be interrupted: after a shutdown the writer may stay
// in one until the client reads or the stream is closed.
func newOutbox(w io.Writer, maxLines, maxBytes int) *outbox {
	o := &outbox{maxLines: maxLines, maxBytes: maxBytes, done: make(chan struct{})}
	o.more = sync.NewCond(&o.mu)
	go o.write(bufio.NewWriterSize(pieces{w, o}, pieceSize))
	return o
}

// outLine is a line and whom to tell when it is written or dropped.
type outLine struct {
	text    []byte
	written func()
}

// put queues a line; after close or a failed write it is dropped.
func (o *outbox) put(line []byte) { o.putAnd(line, func() {}) }

// putAnd queues a line, and calls written once it is written or dropped.
func (o *outbox) putAnd(line []byte, written func()) {
	o.mu.Lock()
	kept := o.add(outLine{line, written})
	o.mu.Unlock()
	if !kept {
		written()
	}
}

// putAgain queues a line that says the same as an equal one before it, and takes that one's place
// if it still waits: a client that does not read is owed one such line, however often there is
// cause for it.
func (o *outbox) putAgain(line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed { // nothing could take the place of the one that waits
		return
	}
	same := func(l outLine) bool { return bytes.Equal(l.text, line) }
	if i := slices.IndexFunc(o.queue, same); i >= 0 {
		o.queue = slices.Delete(o.queue, i, i+1)
		o.lines--
		o.bytes -= len(line)
	}
	o.add(outLine{line, func() {}})
}

func (o *outbox) add(line outLine) (kept bool) {
	if o.closed {
		return false
	}
	if o.lines == 0 {
		o.moved = time.Now()
	}
	o.queue = append(o.queue, line)
	o.lines++
	o.bytes += len(line.text)
	o.more.Signal()
	return true
}

// room returns a channel that is closed once the queue is within its limits.
func (o *outbox) room() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.full() {
		return open
	}
	if o.waiter == nil {
		o.waiter = make(chan struct{})
	}
	return o.waiter
}

func (o *outbox) full() bool { return o.lines >= o.maxLines || o.bytes >= o.maxBytes }

// open is the answer where there is nothing to wait for.
var open = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (o *outbox) write(w *bufio.Writer) {
	defer close(o.done)
	for {
		line, last := o.take()
		if line.text == nil {
			return
		}
		_, err := w.Write(line.text)
		if err == nil && last { // replies that are ready together leave in one system call
			err = w.Flush()
		}
		dropped := o.wrote(len(line.text), err)
		line.written()
		for _, other := range dropped {
			other.written()
		}
		if err != nil {
			return
		}
	}
}

// take returns the next line and whether the queue is empty behind it; nil when closed and empty.
func (o *outbox) take() (line outLine, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queue) == 0 {
		if o.closed {
			return outLine{}, true
		}
		o.more.Wait()
	}
	line, o.queue[0] = o.queue[0], outLine{}
	o.queue = o.queue[1:]
	return line, len(o.queue) == 0
}

// wrote notes that n bytes have left, and returns the lines that never will where writing has
// failed.
func (o *outbox) wrote(n int, err error) (dropped []outLine) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines--
	o.bytes -= n
	if err != nil {
		dropped = o.queue
		o.closed, o.queue, o.err = true, nil, fmt.Errorf("writing replies: %w", err)
	}
	if o.waiter != nil && !o.full() {
		close(o.waiter)
		o.waiter = nil
	}
	return dropped
}

// stalled is for how long the client has taken nothing of what it is owed.
func (o *outbox) stalled() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lines == 0 {
		return 0
	}
	return time.Since(o.moved)
}

// restart begins to measure anew.
func (o *outbox) restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.moved = time.Now()
}

const pieceSize = 16 << 10

// pieces writes in pieces and notes each that is taken: a client that reads a reply of megabytes
// slowly has not stalled.
type pieces struct {
	w   io.Writer
	out *outbox
}

func (p pieces) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var part int
		part, err = p.w.Write(b[n:min(n+pieceSize, len(b))])
		n += part
		p.out.restart()
	}
	return n, err
}

// close takes no more lines and waits until all are written: for as long as the client takes
// something within each patience, but only for lastWait once ctx is cancelled.
func (o *outbox) close(ctx context.Context, patience time.Duration) error {
	o.mu.Lock()
	o.closed = true
	o.more.Signal()
	o.mu.Unlock()
	if !o.read(ctx, patience) {
		return errUnread
	}
	return o.err
}

// read waits until everything is written, and reports whether it was.
func (o *outbox) read(ctx context.Context, patience time.Duration) bool {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-o.done:
			return true
		case <-look.C:
			if o.stalled() >= patience {
				return false
			}
		case <-ctx.Done():
			select {
			case <-o.done:
				return true
			case <-time.After(lastWait):
				return false
			}
		}
	}
}
