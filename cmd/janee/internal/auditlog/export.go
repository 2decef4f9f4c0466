package auditlog

import (
	"fmt"
	"slices"

	"github.com/true-and-useful/janee/core/audit"
)

// maxOpen bounds how many calls without a result are kept while a log is read from its beginning.
// No server has that many in flight.
const maxOpen = 10_000

// Lines calls emit with every authentic line that filter selects, as it was written but without its
// line feed. It goes through the files by day, then by writer, and keeps one line in memory at a
// time. Filter.Limit and Filter.Events have no effect. Lines stops at an error of emit, and returns
// how many lines it skipped because they are torn or not authentic.
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

// Calls calls emit with every call that filter selects, in the order in which they ended within
// each file; calls without a result come last. Its memory does not grow with the log. Otherwise it
// works like Lines.
func Calls(
	h Dir, v vaultKeys, filter Filter, emit func(Row) error,
) (skipped int, err error) {
	j := &joiner{filter: filter, emit: emit, open: map[string]audit.Record{}}
	// an intent and its result may be on different sides of a bound, and the result does not tell
	// what was decided
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

// joiner makes rows from records that come from old to new.
type joiner struct {
	filter Filter
	emit   func(Row) error
	open   map[string]audit.Record // an intent or a result by request, until the other one comes
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
	if r.Event == eventIntent {
		// the result came first: after a failed write it is in a new chain, whose name sorts first
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

// shrink releases the oldest calls if too many are open. A result that comes later becomes a
// separate row.
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

// release emits the first n of order as they are.
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
