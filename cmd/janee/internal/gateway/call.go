package gateway

import (
	"context"

	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
	"github.com/true-and-useful/janee/core"
)

// call is a call under way.
type call struct {
	*Gateway
	agent   string
	client  Client
	lease   *fair.Lease
	inForce *InForce
	flow    *core.Flow
	waited  waited
	relay   relay  // of the reply that is arriving
	body    []byte // of the whole reply; nil where nobody gets it, or a Receiver
}

// waited is how long a call has waited for a person, on the clock of core.Now.Mono.
type waited struct{ began, next int64 } // next: when the client is told again; 0: it never waited

// run begins a flow and carries out its steps until it is done.
func (g *Gateway) run(
	ctx context.Context, c core.Call, client Client, lease *fair.Lease,
) Reply {
	inForce := g.source.Current()
	flow, step := inForce.Engine.Begin(g.in(inForce.Engine.Needs(c)), c)
	defer flow.Drop() // if a step panics, the call counts as under way no longer
	k := &call{
		Gateway: g,
		agent:   c.Holder(),
		client:  client,
		lease:   lease,
		inForce: inForce,
		flow:    flow,
	}
	for {
		if done, over := step.(core.Done); over {
			return k.reply(done)
		}
		event, files := k.carryOut(ctx, step)
		step = flow.Resume(g.in(files), event)
	}
}

// carryOut does what a step asks for. It returns what came of that, and the names of the state
// files that the flow wants to see with it. A step that is not known here has no event, which a
// flow takes for a fault.
func (k *call) carryOut(ctx context.Context, step core.Step) (event core.Event, files []string) {
	switch s := step.(type) {
	case core.Commit:
		return k.commit(s), nil
	case core.List:
		return k.list(s)
	case core.Ask:
		if s.New {
			k.asked(k.inForce.Config.Approvals, s.Question)
		}
		return k.wait(ctx, s), s.Watch
	case core.Send:
		return k.send(ctx, s), nil
	}
	return nil, nil
}

func (k *call) reply(d core.Done) Reply {
	if d.Lock {
		k.warn("the result of a call could not be recorded; " +
			"calls are refused until the log can be written")
	}
	if d.Denial != nil {
		return Reply{Denial: d.Denial}
	}
	return Reply{Result: d.Result, Body: k.body}
}
