// Package gateway carries out the steps of package core on this machine: it reads state files,
// writes records, sends requests, and tells the flow what happened. It decides nothing. Every tool
// call of every transport and every command that uses a credential goes through [Gateway.Do]; a
// socket to a gateway of another user could stand in its place.
package gateway

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/config"
)

// Gateway is safe for concurrent use.
type Gateway struct {
	state    state.Store
	log      *auditlog.Log
	upstream *upstream.Client
	source   Source
	started  time.Time
	warn     func(string)
	asked    func(config.Approvals, core.Question)
	progress time.Duration // between two signs of life of a call that waits
	patience time.Duration // for room for replies, of a call that is not sent yet
	replies  *fair.Pool
	crowd    crowd
	flights  flights
}

// InForce is what calls are decided with: a configuration in force. It does not change; a reload
// makes another.
type InForce struct {
	Config  *config.Config
	Engine  *core.Engine
	Targets map[string]upstream.Target // by service
}

// Source gives the configuration in force. Each call asks once and keeps what it got until it ends.
type Source interface{ Current() *InForce }

// Current makes an InForce the Source of a configuration that is never reloaded.
func (s *InForce) Current() *InForce { return s }

// Parts are what a gateway works with. Warn receives one line for the person; nil drops it. Asked
// is told of each question that a person has to answer, once, and must not block; nil tells nobody.
type Parts struct {
	State    state.Store
	Log      *auditlog.Log
	Upstream *upstream.Client
	Source   Source
	Warn     func(string)
	Asked    func(config.Approvals, core.Question)
}

// New puts a gateway together. The caller closes the parts.
func New(p Parts) *Gateway {
	if p.Warn == nil {
		p.Warn = func(string) {}
	}
	if p.Asked == nil {
		p.Asked = func(config.Approvals, core.Question) {}
	}
	return &Gateway{state: p.State, log: p.Log, upstream: p.Upstream, source: p.Source,
		started: time.Now(), warn: p.Warn, asked: p.Asked,
		progress: progressInterval, patience: roomPatience, replies: newReplies()}
}

// Reply is the end of a call: exactly one of Result and Denial is set. Body holds the scrubbed
// bytes of an execute; a Denial has none. Release gives back the room that it takes among all
// replies: call it when nothing made of Body is in memory any more.
type Reply struct {
	Result  *core.Result
	Denial  *core.Denial
	Body    []byte
	Release func()
}

// Do takes one call through the house. It returns when the call is over; cancelling ctx ends it
// early.
func (g *Gateway) Do(ctx context.Context, c core.Call, client Client) (reply Reply) {
	lease := g.replies.Lease(c.Agent)
	if !g.room(ctx, c, lease) {
		return g.busy(c)
	}
	defer func() {
		if reply.Release = lease.Free; reply.Body == nil { // nothing is kept, or the call panicked
			lease.Free()
		}
	}()
	// also what needs no record: a broker that cannot keep its log does nothing
	if err := g.log.Usable(); err != nil {
		g.warn(err.Error())
		return Reply{Denial: core.Deny(core.AuditUnavailable, c)}
	}
	inForce := g.source.Current()
	flow, step := inForce.Engine.Begin(g.in(inForce.Engine.Needs(c)), c)
	defer flow.Drop()
	var body []byte
	for {
		var event core.Event
		var seen []string // the files that come with the event
		switch s := step.(type) {
		case core.Commit:
			event = g.commit(s)
		case core.List:
			event, seen = g.list(s)
		case core.Ask:
			if s.New {
				g.asked(inForce.Config.Approvals, s.Question)
			}
			event, seen = g.wait(ctx, flow, s, client), s.Watch
		case core.Send:
			lease.Free() // of an exchange before this one, the body is dropped
			body, event = g.send(ctx, flow, s, inForce.Targets[s.Service].For(c.Agent), lease)
		case core.Done:
			return g.reply(s, body)
		}
		step = flow.Resume(g.in(seen), event)
	}
}

// Close records how many refusals had no record of their own. Call it when no more calls come, and
// before the log is closed.
func (g *Gateway) Close() {
	records := g.source.Current().Engine.Unrecorded(core.Now{Wall: time.Now().UnixMilli(),
		Mono: mono(g.started)})
	records = append(records, g.crowd.rest(time.Now())...)
	if err := g.log.Append(records, false); err != nil {
		g.warn(err.Error())
	}
}

func (g *Gateway) reply(d core.Done, body []byte) Reply {
	if d.Lock {
		g.warn("the result of a call could not be recorded; " +
			"calls are refused until the log can be written")
	}
	if d.Denial != nil {
		body = nil // of an exchange before the refusal: whoever is refused gives back no room
	}
	return Reply{Result: d.Result, Denial: d.Denial, Body: body}
}

// in gathers what a step may know of this machine: the time, fresh randomness, and the named state
// files.
func (g *Gateway) in(names []string) core.In {
	in := core.In{Now: core.Now{Wall: time.Now().UnixMilli(), Mono: mono(g.started)}}
	// never fails: crypto/rand ends the process where the system has no randomness
	_, _ = rand.Read(in.Rand[:])
	if len(names) > 0 {
		in.Files = g.state.Files(names) // what is unreadable is nil: core fails closed
	}
	return in
}

// commit makes writes, then records durable. Records of what has already happened may be synced
// after the reply.
func (g *Gateway) commit(s core.Commit) core.Event {
	done, err := g.state.Commit(s.Holds, s.Writes)
	if err != nil {
		g.warn(err.Error())
		return core.Committed{Err: true}
	}
	if done.Stale {
		return done
	}
	for _, name := range s.Removes {
		if err := g.state.Remove(name); err != nil {
			g.warn(err.Error())
		}
	}
	if len(s.Records) == 0 {
		return done
	}
	if err := g.log.Append(s.Records, !s.Late); err != nil {
		g.warn(err.Error())
		done.Err = true
	}
	return done
}
