package gateway

import (
	"context"
	"time"

	"github.com/true-and-useful/janee/core"
)

// progressInterval keeps a client from taking a call that waits for a person for one that hangs.
const progressInterval = 5 * time.Second

// Client is what the client of a call offers while the call waits. The zero value offers nothing.
type Client struct {
	// Progress tells the client, every five seconds, how many of how many seconds a call has waited
	// for a person.
	Progress func(done, total float64, text string)
	// Elicit asks the person in the client as well, where the configuration allows it.
	Elicit Elicit
	// Ending is closed when the client is about to leave: the call then waits for a person no
	// longer, and the question is kept for a later call.
	Ending <-chan struct{}
}

// wait ends when the watched files say so, when the time is over, when a form was filled in, or
// when the client takes the call back. It reads files only where one of them has changed.
func (g *Gateway) wait(
	ctx context.Context, flow *core.Flow, s core.Ask, client Client,
) core.Event {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	began := mono(g.started)
	next := began + g.progress.Milliseconds()
	changed, first := g.state.Watch(s.Watch), true
	var forms <-chan core.Filled
	stop := func() {}
	defer func() { stop() }()
	for {
		if changed() {
			if ended := g.look(flow, s.Watch); ended != nil {
				return ended
			}
			if first {
				forms, stop = g.elicit(ctx, flow, s, client.Elicit)
			}
			first = false
		}
		now := mono(g.started)
		if now >= s.Wait {
			return core.Answered{}
		}
		if client.Progress != nil && now >= next {
			next += g.progress.Milliseconds()
			client.Progress(float64((now-began)/1000), float64((s.Wait-began)/1000),
				"waiting for a person: janee approve "+s.Question.ID[:8])
		}
		select {
		case <-ctx.Done():
			return core.Stopped{Why: core.StopCancelled}
		case <-client.Ending:
			return core.Answered{}
		case form := <-forms:
			g.source.Current() // a PIN that was set meanwhile counts
			return form
		case <-tick.C:
		}
	}
}

// look says whether the watched files end a wait; nil: they do not.
func (g *Gateway) look(flow *core.Flow, watch []string) core.Event {
	in := g.in(watch)
	if flow.Revoked(in) {
		return core.Stopped{Why: core.StopRevoked}
	}
	if flow.Settled(in) {
		return core.Answered{}
	}
	return nil
}

// list names every file of a directory of state.
func (g *Gateway) list(s core.List) (core.Event, []string) {
	names, err := g.state.List(s.Dir)
	if err != nil {
		g.warn(err.Error())
	}
	return core.Listed{Err: err != nil}, names
}
