// Package gateway carries out calls on this machine. Package core decides what a call does next and
// says so with a [core.Step]; the gateway does it and answers with a [core.Event], until the call
// is over. The gateway itself decides nothing.
//
// Every tool call of every transport, and every command that uses a credential, goes through
// [Gateway.Do]:
//
//   - Do sees to it that there is room for the reply and that the audit log can be written. Then it
//     begins a flow with the configuration in force, and carries out the flow's steps (call.go).
//   - A call that needs a yes waits for a person (ask.go), who is also asked in the agent's client
//     where that can show a form (elicit.go).
//   - A request is sent while the state files are watched: an order of the owner cuts it (send.go).
//     A token is fetched once for all calls that want the same one (flight.go).
//   - The reply passes the flow, which masks secrets, as it arrives (relay.go). It goes on to the
//     [Receiver] of the call, or is collected within a budget that the agents share (budget.go).
package gateway

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"
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
	progress time.Duration // between two signs of life of a call that waits for a person
	patience time.Duration // how long a call that is not sent yet waits for room for its reply
	replies  *fair.Pool    // the room for the bodies of replies
	crowded  busyCount
	flights  flights
	underWay atomic.Int64 // calls
}

// InForce is a configuration in force, which decides calls. It never changes: a reload makes a new
// one.
type InForce struct {
	Config  *config.Config
	Engine  *core.Engine
	Targets map[string]upstream.Target // by service
}

// Source returns the configuration in force. A call asks once when it begins, and keeps to that
// configuration until it ends.
type Source interface{ Current() *InForce }

// Current makes an InForce the Source of a configuration that is never reloaded.
func (s *InForce) Current() *InForce { return s }

// Parts are what a gateway works with. Warn gets lines for the owner; nil drops them. Asked is
// called once for each question that a person has to answer, and must not block; nil tells nobody.
type Parts struct {
	State    state.Store
	Log      *auditlog.Log
	Upstream *upstream.Client
	Source   Source
	Warn     func(string)
	Asked    func(config.Approvals, core.Question)
}

// New makes a gateway of its parts, which stay the caller's to close.
func New(p Parts) *Gateway {
	if p.Warn == nil {
		p.Warn = func(string) {}
	}
	if p.Asked == nil {
		p.Asked = func(config.Approvals, core.Question) {}
	}
	return &Gateway{state: p.State, log: p.Log, upstream: p.Upstream, source: p.Source,
		started: time.Now(), warn: p.Warn, asked: p.Asked,
		progress: progressInterval, patience: core.RoomPatience,
		replies: fair.New(core.ReplyBudget, core.ReplyFloor)}
}

// Reply is how a call ended: exactly one of Result and Denial is set. Body is the scrubbed body of
// an execute. It is nil where a [Receiver] got the body, which can be part of one if Denial is set.
// Release gives back the room that Body takes among all replies: call it once nothing made of Body
// is in memory any more.
type Reply struct {
	Result  *core.Result
	Denial  *core.Denial
	Body    []byte
	Release func()
}

// Do carries out one call. It returns when the call is over. If ctx ends, so does the call.
func (g *Gateway) Do(ctx context.Context, c core.Call, client Client) (reply Reply) {
	g.underWay.Add(1)
	defer g.underWay.Add(-1) // after the flow was dropped, see reportParked
	lease := g.replies.Lease(c.Holder())
	defer func() {
		reply.Release = lease.Free
		if reply.Body == nil { // nothing is kept, or the call panicked
			lease.Free()
		}
	}()
	if client.Receiver == nil && !g.room(ctx, c, lease) {
		return g.busy(c)
	}
	// Calls that need no record are refused as well: without its log a gateway does nothing.
	if err := g.log.Usable(); err != nil {
		g.warn(err.Error())
		return Reply{Denial: core.Deny(core.AuditUnavailable, c)}
	}
	return g.run(ctx, c, client, lease)
}

// Close records how many refusals had no record of their own. Call it when no more calls come, and
// before the log is closed.
func (g *Gateway) Close() {
	engine := g.source.Current().Engine
	records := engine.Unrecorded(core.Now{Wall: time.Now().UnixMilli(), Mono: mono(g.started)})
	records = append(records, g.crowded.rest(time.Now())...)
	if err := g.log.Append(records, false); err != nil {
		g.warn(err.Error())
	}
	g.reportParked(engine)
	engine.Close()
}

// reportParked says that flows were left behind. A call that is still under way has one by right;
// it drops its flow before it stops counting as under way.
func (g *Gateway) reportParked(engine *core.Engine) {
	if g.underWay.Load() > 0 {
		return
	}
	if n := engine.Parked(); n > 0 {
		g.warn(fmt.Sprintf("%d calls never came to an end; this is a fault in Janee", n))
	}
}

// in gathers what a flow may know of this machine: the time, fresh randomness, and the named state
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

// commit carries out a Commit: it makes the writes durable, then the records. Records of what has
// already happened may be synced after the reply.
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
