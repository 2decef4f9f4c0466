package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
)

const (
	// replyBudget bounds the bytes of reply bodies that calls hold together, from the first byte
	// that came until the answer is written. In JSON, and once more inside the protocol's, each
	// takes several times as much: without a bound a few agents that ask for large replies, or read
	// theirs slowly, exhaust the memory.
	replyBudget = 64 << 20
	// replyFloor is what each agent has of it whatever the others hold: several replies of the size
	// that calls ask for where they do not say.
	replyFloor = 1 << 20
	// replyStep is the least that a reply takes at once.
	replyStep = 64 << 10
	// roomPatience is for how long a call waits to be sent while its own agent holds its whole
	// share: answers that are just being read give theirs back at once.
	roomPatience = time.Second
)

func newReplies() *fair.Pool { return fair.New(replyBudget, replyFloor) }

// room reports whether the reply of c could be taken in now. Only its own agent can be the cause
// where it could not: then it is better not to send the request than to cut its reply.
func (g *Gateway) room(ctx context.Context, c core.Call, lease *fair.Lease) bool {
	if c.Tool != core.Execute || lease.Fits(replyStep) {
		return true
	}
	ctx, stop := context.WithTimeout(ctx, g.patience)
	defer stop()
	return lease.Wait(ctx, replyStep) == nil
}

// body is the part of a reply that the flow lets through. It takes room as it grows: what has not
// come takes none, however much a call asks for or a server announces.
type body struct {
	ctx   context.Context
	late  time.Time // when the call has no more time
	lease *fair.Lease
	whole int64 // how long the body may get, as far as is known
	bytes []byte
}

// keep appends p. Where there is no room it waits, and with it the server that sends: the request
// has acted already, so the call is not refused any more. A reply that finds no room within the
// time of the call is cut.
func (b *body) keep(p []byte) error {
	if want := len(b.bytes) + len(p); want > cap(b.bytes) {
		n, err := b.take(max(want, min(max(2*cap(b.bytes), replyStep), int(b.whole))))
		if err != nil {
			return err
		}
		b.bytes = append(make([]byte, 0, cap(b.bytes)+n), b.bytes...)
	}
	b.bytes = append(b.bytes, p...)
	return nil
}

// take takes room for size bytes, or for the whole, and returns how much that is more than there
// was.
func (b *body) take(size int) (more int, err error) {
	n := int64(size - cap(b.bytes))
	if b.lease.Try(n) {
		return int(n), nil
	}
	ctx, stop := context.WithDeadline(b.ctx, b.late)
	defer stop()
	n, err = b.lease.Take(ctx, n, max(n, b.whole-int64(cap(b.bytes))))
	if errors.Is(err, context.DeadlineExceeded) && b.ctx.Err() == nil {
		err = upstream.ErrEnough
	}
	return int(n), err
}
