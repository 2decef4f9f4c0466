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

// errUnread says that the client did not take its replies, not even shortly after the shutdown.
var errUnread = errors.New("writing replies: the client does not read them")

// outbox queues lines for a writer goroutine. put never blocks, so a client that does not read does
// not hold up a handler. room tells the reading loop when to wait, so that the queue never holds
// more than its limits and the requests in flight.
type outbox struct {
	maxLines, maxBytes int

	mu     sync.Mutex
	more   *sync.Cond
	queue  []outLine
	lines  int           // queued or being written
	bytes  int           // the same, in bytes
	waiter chan struct{} // closed when there is room again; nil while nobody waits
	moved  time.Time     // when the client last took something, or the queue was last empty
	closed bool
	err    error         // why writing ended
	done   chan struct{} // closed when the writer has ended
}

// newOutbox starts the writer. A Write cannot be interrupted, so after a shutdown the writer may
// stay in one until the client reads or the stream is closed.
func newOutbox(w io.Writer, maxLines, maxBytes int) *outbox {
	o := &outbox{maxLines: maxLines, maxBytes: maxBytes, done: make(chan struct{})}
	o.more = sync.NewCond(&o.mu)
	go o.write(bufio.NewWriterSize(pieces{w, o}, pieceSize))
	return o
}

// outLine is a line, and the function to call when it is written or dropped.
type outLine struct {
	text    []byte
	written func()
}

// put queues a line, or drops it after close or a failed write.
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

// putAgain queues a line that replaces an equal one that still waits. A client that does not read
// gets one such line, however often it is sent.
func (o *outbox) putAgain(line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed { // the line that waits must stay, as no other can be added
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

// open is what room returns when there is nothing to wait for.
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
		if err == nil && last { // replies that are ready together go out in one system call
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

// take returns the next line and whether it is the last in the queue. The line has no text if the
// outbox is closed and empty.
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

// wrote notes that n bytes are written. If writing failed, it returns the lines that are dropped.
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

// stalled is how long the client has taken nothing although lines are waiting for it.
func (o *outbox) stalled() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lines == 0 {
		return 0
	}
	return time.Since(o.moved)
}

// restart starts the measurement of stalled again.
func (o *outbox) restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.moved = time.Now()
}

const pieceSize = 16 << 10

// pieces writes in pieces and notes each one that is taken, because a client that reads a long
// reply slowly has not stalled.
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

// close refuses further lines and waits until all are written. It waits as long as the client takes
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

// read waits until everything is written, and reports false if the client stopped reading.
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
