package main

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is what is asked of a server: calls of one size, so many always outstanding, until Time is
// over or, where Calls is set, until so many have ended.
type load struct {
	size        size
	outstanding int
	time        time.Duration
	calls       int
}

// sample is one call: when it ended, from the beginning of the load, and how long it took.
type sample struct{ end, took time.Duration }

// server is one way to the API, ready to be asked.
type server interface {
	load(load) ([]sample, error)
	pid() int // 0: it runs in this process
	close() error
}

// way is how to reach the API.
type way struct {
	name  string
	start func(*house) (server, error)
}

func (h *house) ways() []way {
	all := []way{{"direct", startDirect}, {"stdio", startStdio}, {"http", startHTTP}}
	if h.plugin != "" {
		all = append(all, way{"plugin", startPlugin})
	}
	return all
}

// drive makes the calls of l, each outstanding one on a goroutine of its own. The first error ends
// it.
func drive(l load, call func(size) error) ([]sample, error) {
	began, lists, fault := time.Now(), make([][]sample, l.outstanding),
		make(chan error, l.outstanding)
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range lists {
		wg.Go(func() {
			for {
				from := time.Since(began)
				if l.calls > 0 && made.Add(1) > int64(l.calls) || l.calls == 0 && from >= l.time {
					return
				}
				if err := call(l.size); err != nil {
					fault <- err
					return
				}
				end := time.Since(began)
				lists[i] = append(lists[i], sample{end, end - from})
			}
		})
	}
	wg.Wait()
	select {
	case err := <-fault:
		return nil, err
	default:
		return slices.Concat(lists...), nil
	}
}

// figures are what one load came to. Times are in milliseconds, memory in MB (10⁶ bytes), processor
// time in µs a call.
type figures struct {
	Rate float64 `json:"callsPerSecond"`
	P50  float64 `json:"p50ms"`
	P99  float64 `json:"p99ms"`
	// calls in the last quarter of the time to those in the first
	Steady  float64 `json:"lastQuarterToFirst"`
	Started float64 `json:"rssStartMB,omitempty"`
	Ended   float64 `json:"rssEndMB,omitempty"`
	Peak    float64 `json:"rssPeakMB,omitempty"`
	CPU     float64 `json:"cpuMicrosPerCall,omitempty"`
	Ratio   float64 `json:"ratioToDirect,omitempty"`
}

// measure starts a server, warms it up, and puts l to it.
func (h *house) measure(w way, l load) (f figures, err error) {
	s, err := w.start(h)
	if err != nil {
		return f, err
	}
	started := memory(s.pid())
	_, err = s.load(load{size: l.size, outstanding: l.outstanding, calls: 2 * l.outstanding})
	if err == nil {
		used := processor(s.pid())
		var samples []sample
		if samples, err = s.load(l); err == nil {
			f = summary(samples)
			f.CPU = float64((processor(s.pid()) - used).Microseconds()) / float64(len(samples))
		}
	}
	f.Started, f.Ended, f.Peak = started.now, memory(s.pid()).now, memory(s.pid()).peak
	return f, cmp.Or(err, s.close())
}

func summary(samples []sample) figures {
	var last time.Duration
	took := make([]time.Duration, len(samples))
	for i, s := range samples {
		last, took[i] = max(last, s.end), s.took
	}
	var first, fourth int
	for _, s := range samples {
		if s.end <= last/4 {
			first++
		} else if s.end > last-last/4 {
			fourth++
		}
	}
	return figures{
		Rate:   float64(len(samples)) / last.Seconds(),
		P50:    ms(percentile(took, 50)),
		P99:    ms(percentile(took, 99)),
		Steady: float64(fourth) / float64(max(first, 1)),
	}
}

// percentile sorts values and returns the one at p in a hundred, by the nearest rank.
func percentile[T cmp.Ordered](values []T, p int) T {
	slices.Sort(values)
	return values[max((len(values)*p+99)/100, 1)-1]
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
