package gateway

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/secret"
)

// flights are the token exchanges under way, by name: calls that want the same token share one. The
// zero value is ready.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

// flight is one token exchange that calls share. It belongs to none of them: it goes on while any
// call waits for it. It implements upstream.Receiver.
type flight struct {
	cancel context.CancelFunc
	done   chan struct{}

	// Set before done is closed.
	head *core.Head
	body []byte
	end  core.Ended

	// Guarded by flights.mu.
	waiting int  // calls
	told    bool // a call knows the end, and records it
}

// join returns the flight called name. If there is none, run starts it.
func (f *flights) join(name string, run func(context.Context, *flight)) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.all[name]
	if fl == nil {
		ctx, cancel := context.WithCancel(context.Background())
		fl = &flight{cancel: cancel, done: make(chan struct{})}
		if f.all == nil {
			f.all = map[string]*flight{}
		}
		f.all[name] = fl
		go func() {
			defer close(fl.done)
			defer cancel()
			run(ctx, fl)
			time.AfterFunc(core.FlightKept, func() { f.drop(name, fl) })
		}()
	}
	fl.waiting++
	return fl
}

// leave ends the wait of one call. first: the call is the first that knows how the flight ended,
// which told claims. A flight that no call waits for any more is given up; the call that left it
// last then knows its end.
func (f *flights) leave(name string, fl *flight, told bool) (first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.waiting--
	select {
	case <-fl.done:
	default:
		if fl.waiting == 0 {
			fl.cancel()
			delete(f.all, name)
		}
		told = told && fl.waiting == 0
	}
	first = told && !fl.told
	fl.told = fl.told || told
	return first
}

func (f *flights) drop(name string, fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all[name] == fl {
		delete(f.all, name)
	}
}

// exchange waits for the token exchange of a Send, which calls may share, for no longer than the
// call has time.
func (k *call) exchange(ctx context.Context, s core.Send, service upstream.Target) core.Event {
	fl := k.flights.join(s.Flight, func(ctx context.Context, fl *flight) {
		k.sendExchange(ctx, fl, s, service)
	})
	late := time.NewTimer(time.Duration(s.TimeoutMs) * time.Millisecond)
	defer late.Stop()
	select {
	case <-fl.done:
	case <-late.C:
		return core.Ended{Err: core.ErrTimeout, First: k.flights.leave(s.Flight, fl, true)}
	case <-ctx.Done():
		k.flights.leave(s.Flight, fl, false)
		if errors.Is(context.Cause(ctx), errRevoked) {
			return core.Stopped{Why: core.StopRevoked}
		}
		return core.Stopped{Why: core.StopCancelled}
	}
	end := fl.end
	end.First = k.flights.leave(s.Flight, fl, true)
	if fl.head != nil {
		k.flow.Resume(k.in(nil), *fl.head) // nil: a token is not for the agent
	}
	return end
}

// sendExchange records a token exchange and sends it.
func (g *Gateway) sendExchange(
	ctx context.Context, fl *flight, s core.Send, service upstream.Target,
) {
	if err := g.log.Append(s.Records, true); err != nil {
		g.warn(err.Error())
		fl.end = core.Ended{Err: core.ErrUnrecorded}
		return
	}
	to, err := endpoint(service, s.URL)
	if err != nil {
		fl.end = core.Ended{Err: core.ErrBlocked, Detail: err.Error()}
		return
	}
	out := g.upstream.Do(ctx, requestOf(s, to, core.ExchangeTimeout), fl)
	fl.end = core.Ended{
		Err:       out.Err,
		Detail:    out.Detail,
		Truncated: out.Truncated,
		Body:      secret.New(string(fl.body)),
	}
}

// endpoint is the target from which a service fetches its tokens: another host, under the settings
// of the service. Private addresses stay closed unless the service opens them; its certificate
// authorities and its proxy are used.
func endpoint(service upstream.Target, address string) (upstream.Target, error) {
	u, err := url.Parse(address)
	if err != nil {
		return upstream.Target{}, errors.New("the address cannot be read")
	}
	guard, err := service.Guard.For(u.Hostname())
	if err != nil {
		return upstream.Target{}, err
	}
	if service.Proxy == "" {
		service.Guard = guard
	}
	service.Origin = u.Scheme + "://" + u.Host
	// The token is for all agents that wait: it must not queue behind the hanging calls of one.
	return service.For(""), nil
}

func (fl *flight) Head(_ context.Context, status int, headers []core.Header) error {
	fl.head = &core.Head{Status: status, Headers: headers}
	return nil
}

func (fl *flight) Chunk(_ context.Context, p []byte) error {
	fl.body = append(fl.body, p...)
	return nil
}

func (fl *flight) End(context.Context) error { return nil }
