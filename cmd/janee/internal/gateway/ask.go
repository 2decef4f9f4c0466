package gateway

import (
	"context"
	"slices"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core"
)

// progressInterval keeps a client from taking a call that waits for a person for one that hangs.
const progressInterval = 5 * time.Second

// Progress tells a client how many of how many seconds a call has waited.
type Progress = func(done, total float64, text string)

type progressKey struct{}

// WithProgress returns a context under which a call that waits for a person tells so, every five
// seconds.
func WithProgress(ctx context.Context, tell Progress) context.Context {
	return context.WithValue(ctx, progressKey{}, tell)
}

type endingKey struct{}

// WithEnding returns a context under which a call stops waiting for a person once ending is closed:
// whoever made it is about to leave, and the question stands for a later call.
func WithEnding(ctx context.Context, ending <-chan struct{}) context.Context {
	return context.WithValue(ctx, endingKey{}, ending)
}

// wait ends when the watched files say so, when the time is over, or when the client takes the call
// back. It reads files only where one of them has changed.
func (g *Gateway) wait(ctx context.Context, flow *core.Flow, s core.Ask) core.Event {
	tell, _ := ctx.Value(progressKey{}).(Progress)
	defer g.elicit(ctx, flow, s.Question)()
	ending, _ := ctx.Value(endingKey{}).(<-chan struct{})
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	began := mono(g.started)
	next := began + g.progress.Milliseconds()
	var seen []home.Stamp
	for {
		if stamps := g.home.Stamps(s.Watch); !slices.Equal(stamps, seen) {
			seen = stamps
			in := g.in(s.Watch)
			if flow.Revoked(in) {
				return core.Stopped{Why: core.StopRevoked}
			}
			if flow.Settled(in) {
				return core.Answered{}
			}
		}
		now := mono(g.started)
		if now >= s.Wait {
			return core.Answered{}
		}
		if tell != nil && now >= next {
			next += g.progress.Milliseconds()
			tell(float64((now-began)/1000), float64((s.Wait-began)/1000),
				"waiting for a person: janee approve "+s.Question.ID[:8])
		}
		select {
		case <-ctx.Done():
			return core.Stopped{Why: core.StopCancelled}
		case <-ending:
			return core.Answered{}
		case <-tick.C:
		}
	}
}

// list names every file of a directory of state.
func (g *Gateway) list(s core.List) (core.Event, []string) {
	names, err := g.home.List(s.Dir)
	if err != nil {
		g.warn(err.Error())
	}
	return core.Listed{Err: err != nil}, names
}
