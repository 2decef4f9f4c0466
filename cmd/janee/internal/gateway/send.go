package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
)

var errRevoked = errors.New("revoked")

// send carries out a Send. A call whose session has ended since it began is not sent.
func (k *call) send(ctx context.Context, s core.Send) core.Event {
	if ctx.Err() != nil {
		return core.Stopped{Why: core.StopCancelled}
	}
	if k.flow.Revoked(k.in(s.Watch)) {
		return core.Stopped{Why: core.StopRevoked}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// a call that is over before the first look starts no goroutine
	watch := time.AfterFunc(core.WatchInterval, func() { k.watch(ctx, s.Watch, cancel) })
	defer watch.Stop()
	to := k.inForce.Targets[s.Service].For(k.agent)
	if s.Flight != "" {
		return k.exchange(ctx, s, to)
	}
	return k.request(ctx, s, to)
}

// request sends the agent's request and relays the reply.
func (k *call) request(ctx context.Context, s core.Send, to upstream.Target) core.Event {
	r := k.newRelay(s.MaxBody)
	timeout := time.Duration(s.TimeoutMs) * time.Millisecond
	out := k.upstream.Do(ctx, requestOf(s, to, timeout), r)
	switch {
	case out.Err == "":
		k.body = r.kept.bytes
		return core.Ended{Truncated: out.Truncated, Bytes: r.passed}
	case errors.Is(context.Cause(ctx), errRevoked):
		return core.Stopped{Why: core.StopRevoked, Bytes: r.received()}
	}
	return core.Ended{Err: out.Err, Detail: out.Detail, Bytes: r.received()}
}

// requestOf is the request of a Send, to a target that may be another than the service's.
func requestOf(s core.Send, to upstream.Target, timeout time.Duration) upstream.Request {
	return upstream.Request{
		Target:        to,
		Method:        s.Method,
		URL:           s.URL,
		RequestTarget: s.Target,
		Headers:       s.Headers,
		Body:          s.Body,
		CADigest:      s.CADigest,
		Timeout:       timeout,
		MaxBody:       s.MaxBody,
	}
}

// watch cancels ctx if the session ends while the request is under way.
func (k *call) watch(ctx context.Context, names []string, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(core.WatchInterval)
	defer tick.Stop()
	for ctx.Err() == nil {
		if k.flow.Revoked(k.in(names)) {
			cancel(errRevoked)
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
