// Package relay connects the client that has started `janee serve` with the daemon: it passes on
// lines of MCP in both directions and keeps the client's connection when the daemon restarts. It
// reads no home and no key.
//
// When the connection to the daemon ends, each request in flight is answered as lost, and never
// sent a second time: the daemon may have carried it out. With its next request the client gets a
// new connection, on which initialize is repeated. If the daemon cannot be reached, a stand-in
// answers, which serves the list of tools and refuses calls with what to do.
package relay

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	defaultPatience = 5 * time.Second
	tryEvery        = 50 * time.Millisecond
	lastWait        = 5 * time.Second // for the server to answer what is in flight at the end
)

// toolsChanged tells the client that the tools may be different after a restart.
const toolsChanged = `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}` + "\n"

// Options configure a Relay; all but Agent and Patience are required.
type Options struct {
	Agent string // that the daemon is asked for, "" for none; config.ValidName accepts it
	Dial  func() (Conn, error)
	// StandIn starts a server that answers for as long as the daemon cannot be reached.
	StandIn func() Conn
	// Lost makes the line that answers a request whose answer is lost, or nil for a line that is
	// no request.
	Lost func(request []byte) []byte
	// Patience is how long a client waits for a daemon that was there before; 0 means 5 s.
	Patience time.Duration
}

// Relay is one client.
type Relay struct {
	opts   Options
	out    *output
	broken chan struct{} // closed when the client does not take what it gets

	mu          sync.Mutex
	link        *link // nil: none
	met         bool  // the daemon has been there
	initialize  []byte
	initialized []byte
}

// New returns a Relay for a client that reads out.
func New(out io.Writer, opts Options) *Relay {
	if opts.Patience == 0 {
		opts.Patience = defaultPatience
	}
	r := &Relay{opts: opts, broken: make(chan struct{})}
	r.out = &output{w: out, broken: r.broken}
	return r
}

// Serve passes lines on until in ends, ctx ends or the client takes nothing more. It then waits for
// the answers to what is in flight. in stays open.
func (r *Relay) Serve(ctx context.Context, in io.Reader) error {
	stop := make(chan struct{})
	defer close(stop)
	lines := pieces(in, stop)
	defer context.AfterFunc(ctx, r.closeWrite)() // a Write that waits for the server ends, too
	var to *link                                 // where the line goes that is passed on in pieces
	for {
		select {
		case p, more := <-lines:
			switch {
			case !more:
				return r.end()
			case p.first:
				to = r.take(ctx, p)
			}
			if to != nil {
				_, _ = to.conn.Write(p.text) // what is lost with a connection its reader tells
			}
		case <-r.broken:
			_ = r.end()
			return r.out.failure()
		case <-ctx.Done():
			return r.end()
		}
	}
}

// take decides to which connection a line goes: to none if nobody there could want it.
func (r *Relay) take(ctx context.Context, p piece) *link {
	e := envelope{Method: "unread", ID: []byte("null")} // the daemon says what is wrong
	if p.whole {
		e = open(p.text)
	}
	switch {
	case e.answers():
		return r.answered(string(e.ID))
	case e.Method != "" && e.ID == nil:
		return r.notified(e, p.text)
	}
	q := request{}
	if p.whole {
		q.lost = r.opts.Lost(p.text)
	}
	if e.Method == "initialize" {
		q.line = p.text
	}
	for {
		l := r.connected(ctx)
		if r.register(l, string(e.ID), q) {
			return l
		}
	}
}

func (r *Relay) register(l *link, id string, q request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !l.gone && q.lost != nil {
		l.waiting[id] = q
	}
	return !l.gone
}

// answered passes the answer to a question on to the server that asked. Ids begin again with each
// server, and an answer to an old question must not count for a new one.
func (r *Relay) answered(id string) *link {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.link == nil || !r.link.asked[id] {
		return nil
	}
	delete(r.link.asked, id)
	return r.link
}

func (r *Relay) notified(e envelope, line []byte) *link {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.Method == "notifications/initialized":
		r.initialized = line
	case e.Method == "notifications/cancelled" && r.link != nil:
		delete(r.link.waiting, string(e.Params.RequestID)) // it gets no answer
	}
	return r.link
}

// connected returns a connection: to the daemon, or to the stand-in.
func (r *Relay) connected(ctx context.Context) *link {
	r.mu.Lock()
	l, met, initialize, initialized := r.link, r.met, r.initialize, r.initialized
	r.mu.Unlock()
	if l != nil && !l.standIn {
		return l
	}
	patience := time.Duration(0)
	if l == nil && met {
		patience = r.opts.Patience
	}
	fresh, err := r.reach(ctx, patience)
	switch {
	case err == nil:
	case l != nil:
		return l
	default:
		fresh = newLink(r.opts.StandIn(), true)
		_ = fresh.greet("", initialize, initialized)
	}
	r.use(fresh)
	if l != nil {
		_ = l.conn.CloseWrite()
	}
	return fresh
}

// reach connects to the daemon, and tries again for as long as patience lasts.
func (r *Relay) reach(ctx context.Context, patience time.Duration) (*link, error) {
	for until := time.Now().Add(patience); ; {
		l, err := r.try()
		if err == nil || !time.Now().Before(until) {
			return l, err
		}
		select {
		case <-time.After(tryEvery):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *Relay) try() (*link, error) {
	conn, err := r.opts.Dial()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	initialize, initialized := r.initialize, r.initialized
	r.mu.Unlock()
	l := newLink(conn, false)
	if err := l.greet(r.opts.Agent, initialize, initialized); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("connecting to the daemon: %w", err)
	}
	if initialize != nil {
		r.out.write([]byte(toolsChanged))
	}
	return l, nil
}

func (r *Relay) use(l *link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.link, r.met = l, r.met || !l.standIn
	go r.listen(l)
}

// listen passes on what the server says until it says nothing more.
func (r *Relay) listen(l *link) {
	defer close(l.over)
	defer l.conn.Close()
	for {
		line, err := l.in.ReadBytes('\n')
		if err != nil {
			break // a line without an end is half of one
		}
		r.heard(l, open(line))
		r.out.write(line)
	}
	r.mu.Lock()
	l.gone = true
	if r.link == l {
		r.link = nil
	}
	lost := l.waiting
	r.mu.Unlock()
	for _, q := range lost {
		r.out.write(q.lost)
	}
}

func (r *Relay) heard(l *link, e envelope) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.asks():
		l.asked[string(e.ID)] = true
	case e.answers():
		q := l.waiting[string(e.ID)]
		delete(l.waiting, string(e.ID))
		if q.line != nil && e.Error == nil {
			r.initialize = q.line
		}
	}
}

// end tells the server that nothing more comes, and waits for its last answers.
func (r *Relay) end() error {
	r.mu.Lock()
	l := r.link
	r.mu.Unlock()
	if l == nil {
		return r.out.failure()
	}
	_ = l.conn.CloseWrite()
	select {
	case <-l.over:
	case <-r.broken:
	case <-time.After(lastWait):
	}
	_ = l.conn.Close()
	return r.out.failure()
}

func (r *Relay) closeWrite() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.link != nil {
		_ = r.link.conn.CloseWrite()
	}
}

// output writes whole lines from several goroutines.
type output struct {
	broken chan struct{}

	mu  sync.Mutex
	w   io.Writer
	err error
}

func (o *output) write(line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return
	}
	if _, err := o.w.Write(line); err != nil {
		o.err = fmt.Errorf("writing replies: %w", err)
		close(o.broken)
	}
}

func (o *output) failure() error {
	select {
	case <-o.broken:
	default:
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
