package main

import "fmt"

// target is a bound and an aim, in the order better to worse or worse to better: rising says that
// more is better.
type target struct {
	what       string
	value      float64
	least, aim float64
	rising     bool
	unit       string
}

func (t target) verdict() string {
	switch {
	case t.aim != 0 && t.meets(t.aim):
		return "aim met"
	case t.meets(t.least):
		return "met"
	}
	return "missed"
}

func (t target) meets(bound float64) bool {
	if t.rising {
		return t.value >= bound
	}
	return t.value <= bound
}

func (t target) show(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.3g %s", v, t.unit)
}

// of is the series of a way.
func (r *results) of(way string, outstanding int, s size) series[figures] {
	for _, x := range r.Calls {
		if x.Way == way && x.Outstanding == outstanding && x.Size == s.Name {
			return x
		}
	}
	return series[figures]{Rounds: make([]figures, 1)}
}

func (r *results) targets() string {
	one, direct, many := r.of("stdio", 1, small), r.of("direct", 1, small), r.of("stdio", 32, small)
	big := r.of("stdio", 32, large)
	s := r.Scale
	list := []target{
		{"cold start to the `initialize` reply, p50", mid(r.Starts[0].Rounds), 20, 12, false, "ms"},
		{"stdio, 1 outstanding: of direct", 100 * one.median(ratio), 20, 32, true, "%"},
		{"the same: p50 above direct and one `fdatasync`",
			one.median(p50) - direct.median(p50) - mid(r.Sync), 0.35, 0, false, "ms"},
		{"the same: p99", one.median(p99), 3, 0, false, "ms"},
		{"stdio, 32 outstanding: of direct", 100 * many.median(ratio), 14, 22, true, "%"},
		{"the same: last quarter to first", 100 * many.median(steady), 95, 0, true, "%"},
		{"HTTP, 32 outstanding: of direct", 100 * r.of("http", 32, small).median(ratio), 8,
			15, true, "%"},
		{"stdio, 32 outstanding, 1 MiB: calls a second", big.median(rate), 100, 200, true, ""},
		{"the same: resident memory, peak", big.median(peak), 200, 0, false, "MB"},
		{"resident memory after start", one.median(began), 25, 18, false, "MB"},
		{fmt.Sprintf("resident memory after %d calls", r.options.endurance), r.Long.Ended,
			45, 35, false, "MB"},
		{"these calls: last quarter to first", 100 * r.Long.Steady, 95, 0, true, "%"},
		{"decision over 1,000 rules, natively", mid(r.Core.Decision), 50, 10, false, "µs"},
		{"scrubbing for 20 secrets, one core", mid(r.Core.Scrub), 150, 400, true, "MiB/s"},
		{"large home: p99 to that of a small one",
			100 * s.Large[0].median(p99) / s.Small[0].median(p99), 120, 0, false, "%"},
		{"large home: `janee logs -n 20`", mid(s.Logs), 50, 0, false, "ms"},
	}
	if len(r.Core.Module) > 0 {
		list = append(list, target{"judged call over 1,000 rules, module in Node",
			mid(r.Core.Module), 200, 60, false, "µs"})
	}
	var t table
	t.row("target", "measured", "at least", "aim", "")
	for _, x := range list {
		t.row(x.what, x.show(x.value), x.show(x.least), x.show(x.aim), x.verdict())
	}
	return t.String()
}
