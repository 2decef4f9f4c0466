package main

import (
	"fmt"
	"strings"
)

// table is a table in Markdown, with columns as wide as they need to be.
type table struct{ rows [][]string }

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) String() string {
	width := make([]int, len(t.rows[0]))
	for _, cells := range t.rows {
		for i, c := range cells {
			width[i] = max(width[i], len([]rune(c)))
		}
	}
	var b strings.Builder
	for i, cells := range t.rows {
		line(&b, width, cells)
		if i == 0 {
			rule := make([]string, len(width))
			for j, n := range width {
				rule[j] = strings.Repeat("-", n)
			}
			line(&b, width, rule)
		}
	}
	return b.String()
}

func line(b *strings.Builder, width []int, cells []string) {
	for i, c := range cells {
		fmt.Fprintf(b, "| %s%s ", c, strings.Repeat(" ", width[i]-len([]rune(c))))
	}
	b.WriteString("|\n")
}

// markdown is what docs/performance.md holds.
func (r *results) markdown() string {
	return fmt.Sprintf("%s. Medians of %d rounds; one `fdatasync` took %s.\n\n%s\n%s\n%s",
		r.Machine, len(r.Sync), millis(mid(r.Sync)), r.targets(), r.calls(), r.large())
}

func (r *results) calls() string {
	var t table
	t.row("way", "outstanding", "body", "calls a second", "of direct", "p50", "p99", "last quarter",
		"MB at start, end, peak", "processor a call")
	for _, s := range r.Calls {
		of := func(f func(figures) float64) float64 { return s.median(f) }
		memory, cpu := "", ""
		if of(func(f figures) float64 { return f.Started }) > 0 {
			memory = fmt.Sprintf("%.0f, %.0f, %.0f", of(func(f figures) float64 {
				return f.Started
			}), of(func(f figures) float64 { return f.Ended }), of(func(f figures) float64 {
				return f.Peak
			}))
			cpu = millis(of(func(f figures) float64 { return f.CPU }) / 1e3)
		}
		t.row(s.Way, fmt.Sprint(s.Outstanding), s.Size, fmt.Sprintf("%.0f", of(rate)),
			percent(of(ratio)), millis(of(p50)), millis(of(p99)), percent(of(steady)), memory, cpu)
	}
	return t.String()
}

func (r *results) large() string {
	s, o := r.Scale, r.options
	var t table
	t.row("home", "cold start", "first call", "1 outstanding: p50, p99",
		"32 outstanding: calls a second, p99", "`janee logs -n 20`")
	for i, x := range [][]series[figures]{s.Small, s.Large} {
		name, logs := "small", ""
		if i == 1 {
			name = fmt.Sprintf("%d sessions, %d capabilities, %d MB of log", o.sessions,
				o.capabilities, o.logMB)
			logs = millis(mid(s.Logs))
		}
		t.row(name, millis(mid(s.Start[i])), millis(mid(s.First[i])),
			millis(x[0].median(p50))+", "+millis(x[0].median(p99)),
			fmt.Sprintf("%.0f", x[1].median(rate))+", "+millis(x[1].median(p99)), logs)
	}
	return t.String()
}

func rate(f figures) float64   { return f.Rate }
func ratio(f figures) float64  { return f.Ratio }
func p50(f figures) float64    { return f.P50 }
func p99(f figures) float64    { return f.P99 }
func steady(f figures) float64 { return f.Steady }
func peak(f figures) float64   { return f.Peak }
func began(f figures) float64  { return f.Started }

func mid(values []float64) float64 { return percentile(append([]float64(nil), values...), 50) }

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func millis(ms float64) string {
	switch {
	case ms < 0.1:
		return fmt.Sprintf("%.3f ms", ms)
	case ms < 10:
		return fmt.Sprintf("%.2f ms", ms)
	}
	return fmt.Sprintf("%.1f ms", ms)
}
