package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// results are all figures of all rounds.
type results struct {
	Machine string            `json:"machine"`
	Sync    []float64         `json:"fdatasyncMs"` // the median of each round
	Starts  []series[float64] `json:"coldStartMs"` // one of a round is the median of its starts
	Calls   []series[figures] `json:"calls"`
	Long    figures           `json:"longRun"`
	Scale   scale             `json:"scale"`
	Core    coreFigures       `json:"core"`

	options options
}

// series is what one thing came to in each round.
type series[T any] struct {
	Way         string `json:"way"`
	Outstanding int    `json:"outstanding,omitempty"`
	Size        string `json:"size,omitempty"`
	Rounds      []T    `json:"rounds"`
}

// add puts v to the series of the same name.
func add[T any](list []series[T], s series[T], v T) []series[T] {
	i := slices.IndexFunc(list, func(x series[T]) bool {
		return x.Way == s.Way && x.Outstanding == s.Outstanding && x.Size == s.Size
	})
	if i < 0 {
		i, list = len(list), append(list, s)
	}
	list[i].Rounds = append(list[i].Rounds, v)
	return list
}

// rounds measures every way once in each round, directly first: what follows is compared with it.
func (h *house) rounds(r *results) error {
	r.options = h.options
	for i := range h.options.rounds {
		say("round %d of %d", i+1, h.options.rounds)
		if err := h.round(r); err != nil {
			return err
		}
	}
	return nil
}

func (h *house) round(r *results) error {
	sync, err := h.fdatasync(200)
	if err != nil {
		return err
	}
	r.Sync = append(r.Sync, ms(sync))
	for _, w := range h.ways()[1:] {
		took, err := h.coldStarts(w)
		if err != nil {
			return fmt.Errorf("starting %s: %w", w.name, err)
		}
		r.Starts = add(r.Starts, series[float64]{Way: w.name}, ms(took))
	}
	for _, s := range []size{small, large} {
		for _, outstanding := range []int{1, 32} {
			if err := h.compare(r, load{
				size:        s,
				outstanding: outstanding,
				time:        h.each,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare puts the same load to every way.
func (h *house) compare(r *results, l load) error {
	var direct float64
	for _, w := range h.ways() {
		f, err := h.measure(w, l)
		if err != nil {
			return fmt.Errorf("%s, %d outstanding, %s: %w", w.name, l.outstanding, l.size.Name, err)
		}
		if w.name == "direct" {
			direct = f.Rate
		}
		f.Ratio = f.Rate / direct
		r.Calls = add(r.Calls,
			series[figures]{Way: w.name, Outstanding: l.outstanding, Size: l.size.Name}, f)
	}
	return nil
}

// coldStarts is the median of some starts of w; those of Node are few, since each takes as long as
// ten others.
func (h *house) coldStarts(w way) (time.Duration, error) {
	n := h.starts
	if w.name == "plugin" {
		n = max(n/10, 1)
	}
	times := make([]time.Duration, n)
	for i := range times {
		var err error
		if times[i], err = h.coldStart(w); err != nil {
			return 0, err
		}
	}
	return percentile(times, 50), nil
}

// longRun keeps one server at work for many calls.
func (h *house) longRun(r *results) (err error) {
	say("%d calls in one server", h.endurance)
	r.Long, err = h.measure(way{"stdio", startStdio}, load{
		size:        small,
		outstanding: 32,
		calls:       h.endurance,
	})
	return err
}

// fdatasync is the median time that the disk takes for a line like those of the log.
func (h *house) fdatasync(n int) (time.Duration, error) {
	f, err := os.Create(filepath.Join(filepath.Dir(h.home), "sync"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	line, times := make([]byte, 600), make([]time.Duration, n)
	for i := range times {
		if _, err := f.Write(line); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := datasync(f); err != nil {
			return 0, err
		}
		times[i] = time.Since(began)
	}
	return percentile(times, 50), nil
}

// median is that of one figure over the rounds.
func (s series[T]) median(of func(T) float64) float64 {
	values := make([]float64, len(s.Rounds))
	for i, v := range s.Rounds {
		values[i] = of(v)
	}
	return percentile(values, 50)
}
