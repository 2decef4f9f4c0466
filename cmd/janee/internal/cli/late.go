package cli

import (
	"errors"
	"sync/atomic"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/toolcalls"
)

// lateHome answers from the start on, whatever is wrong with the home: to a client, a server that
// ends is a closed connection and tells nothing.
type lateHome struct {
	*toolcalls.Late
	running atomic.Pointer[parts]
}

// newLateHome does not open the home yet. agent is the name under which every call is made, or "";
// where says where Janee serves.
func newLateHome(
	s *serving, agent, where string, broker func(*parts) *toolcalls.Broker,
) *lateHome {
	s.env.Keys().Ask = nil // a terminal, if there is one, may be that of an agent
	l := &lateHome{}
	l.Late = toolcalls.NewLate(agent, s.env.warn, func() (*toolcalls.Broker, error) {
		home, err := open(s.env)
		if err != nil {
			return nil, err
		}
		p, err := openParts(s, home)
		if err != nil {
			return nil, err
		}
		l.running.Store(p)
		sayRunning(s.env.Stderr, where, home)
		return broker(p), nil
	})
	return l
}

// start tells the person if the home cannot be opened.
func (l *lateHome) start(s *serving) {
	if err := l.Open(); err != nil {
		s.report(err)
		s.env.warn("the server keeps running and refuses calls until this is fixed; " +
			"you need not restart it")
	}
}

func (l *lateHome) close() {
	if p := l.running.Load(); p != nil {
		p.close()
	}
}

// end is the error of the command: a home that was never opened, else err.
func (l *lateHome) end(err error) error {
	if l.Err() != nil {
		return hint.New(hint.ExitCode(l.Err()), "", errors.Join(l.Err(), errSaid))
	}
	return err
}
