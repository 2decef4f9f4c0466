package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// conn is one connection. Its loop reads and judges lines in order; a request then runs on its own
// goroutine, but for the two that change the connection itself: initialize and
// subscriptions/listen.
type conn struct {
	server *Server
	base   context.Context // of all requests; cancelled when the grace is over
	out    *outbox
	who    identity // the loop's alone
	forms  bool     // the client can ask its person; the loop's alone
	failed bool     // an initialize has failed, and none has succeeded; the loop's alone
	asker  asker
	over   time.Time // when the grace began; zero before
	wg     sync.WaitGroup
	ending chan struct{} // closed when no more requests are read

	mu      sync.Mutex
	flights flights
	listens map[string]*listen // by id; no id is in both
	greeted bool               // it has initialized and wants to be told of changes
}

// loop ends at the end of input, when ctx is cancelled, when replies cannot be written, or when the
// client has not read them for too long.
func (c *conn) loop(ctx context.Context, in io.Reader) error {
	stop := make(chan struct{})
	defer close(stop)
	lines := readLines(in, maxLine, stop)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.out.done:
			return nil
		case l := <-lines:
			if l.err != nil && !errors.Is(l.err, errLineTooLong) {
				c.inputEnds()
				return readError(l.err)
			}
			if !c.waitForRoom(ctx, in) {
				return nil
			}
			if l.err != nil {
				c.out.put(invalid("a line may hold %d bytes at most", maxLine).line(nil))
			} else {
				c.receive(l.line)
			}
		}
	}
}

func readError(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("reading requests: %w", err)
}

// waitForRoom returns when the answer to a line can be queued. false: it will not be, as nobody
// reads answers any more.
func (c *conn) waitForRoom(ctx context.Context, in io.Reader) bool {
	room := c.out.room()
	if room == open {
		return true
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-room:
			return true
		case <-ctx.Done():
			return false
		case <-c.out.done:
			return false
		case <-look.C:
			if hungUp(in) {
				c.inputEnds()
			}
			if c.out.stalled() >= c.patience() {
				return false
			}
		}
	}
}

// inputEnds notes that the client asks for nothing more. It may have waited for its own end before
// it reads, so the time it has for that begins here.
func (c *conn) inputEnds() {
	if c.over.IsZero() {
		c.over = time.Now()
		c.out.restart()
	}
}

// patience is for how long a client may take nothing of what it is owed.
func (c *conn) patience() time.Duration {
	if c.over.IsZero() {
		return maxStall
	}
	return c.server.opts.Grace
}

// receive judges one line and starts what it asks for.
func (c *conn) receive(line []byte) {
	m, f := parse(line)
	if m.greets && (f != nil || m.id == nil) {
		c.greetingFailed()
	}
	switch {
	// a notification is never answered, JSON-RPC 2.0 §4.1
	case f != nil && m.id == nil && m.method != "":
	case f != nil:
		c.out.put(f.line(m.id))
	case m.isAnswer:
		c.asker.answered(m)
	case m.id == nil:
		c.notified(m)
	default:
		c.request(m)
	}
}

// greetingFailed has what follows refused until an initialize succeeds: a client whose name was not
// understood would otherwise be served under none.
func (c *conn) greetingFailed() { c.failed = !c.who.initialized }

func (c *conn) notified(m message) {
	if m.method != methodCancelled {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.listens, string(m.requestID))
	c.flights.cancel(m.requestID)
}

// request admits a request and starts it.
func (c *conn) request(m message) {
	if c.failed && !m.modern && m.method != methodInitialize && m.method != methodPing {
		c.out.put(
			invalid("not initialized: initialize failed; send one that succeeds first").line(m.id))
		return
	}
	if m.method != methodInitialize && m.clientName != "" {
		if err := c.who.claim(m.clientName); err != nil {
			c.out.put(invalid("%v", err).line(m.id))
			return
		}
	}
	if m.method == methodCall {
		c.who.call()
	}
	f := &flight{message: m, agent: AgentID(c.who.name), client: clientLabel(c.who.name),
		send: c.out.put, ending: c.ending}
	if c.forms && !m.modern {
		f.asker = &c.asker
	}
	f.ctx, f.cancel = context.WithCancel(c.base)
	if err := c.admit(f); err != nil {
		f.cancel()
		c.out.put(c.server.notAdmitted(f, err))
		return
	}
	switch m.method {
	case methodInitialize:
		c.initialize(f)
	case methodListen:
		c.listen(f)
	default:
		c.wg.Go(func() { c.run(f) })
	}
}

// admit registers a request, whose id must not be that of a listen either.
func (c *conn) admit(f *flight) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listens[string(f.id)] != nil {
		return errSameID
	}
	if f.method == methodListen && len(c.listens) >= maxListens {
		return errListens
	}
	return c.flights.admit(f)
}

// initialize runs on the loop, so that a call written right behind it is made under its name. It
// names the agent only if it succeeds, and only once: a second one would be a way to become
// somebody else.
func (c *conn) initialize(f *flight) {
	who := c.who
	err := who.initialize(f.clientName)
	if err != nil { // it belongs to somebody, whom this does not concern
		c.land(f, invalid("%v", err).line(f.id))
		return
	}
	lines, ok := c.server.answer(f)
	c.land(f, lines...)
	if !ok {
		c.greetingFailed()
	} else {
		c.who, c.forms, c.failed = who, f.showsForms, false
		c.mu.Lock()
		c.greeted = true
		c.mu.Unlock()
	}
}

func (c *conn) run(f *flight) {
	lines, _ := c.server.answer(f)
	c.land(f, lines...)
}

// land ends a request and sends its answer, unless the client has cancelled it: it has forgotten
// the id then (MCP, Cancellation: the receiver SHOULD NOT respond). The id is free before the
// client can see the answer.
func (c *conn) land(f *flight, lines ...[]byte) {
	c.mu.Lock()
	c.flights.forget(f)
	cancelled := f.cancelled
	c.mu.Unlock()
	if cancelled {
		f.over()
		return
	}
	for i, line := range lines {
		written := func() {}
		if i == len(lines)-1 {
			written = f.over
		}
		c.out.putAnd(line, written)
	}
}

// drain waits for the requests in flight, then cancels them and waits for as long as an obedient
// Broker needs.
func (c *conn) drain(cancel context.CancelFunc) {
	if c.over.IsZero() {
		c.over = time.Now()
	}
	idle := make(chan struct{})
	go func() {
		c.wg.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return
	case <-c.out.done: // nobody is left to read a reply
	case <-time.After(time.Until(c.over.Add(c.server.opts.Grace))):
	}
	cancel()
	select {
	case <-idle:
	case <-time.After(lastWait):
		c.server.opts.Log("calls that did not end when cancelled are abandoned")
	}
}
