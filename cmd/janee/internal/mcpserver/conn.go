package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// conn is one line connection. Its loop reads and judges lines in order. A request then runs on its
// own goroutine, except for the two that change the connection itself: initialize and
// subscriptions/listen.
type conn struct {
	server *Server
	base   context.Context // of all requests; cancelled when the grace is over
	out    *outbox
	asker  asker
	wg     sync.WaitGroup
	ending chan struct{} // closed when no more requests are read

	// only the loop uses these
	identity identity
	forms    bool      // the client can show forms
	failed   bool      // an initialize has failed, and none has succeeded
	over     time.Time // when the grace began; zero before

	mu       sync.Mutex
	requests requests
	listens  map[string]*listen // by id; no id is in both
	greeted  bool               // it has initialized and wants to hear of changes
}

// loop returns at the end of input, when ctx is cancelled, when replies cannot be written, or when
// the client has not read them for too long.
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

// waitForRoom returns true once the answer to a line can be queued, and false if nobody reads
// answers any more.
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

// inputEnds notes that the client sends nothing more. Some clients read replies only after they
// have closed their end, so the time that they have for reading starts here.
func (c *conn) inputEnds() {
	if c.over.IsZero() {
		c.over = time.Now()
		c.out.restart()
	}
}

// patience is how long a client may leave its replies unread.
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
	case f != nil && m.id == nil && m.method != "":
		// a notification is never answered, JSON-RPC 2.0 §4.1
	case f != nil:
		c.out.put(f.line(m.id))
	case m.isAnswer:
		c.asker.answered(m)
	case m.id == nil:
		c.notified(m)
	default:
		c.start(m)
	}
}

// greetingFailed makes the connection refuse calls until an initialize succeeds. Otherwise a client
// whose name could not be read would be served without a name.
func (c *conn) greetingFailed() { c.failed = !c.identity.initialized }

func (c *conn) notified(m message) {
	if m.method != methodCancelled {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.listens, string(m.requestID))
	c.requests.cancel(m.requestID)
}

// start admits a request and runs it.
func (c *conn) start(m message) {
	if c.failed && !m.modern && m.method != methodInitialize && m.method != methodPing {
		c.out.put(
			invalid("not initialized: initialize failed; send one that succeeds first").line(m.id))
		return
	}
	if m.method != methodInitialize && m.clientName != "" {
		if err := c.identity.claim(m.clientName); err != nil {
			c.out.put(invalid("%v", err).line(m.id))
			return
		}
	}
	if m.method == methodCall {
		c.identity.call()
	}
	req := c.newRequest(m)
	if err := c.admit(req); err != nil {
		req.cancel()
		c.out.put(c.server.notAdmitted(req, err))
		return
	}
	switch m.method {
	case methodInitialize:
		c.initialize(req)
	case methodListen:
		c.listen(req)
	default:
		c.wg.Go(func() { c.run(req) })
	}
}

func (c *conn) newRequest(m message) *request {
	req := &request{
		message: m,
		agent:   AgentID(c.identity.name),
		client:  clientLabel(c.identity.name),
		send:    c.out.put,
		ending:  c.ending,
	}
	if c.forms && !m.modern {
		req.asker = &c.asker
	}
	req.ctx, req.cancel = context.WithCancel(c.base)
	return req
}

// admit registers a request, whose id must not be the id of a listen either.
func (c *conn) admit(req *request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listens[string(req.id)] != nil {
		return errSameID
	}
	if req.method == methodListen && len(c.listens) >= maxListens {
		return errListens
	}
	return c.requests.admit(req)
}

// initialize runs on the loop, so that a call on the next line already has the new name. It names
// the agent only if it succeeds, and only once: with a second one a client could become another.
func (c *conn) initialize(req *request) {
	next := c.identity
	err := next.initialize(req.clientName)
	if err != nil { // the connection keeps the name that it has
		c.settle(req, invalid("%v", err).line(req.id))
		return
	}
	lines, ok := c.server.answer(req)
	c.settle(req, lines...)
	if !ok {
		c.greetingFailed()
	} else {
		c.identity, c.forms, c.failed = next, req.showsForms, false
		c.mu.Lock()
		c.greeted = true
		c.mu.Unlock()
	}
}

func (c *conn) run(req *request) {
	lines, _ := c.server.answer(req)
	c.settle(req, lines...)
}

// settle ends a request and sends its answer, unless the client has cancelled it and has forgotten
// the id (MCP, Cancellation: the receiver SHOULD NOT respond). The id is free again before the
// client can see the answer.
func (c *conn) settle(req *request, lines ...[]byte) {
	c.mu.Lock()
	c.requests.forget(req)
	cancelled := req.cancelled
	c.mu.Unlock()
	if cancelled {
		req.over()
		return
	}
	for i, line := range lines {
		written := func() {}
		if i == len(lines)-1 {
			written = req.over
		}
		c.out.putAnd(line, written)
	}
}

// drain waits for the requests in flight, cancels them when the grace is over, and then waits as
// long as a well-behaved Broker needs.
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
	case <-c.out.done: // nobody reads replies any more
	case <-time.After(time.Until(c.over.Add(c.server.opts.Grace))):
	}
	cancel()
	select {
	case <-idle:
	case <-time.After(lastWait):
		c.server.opts.Log("calls that did not end when cancelled are abandoned")
	}
}
