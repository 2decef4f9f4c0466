// Package fair divides a limited amount among agents: connections, bytes, calls. Neither one agent
// nor several together can keep another out. A Pool has the amount; each piece of work takes its
// part through a Lease, and frees it.
//
// The package only counts: the caller decides what the amount is, and when it is freed. Limits that
// the owner sets for an agent in config.yaml are not here but in package core.
package fair

import (
	"context"
	"sync"
)

// Pool is an amount that agents share. Each agent may hold at most as much as stays free. So a
// single agent gets half of the total, and n agents that take all they can get 1/(n+1) each. The
// part that stays free is for the next agent, and the number of agents need not be known (dynamic
// thresholds, Choudhury and Hahne 1998).
//
// There are two exceptions. Each agent gets its floor, whatever the others hold, so that many
// agents together cannot keep one out. A Pool therefore gives out at most its total and a floor for
// each agent. And one lease of each agent may take from all that is free, but only all that it will
// ever need. Otherwise leases that grow while they hold something could wait for each other
// forever.
type Pool struct {
	total, floor int64

	mu    sync.Mutex
	held  int64
	all   map[string]*share
	freed chan struct{} // closed when something is freed; nil while nobody waits
}

// share is what one agent holds.
type share struct {
	held  int64
	first *Lease // the one that may exceed the share; nil while none does
}

// New returns a Pool with everything free.
func New(total, floor int64) *Pool {
	return &Pool{total: total, floor: floor, all: map[string]*share{}}
}

// Lease is the part of a Pool that one piece of an agent's work holds. It is not safe for
// concurrent use.
type Lease struct {
	pool  *Pool
	agent string
	held  int64
}

// Lease returns a lease for agent that holds nothing yet.
func (p *Pool) Lease(agent string) *Lease { return &Lease{pool: p, agent: agent} }

// Try takes n more if there is room in the agent's share, and reports whether it did.
func (l *Lease) Try(n int64) bool {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	if l.fits(n) {
		l.take(n)
		return true
	}
	return false
}

// Take waits until it can take n within the agent's share, or rest beyond it, or until ctx ends. It
// returns how much it has taken. rest is all that the lease will ever need.
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

// Wait waits until n could be taken, or until ctx ends. It takes nothing.
func (l *Lease) Wait(ctx context.Context, n int64) error {
	return l.pool.until(ctx, func() bool { return l.fits(n) })
}

// Fits reports whether n could be taken.
func (l *Lease) Fits(n int64) bool {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	return l.fits(n)
}

// Free frees all that the lease holds. The lease may take again.
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

// fits reports whether there is room for n more in the agent's share. The caller holds the lock, as
// for the functions below.
func (l *Lease) fits(n int64) bool {
	p := l.pool
	return p.share(l.agent).held+n <= max(p.floor, p.total-p.held-n)
}

// goesBeyond makes the lease the one of its agent that may exceed the share, to take n, and reports
// whether it could.
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

// until waits until ready returns true, and tries again whenever something is freed.
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
