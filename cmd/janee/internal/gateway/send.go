package gateway

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
)

// watchInterval is how often the state files of a call in flight are looked at; a revocation cuts
// it within 100 ms.
const watchInterval = 50 * time.Millisecond

var errRevoked = errors.New("revoked")

// send carries out one exchange and collects the scrubbed body. A call whose session ended since it
// began is not sent.
func (g *Gateway) send(ctx context.Context, flow *core.Flow, s core.Send, to upstream.Target,
	lease *fair.Lease) ([]byte, core.Event) {
	if ctx.Err() != nil {
		return nil, core.Stopped{Why: core.StopCancelled}
	}
	if flow.Revoked(g.in(s.Watch)) {
		return nil, core.Stopped{Why: core.StopRevoked}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// no goroutine for a call that is over before
	watch := time.AfterFunc(watchInterval, func() { g.watch(ctx, flow, s.Watch, cancel) })
	defer watch.Stop()
	if s.Flight != "" {
		return nil, g.exchange(ctx, flow, s, to)
	}

	timeout := time.Duration(s.TimeoutMs) * time.Millisecond
	late := time.Now().Add(timeout)
	kept := body{ctx: ctx, late: late, lease: lease, whole: s.MaxBody}
	r := &receiver{gateway: g, flow: flow, body: kept}
	out := g.upstream.Do(ctx, upstream.Exchange{
		Target: to,
		Method: s.Method, URL: s.URL, RequestTarget: s.Target, Headers: s.Headers, Body: s.Body,
		Timeout: timeout, MaxBody: s.MaxBody, CADigest: s.CADigest,
	}, r)
	if out.Err != "" {
		return nil, ending(ctx, out)
	}
	if !out.Truncated {
		out.Truncated = r.body.keep(flow.Scrub(nil, true)) != nil
	}
	return r.body.bytes, core.Ended{Truncated: out.Truncated, Bytes: int64(len(r.body.bytes))}
}

func ending(ctx context.Context, out upstream.Outcome) core.Event {
	if errors.Is(context.Cause(ctx), errRevoked) {
		return core.Stopped{Why: core.StopRevoked}
	}
	return core.Ended{Err: out.Err, Detail: out.Detail, Truncated: out.Truncated}
}

// watch cancels the exchange when the session ends while it is under way.
func (g *Gateway) watch(
	ctx context.Context, flow *core.Flow, names []string, cancel context.CancelCauseFunc,
) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for ctx.Err() == nil {
		if flow.Revoked(g.in(names)) {
			cancel(errRevoked)
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// receiver passes the reply to the flow as it arrives and keeps what the flow lets through.
type receiver struct {
	gateway *Gateway
	flow    *core.Flow
	body    body
}

func (r *receiver) Head(status int, headers []core.Header) error {
	r.flow.Resume(r.gateway.in(nil), core.Head{Status: status, Headers: headers})
	if length, ok := core.Get(headers, "Content-Length"); ok {
		n, _ := strconv.ParseInt(length, 10, 64)
		r.body.whole = min(max(n, 0), r.body.whole)
	}
	return nil
}

func (r *receiver) Chunk(p []byte) error {
	return r.body.keep(r.flow.Scrub(p, false))
}
