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

const (
	// flightTimeout bounds a token exchange; a call that has less time left waits for less.
	flightTimeout = 30 * time.Second
	// flightKept is for how long a flight that has come to an end answers calls that were on their
	// way to it.
	flightKept = 10 * time.Second
)

// flights runs equal token exchanges once. The zero value is ready.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

// flight is one exchange. It belongs to no call: it goes on while any call waits for it.
type flight struct {
	cancel  context.CancelFunc
	done    chan struct{}
	head    *core.Head // these are set before done is closed
	body    []byte
	end     core.Ended
	waiting int  // under flights.mu
	told    bool // under flights.mu
}

// join returns the flight called name, and starts it by run where there is none.
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
			time.AfterFunc(flightKept, func() { f.drop(name, fl) })
		}()
	}
	fl.waiting++
	return fl
}

// leave ends the wait of one call and reports whether it is the first that was told what came of
// the flight. A flight that nobody waits for any more is given up, and the call that left it last
// tells the end.
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

// exchange waits for a token exchange that the call may share with others, no longer than the call
// has time.
func (g *Gateway) exchange(
	ctx context.Context, flow *core.Flow, s core.Send, service upstream.Target,
) core.Event {
	fl := g.flights.join(s.Flight, func(ctx context.Context, fl *flight) {
		g.fly(ctx, fl, s, service)
	})
	late := time.NewTimer(time.Duration(s.TimeoutMs) * time.Millisecond)
	defer late.Stop()
	select {
	case <-fl.done:
	case <-late.C:
		return core.Ended{Err: core.ErrTimeout, First: g.flights.leave(s.Flight, fl, true)}
	case <-ctx.Done():
		g.flights.leave(s.Flight, fl, false)
		if errors.Is(context.Cause(ctx), errRevoked) {
			return core.Stopped{Why: core.StopRevoked}
		}
		return core.Stopped{Why: core.StopCancelled}
	}
	end := fl.end
	end.First = g.flights.leave(s.Flight, fl, true)
	if fl.head != nil {
		flow.Resume(g.in(nil), *fl.head)
	}
	return end
}

// fly records the exchange and sends it.
func (g *Gateway) fly(ctx context.Context, fl *flight, s core.Send, service upstream.Target) {
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
	out := g.upstream.Do(ctx, upstream.Exchange{Target: to, Method: s.Method, URL: s.URL,
		RequestTarget: s.Target, Headers: s.Headers, Body: s.Body, Timeout: flightTimeout,
		MaxBody: s.MaxBody, CADigest: s.CADigest}, fl)
	fl.end = core.Ended{
		Err:       out.Err,
		Detail:    out.Detail,
		Truncated: out.Truncated,
		Body:      secret.New(string(fl.body)),
	}
}

// endpoint is where a service fetches its tokens: another host, on the service's terms. What is
// private stays closed unless the service opens it, its certificate authorities are trusted, and
// its proxy is gone through.
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
	// The token is for all agents that wait: it must not queue behind what one of them has hanging.
	return service.For(""), nil
}

func (fl *flight) Head(status int, headers []core.Header) error {
	fl.head = &core.Head{Status: status, Headers: headers}
	return nil
}

func (fl *flight) Chunk(p []byte) error {
	fl.body = append(fl.body, p...)
	return nil
}
