package core

import (
	"iter"
	"sync"
)

// runner is a coroutine that runs the code of flows, one after the other. Between two flows it is
// idle and keeps its stack: that of a new coroutine is copied each time it grows, which took a
// third of the time that the core needs for a call.
type runner struct {
	flow *Flow // nil: idle
	code func() Done
	pull func() (Step, bool)
	stop func()
}

func newRunner() *runner {
	r := &runner{}
	r.pull, r.stop = iter.Pull(func(yield func(Step) bool) {
		for more := true; more; more = yield(nil) {
			r.flow.live(yield, r.code)
		}
	})
	return r
}

// maxIdle bounds how many idle coroutines are kept.
const maxIdle = 4

// runners are the idle coroutines. They pass from engine to engine with the process.
type runners struct {
	mu   sync.Mutex
	idle []*runner
}

func (p *runners) take(f *Flow, code func() Done) *runner {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := (*runner)(nil)
	if last := len(p.idle) - 1; last >= 0 {
		r, p.idle = p.idle[last], p.idle[:last]
	} else {
		r = newRunner()
	}
	r.flow, r.code = f, code
	return r
}

// give takes a runner back whose flow is over.
func (p *runners) give(r *runner) {
	r.flow, r.code = nil, nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) < maxIdle {
		p.idle = append(p.idle, r)
		return
	}
	r.stop()
}

// Close ends the idle coroutines of an engine that begins no more calls, and of those that Next
// made of it. A process that ends need not call it.
func (e *Engine) Close() {
	e.runners.mu.Lock()
	defer e.runners.mu.Unlock()
	for _, r := range e.runners.idle {
		r.stop()
	}
	e.runners.idle = nil
}
