package gateway

import (
	"sync/atomic"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

// replyBudget bounds the bytes of reply bodies that calls under way may hold together. In JSON, and once more inside the
// protocol's, each takes several times as much: without a bound a few agents that ask for large replies exhaust the memory.
const replyBudget = 64 << 20

// budget counts what is held.
type budget struct{ held atomic.Int64 }

// take reserves what the reply of c may hold and returns how to give it back; false if too much is held already.
func (b *budget) take(c core.Call) (release func(), ok bool) {
	if c.Tool != tool.Execute {
		return func() {}, true
	}
	n := c.MaxBytes
	if n <= 0 || n > core.MaxMaxBytes {
		n = core.DefaultMaxBytes
	}
	if b.held.Add(n) > replyBudget {
		b.held.Add(-n)
		return nil, false
	}
	return func() { b.held.Add(-n) }, true
}
