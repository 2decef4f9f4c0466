package gateway

import (
	"context"
	"errors"
	"strconv"

	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/wire"
)

// room reports whether there is room for the reply to c. If there is none, its own agent holds it
// all: it is then better not to send the request than to cut its reply.
func (g *Gateway) room(ctx context.Context, c core.Call, lease *fair.Lease) bool {
	if c.Tool != core.Execute || lease.Fits(core.ReplyStep) {
		return true
	}
	ctx, stop := context.WithTimeout(ctx, g.patience)
	defer stop()
	return lease.Wait(ctx, core.ReplyStep) == nil
}

// collector is the Receiver of a call that has none: it keeps the body in memory. It takes room as
// the body grows. What has not come takes none, however much a call asks for or a server announces.
type collector struct {
	lease *fair.Lease
	whole int64 // the most that the body can get, as far as is known
	bytes []byte
}

// expect lowers the most that the body can get to what a server announces.
func (c *collector) expect(headers []core.Header) {
	if length, ok := wire.Get(headers, "Content-Length"); ok {
		n, _ := strconv.ParseInt(length, 10, 64)
		c.whole = min(max(n, 0), c.whole)
	}
}

// Head does nothing: Result has the status and the fields.
func (c *collector) Head(context.Context, int, []core.Header) error { return nil }

// Chunk keeps p. Where there is no room it waits, and so does the server: the request has acted
// already, so the call is not refused any more. A reply that finds no room within the time of the
// call is cut.
func (c *collector) Chunk(ctx context.Context, p []byte) error {
	if want := len(c.bytes) + len(p); want > cap(c.bytes) {
		size := max(want, min(max(2*cap(c.bytes), core.ReplyStep), int(c.whole)))
		n, err := c.take(ctx, size)
		if err != nil {
			return err
		}
		c.bytes = append(make([]byte, 0, cap(c.bytes)+n), c.bytes...)
	}
	c.bytes = append(c.bytes, p...)
	return nil
}

// take takes room for size bytes in all, or for the whole body, and returns how much more that is.
func (c *collector) take(ctx context.Context, size int) (more int, err error) {
	n := int64(size - cap(c.bytes))
	if c.lease.Try(n) {
		return int(n), nil
	}
	n, err = c.lease.Take(ctx, n, max(n, c.whole-int64(cap(c.bytes))))
	if errors.Is(err, context.DeadlineExceeded) {
		err = upstream.ErrEnough
	}
	return int(n), err
}
