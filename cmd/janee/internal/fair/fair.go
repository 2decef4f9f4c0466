// Package fair divides what a process has of something among agents, so that neither one of them
// nor several together keep another out. It says how much each may hold; what that is, and when it
// comes back, is the caller's business.
package fair

import (
	"context"
	"sync"
)

// Pool is an amount that agents share. Each agent may hold as much as stays free, no more: an agent
// alone is given half of the total, and of n agents that take all they can, each has one share of
// n+1. The share that stays free is there for whichever agent comes next, and nobody has to say how
// many there will be (dynamic thresholds, Choudhury and Hahne 1998).
//
// Two things go beyond that. Each agent is given its floor whatever the others hold, so that many
// agents in concert cannot keep one out; in all a Pool gives at most its total and a floor for each
// agent. And one lease of each agent may take of what is free at all, but only all that it will
// ever need: leases that grow while they hold something would otherwise wait for each other for
// good.
type Pool struct {
	total, floor int64

	mu    sync.Mutex
	held  int64
	all   map[string]*share
	freed chan struct{} // closed when something comes back; nil while nobody waits
}

// share is what one agent holds.
type share struct {
	held  int64
	first *Lease // the one that may go beyond the share; nil while none does
}

// New returns a Pool of which nothing is held.
func New(total, floor int64) *Pool {
	return &Pool{total: total, floor: floor, all: map[string]*share{}}
}

// Lease is what one piece of an agent's work holds of a Pool. It is not safe for concurrent use.
type Lease struct {
	pool  *Pool
	agent string
	held  int64
}

// Lease returns one that holds nothing yet.
func (p *Pool) Lease(agent string) *Lease { return &Lease{pool: p, agent: agent} }

// Try takes n more, and reports whether there was room in the agent's share.
func (l *Lease) Try(n int64) bool {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	if l.fits(n) {
		l.take(n)
		return true
	}
	return false
}

// Take waits until there is room for n more in the agent's share, or beyond it for rest, or ctx
// ends. It returns which of the two it has taken. rest is all that the lease will ever need.
func (l *Lease) Take(ctx context.Context, n, rest int64) (taken int64, err error) {
	err = l.pool.until(ctx, func() bool {
		switch {
		case l.fits(n):
			taken = n
		case l.goesBeyond(rest):
			taken = rest
		default:
			return false
		}
		l.take(taken)
		return true
	})
	return taken, err
}

// Wait returns when n could be taken, without taking it, or ctx ends.
func (l *Lease) Wait(ctx context.Context, n int64) error {
	return l.pool.until(ctx, func() bool { return l.fits(n) })
}

// Fits reports whether n could be taken.
func (l *Lease) Fits(n int64) bool {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	return l.fits(n)
}

// Free gives back all that the lease holds. It may take again.
func (l *Lease) Free() {
	p := l.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.all[l.agent]
	if s == nil || l.held == 0 {
		return
	}
	s.held, p.held, l.held = s.held-l.held, p.held-l.held, 0
	if s.first == l {
		s.first = nil
	}
	if s.held == 0 {
		delete(p.all, l.agent)
	}
	if p.freed != nil {
		close(p.freed)
		p.freed = nil
	}
}

// fits reports whether there is room for n more in the agent's share. The lock is held, as in those
// below.
func (l *Lease) fits(n int64) bool {
	p := l.pool
	return p.share(l.agent).held+n <= max(p.floor, p.total-p.held-n)
}

// goesBeyond reports whether the lease may be the one of its agent that takes n beyond the share,
// and makes it that.
func (l *Lease) goesBeyond(n int64) bool {
	p := l.pool
	s := p.share(l.agent)
	if n > p.total-p.held || s.first != nil && s.first != l {
		return false
	}
	s.first, p.all[l.agent] = l, s
	return true
}

func (l *Lease) take(n int64) {
	p := l.pool
	s := p.share(l.agent)
	s.held, p.held, l.held = s.held+n, p.held+n, l.held+n
	p.all[l.agent] = s
}

// share returns what agent holds; take keeps it.
func (p *Pool) share(agent string) *share {
	if s := p.all[agent]; s != nil {
		return s
	}
	return &share{}
}

// until asks again whenever something has come back.
func (p *Pool) until(ctx context.Context, ready func() bool) error {
	for {
		p.mu.Lock()
		if ready() {
			p.mu.Unlock()
			return nil
		}
		if p.freed == nil {
			p.freed = make(chan struct{})
		}
		freed := p.freed
		p.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
