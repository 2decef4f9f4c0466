package auditlog

import (
	"fmt"
	"slices"

	"github.com/true-and-useful/janee/core/audit"
)

// maxOpen bounds how many calls without a result are remembered while a log is read from its
// beginning. No server has that many under way.
const maxOpen = 10_000

// Lines gives every authentic line that filter lets through to emit, as it was written but without
// its line feed, file by file: by day, then by writer, within which the lines stand in their order.
// Filter.Limit and Filter.Events mean nothing here. It returns how many lines were left out because
// they are torn or not authentic. An error of emit ends it. It holds one line at a time.
func Lines(
	h Dir, v vaultKeys, filter Filter, emit func(text []byte, e audit.Entry) error,
) (skipped int, err error) {
	files, _, err := list(h)
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		if older, newer := filter.within(f.day); older || newer {
			continue
		}
		n, err := linesOf(h, f, v.Key("audit/"+f.writer), filter, emit)
		if skipped += n; err != nil {
			return skipped, err
		}
	}
	return skipped, nil
}

func linesOf(
	h Dir, f file, key []byte, filter Filter, emit func([]byte, audit.Entry) error,
) (skipped int, err error) {
	var failed error
	err = eachLine(h, f, func(_ int, text []byte, _ bool) bool {
		e, bad := audit.Read(key, text)
		switch {
		case bad != nil || e.Writer != f.writer:
			skipped++
		case filter.holds(e.Record):
			failed = emit(text, e)
		}
		return failed == nil
	})
	if failed != nil {
		return skipped, failed
	}
	return skipped, err
}

// Calls gives every call that filter lets through to emit, in the order in which they ended within
// each file; those without an end come last. Memory does not grow with the log. The rest is as with
// Lines.
func Calls(
	h Dir, v vaultKeys, filter Filter, emit func(Row) error,
) (skipped int, err error) {
	j := &joiner{filter: filter, emit: emit, open: map[string]audit.Record{}}
	// an intent and its result may lie on both sides of a bound, and the result does not tell what
	// was decided
	all := filter
	all.Decision = ""
	if !all.Since.IsZero() {
		all.Since = all.Since.Add(-slowest)
	}
	if !all.Until.IsZero() {
		all.Until = all.Until.Add(slowest)
	}
	skipped, err = Lines(h, v, all, func(_ []byte, e audit.Entry) error { return j.add(e.Record) })
	if err != nil {
		return skipped, fmt.Errorf("read calls of the audit log: %w", err)
	}
	return skipped, j.release(len(j.order))
}

// joiner makes rows of records that come from old to new.
type joiner struct {
	filter Filter
	emit   func(Row) error
	open   map[string]audit.Record // an intent or a result by request, until the other one comes up
	order  []string                // requests of open and of some that have ended, from old to new
}

func (j *joiner) add(r audit.Record) error {
	if r.Event != eventIntent && r.Event != eventResult {
		return j.keep(r)
	}
	other, ok := j.open[r.Req]
	if !ok || other.Event == r.Event {
		j.open[r.Req], j.order = r, append(j.order, r.Req)
		return j.shrink()
	}
	delete(j.open, r.Req)
	// the result stands in a chain that was begun after a failed write, whose name sorts first
	if r.Event == eventIntent {
		return j.keep(join(r, other))
	}
	return j.keep(join(other, r))
}

func (j *joiner) keep(r audit.Record) error {
	if row := row(r); j.filter.passes(row) {
		return j.emit(row)
	}
	return nil
}

// shrink gives up the oldest calls where too many are open: they are shown as they are, and what
// comes of them later as a row of its own.
func (j *joiner) shrink() error {
	if len(j.order) <= 2*maxOpen {
		return nil
	}
	j.order = slices.DeleteFunc(j.order, func(req string) bool {
		_, open := j.open[req]
		return !open
	})
	return j.release(len(j.order) - maxOpen)
}

// release shows the first n of order as they are.
func (j *joiner) release(n int) error {
	for _, req := range j.order[:max(n, 0)] {
		r, ok := j.open[req]
		if !ok {
			continue
		}
		delete(j.open, req)
		if err := j.keep(r); err != nil {
			return err
		}
	}
	j.order = slices.Delete(j.order, 0, max(n, 0))
	return nil
}
