package toolcalls

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/core"
)

// An attempt that took longer than slow is not repeated for rest times as long: the command that
// prints the root key may show a person a window, and a passphrase costs time.
const (
	slow = time.Second
	rest = 10
)

// Late is a Broker that may not be there yet: a home that is missing or broken must not end the
// server, because a person would see nothing but a closed connection. Until the home can be opened,
// each call tries again, and is refused with what the person has to do.
type Late struct {
	open  func() (*Broker, error)
	agent string
	warn  func(string)
	ready atomic.Pointer[Broker]

	mu      sync.Mutex // held while it is opened
	err     error      // why it could not be opened the last time
	next    time.Time  // no attempt before this
	refused int
}

// NewLate returns a Late that is not open yet. agent is the name under which every call is made, or
// "".
func NewLate(agent string, warn func(string), open func() (*Broker, error)) *Late {
	return &Late{agent: agent, warn: warn, open: open}
}

// Open opens the home, unless it is open, and returns why that is not possible.
func (l *Late) Open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.look()
}

// Err returns why the home is not open, or nil.
func (l *Late) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// look tries to open the home, unless it is too early for that. l.mu is held.
func (l *Late) look() error {
	began := time.Now()
	if l.ready.Load() != nil || began.Before(l.next) {
		return l.err
	}
	b, err := l.open()
	if l.err = err; err != nil {
		if took := time.Since(began); took > slow {
			l.next = time.Now().Add(rest * took)
		}
		return err
	}
	l.ready.Store(b)
	if l.refused > 0 {
		l.warn(fmt.Sprintf(
			"calls can be made from now on; %d were refused before, without a record",
			l.refused))
	}
	return nil
}

// Call implements mcpserver.Broker. A call that is refused here leaves no record, because without a
// home and its root key there is no log.
func (l *Late) Call(ctx context.Context, c mcpserver.Call) mcpserver.Reply {
	b, err := l.broker()
	if err != nil {
		return refused(l.notReady(c.Agent, err))
	}
	return b.Call(ctx, c)
}

func (l *Late) broker() (*Broker, error) {
	if b := l.ready.Load(); b != nil {
		return b, nil
	}
	if err := l.lookFor(); err != nil {
		return nil, err
	}
	return l.ready.Load(), nil
}

func (l *Late) lookFor() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.look()
	if err != nil {
		l.refused++
	}
	return err
}

// notReady says what the person has to do. An agent that runs commands as the same user could do it
// as well, but would then choose the configuration that judges it.
func (l *Late) notReady(agent string, err error) *core.Denial {
	code := core.NotReady
	if hint.ExitCode(err) == hint.Locked {
		code = core.VaultLocked
	}
	d := core.Deny(code, core.Call{Caller: core.Caller{Agent: cmp.Or(l.agent, agent)}})
	d.Message = err.Error()
	if fix := hint.Of(err); fix != "" {
		d.NextStep = "tell your user what to do: " + fix
	}
	d.NextStep += ". Do not do it yourself, and do not look for keys or change files of Janee. " +
		"When it is done, repeat the call: no restart is needed"
	return d
}

// Refuse renders a refusal that a transport makes itself, even while there is no Broker.
func (l *Late) Refuse(r mcpserver.Refusal) mcpserver.Reply {
	return (&Broker{Agent: l.agent}).Refuse(r)
}
