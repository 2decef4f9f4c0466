package gateway

import (
	"context"
	"time"

	"github.com/true-and-useful/janee/core"
)

// progressInterval is short enough that a client does not give up a call that waits for a person.
const progressInterval = 5 * time.Second

// Client is what the caller of Do can do while a call is under way. The zero value is a caller that
// waits for the end.
type Client struct {
	// Progress is told every five seconds how many of how many seconds the call has waited for a
	// person.
	Progress func(done, total float64, text string)
	// Elicit asks the person in the agent's client as well, where the configuration allows it.
	Elicit Elicit
	// Ending is closed when the client is about to leave. The call then stops waiting for a person;
	// the question stays open for a later call.
	Ending <-chan struct{}
	// Receiver gets the reply while it arrives. Without one Do collects the body.
	Receiver Receiver
}

// wait carries out an Ask. It ends when the watched files answer the question, when a form was
// filled in, when the time is over, or when the client leaves or cancels the call. It reads the
// files only after one of them has changed.
func (k *call) wait(ctx context.Context, s core.Ask) core.Event {
	tick := time.NewTicker(core.WatchInterval)
	defer tick.Stop()
	changed, first := k.state.Watch(s.Watch), true
	var forms <-chan core.Filled
	stop := func() {}
	defer func() { stop() }()
	for {
		if changed() {
			if ended := k.look(s.Watch); ended != nil {
				return ended
			}
			if first {
				forms, stop = k.elicit(ctx, s)
			}
			first = false
		}
		now := mono(k.started)
		if now >= s.Wait {
			return core.Answered{}
		}
		k.tell(now, s)
		if ended := k.pause(ctx, tick.C, forms); ended != nil {
			return ended
		}
	}
}

// tell tells the client how long the call has waited, if that is due. A form that was filled in
// ends one wait and begins another: what the client is told goes on all the same.
func (k *call) tell(now int64, s core.Ask) {
	w, every := &k.waited, k.progress.Milliseconds()
	if w.next == 0 {
		w.began, w.next = now, now+every
	}
	if k.client.Progress == nil || now < w.next {
		return
	}
	w.next += every
	k.client.Progress(float64((now-w.began)/1000), float64((s.Wait-w.began)/1000),
		"waiting for a person: janee approve "+s.Question.Short())
}

// pause waits until the next look at the files. It returns what ends the wait before that, or nil.
func (k *call) pause(
	ctx context.Context, tick <-chan time.Time, forms <-chan core.Filled,
) core.Event {
	select {
	case <-ctx.Done():
		return core.Stopped{Why: core.StopCancelled}
	case <-k.client.Ending:
		return core.Answered{}
	case form := <-forms:
		k.source.Current() // puts a PIN in force that was set meanwhile
		return form
	case <-tick:
		return nil
	}
}

// look returns how the watched files end a wait, or nil if they do not.
func (k *call) look(watch []string) core.Event {
	in := k.in(watch)
	if k.flow.Revoked(in) {
		return core.Stopped{Why: core.StopRevoked}
	}
	if k.flow.Settled(in) {
		return core.Answered{}
	}
	return nil
}

// list carries out a List: it names every file of a directory of state.
func (g *Gateway) list(s core.List) (core.Event, []string) {
	names, err := g.state.List(s.Dir)
	if err != nil {
		g.warn(err.Error())
	}
	return core.Listed{Err: err != nil}, names
}
