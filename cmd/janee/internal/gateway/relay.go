package gateway

import (
	"context"

	"github.com/true-and-useful/janee/core"
)

// Receiver gets the reply to an execute while it arrives, with secrets masked: Head at most once,
// then Chunk for each piece of the body in order. Do calls it from its own goroutine, and no more
// once it has returned. Replies that are not for the agent, such as that of a token endpoint, do
// not come here.
//
// Nothing is read from the API while a method runs, so a slow Receiver slows the API down. ctx ends
// when the call has no more time, was cancelled, or lost its session: a method that waits must
// return then. An error ends the call, with the Denial CANCELLED.
//
// A call may fail after the first bytes have gone out: its time is over, its session is revoked,
// the API breaks off, a checksum is wrong. Do then returns a Denial, whose record in the audit log
// has the number of bytes that the Receiver took. Where Do returns a Result with Truncated, the
// body was cut at the size that the call asked for. What has gone out is in both cases the
// beginning of a reply: do not end it as one that is whole.
type Receiver interface {
	// Head gives the status and the header fields that the agent may see. The length of the body is
	// not among them: it would tell how long a secret in it is.
	Head(ctx context.Context, status int, headers []core.Header) error
	// Chunk gives the next bytes of the body, valid until it returns.
	Chunk(ctx context.Context, p []byte) error
}

// relay passes a reply through the flow of its call, and on to a Receiver if the flow wants that.
// It implements upstream.Receiver.
type relay struct {
	call   *call
	to     Receiver
	kept   collector // to, for a call without a Receiver
	on     bool      // the reply is for the agent
	passed int64     // bytes of the body that came out of the flow, and were taken
}

// newRelay begins the relay of a reply whose body has at most the given length.
func (k *call) newRelay(most int64) *relay {
	k.relay = relay{
		call: k,
		to:   k.client.Receiver,
		kept: collector{lease: k.lease, whole: most},
	}
	if k.relay.to == nil {
		k.relay.to = &k.relay.kept
	}
	return &k.relay
}

func (r *relay) Head(ctx context.Context, status int, headers []core.Header) error {
	k := r.call
	step := k.flow.Resume(k.in(nil), core.Head{Status: status, Headers: headers})
	head, ok := step.(core.Relay)
	if !ok {
		return nil
	}
	r.on = true
	r.kept.expect(headers)
	return r.to.Head(ctx, head.Status, head.Headers)
}

func (r *relay) Chunk(ctx context.Context, p []byte) error {
	return r.pass(ctx, r.call.flow.Scrub(p, false))
}

// End passes what the flow has held back because it could have been the beginning of a secret.
func (r *relay) End(ctx context.Context) error { return r.pass(ctx, r.call.flow.Scrub(nil, true)) }

func (r *relay) pass(ctx context.Context, clean []byte) error {
	if r.on && len(clean) > 0 {
		if err := r.to.Chunk(ctx, clean); err != nil {
			return err
		}
	}
	r.passed += int64(len(clean))
	return nil
}

// received is how much of the body somebody has although the call failed. What was collected nobody
// gets.
func (r *relay) received() int64 {
	if !r.on || r.to == &r.kept {
		return 0
	}
	return r.passed
}
