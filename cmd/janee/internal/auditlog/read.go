package auditlog

import (
	"container/heap"
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/true-and-useful/janee/core/audit"
)

// Page is what Read found: rows from old to new, and how many lines it skipped because they are
// torn or do not belong to their file. Only Verify checks that lines are authentic.
type Page struct {
	Rows    []Row
	Skipped int
}

// Read returns the newest rows that filter selects. It reads the files backwards, day by day, and
// stops when it has enough.
func Read(h Dir, filter Filter) (Page, error) {
	files, _, err := list(h)
	if err != nil {
		return Page{}, err
	}
	m := merger{filter: filter, results: map[string]audit.Record{}}
	skipped := 0
	for len(files) > 0 && !m.full() {
		last := len(files) - 1
		first := slices.IndexFunc(files, func(f file) bool { return f.day == files[last].day })
		older, newer := filter.within(files[last].day)
		if older {
			m.stopped = true
			break
		}
		if !newer {
			n, err := m.readDay(h, files[first:])
			if err != nil {
				return Page{}, err
			}
			skipped += n
		}
		files = files[:first]
	}
	return Page{m.page(), skipped}, nil
}

// merger makes rows from records that come from new to old, each result before its intent.
type merger struct {
	filter  Filter
	results map[string]audit.Record // by request, until the intent comes
	rows    []Row                   // from new to old
	stopped bool                    // before the beginning of the log
}

func (m *merger) full() bool { return m.filter.Limit > 0 && len(m.rows) >= m.filter.Limit }

func (m *merger) add(r audit.Record) {
	switch r.Event {
	case eventResult:
		m.results[r.Req] = r
		return
	case eventIntent:
		if end, ok := m.results[r.Req]; ok {
			delete(m.results, r.Req)
			r = join(r, end)
		}
	}
	m.keep(row(r))
}

func (m *merger) keep(r Row) {
	if m.filter.passes(r) {
		m.rows = append(m.rows, r)
	}
}

// page returns the rows by time. A result whose intent is gone is still shown, unless reading
// stopped early, when the intent may just not have been reached.
func (m *merger) page() []Row {
	if !m.full() && !m.stopped {
		for _, r := range m.results {
			m.keep(row(r))
		}
	}
	slices.Reverse(m.rows)
	slices.SortStableFunc(m.rows, func(a, b Row) int { return a.Time.Compare(b.Time) })
	return m.rows
}

// readDay merges the files of one day from new to old until m is full, and returns how many lines
// it skipped.
func (m *merger) readDay(h Dir, files []file) (skipped int, err error) {
	var open cursors
	for _, f := range files {
		t, err := openTail(h, f)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since the directory was read; Verify says so
		}
		if err != nil {
			return 0, err
		}
		c := &cursor{tail: t}
		if len(t.torn) > 0 || t.long {
			skipped++
		}
		if ok, n, err := c.advance(); err != nil {
			return 0, err
		} else if skipped += n; ok {
			open = append(open, c)
		}
	}
	heap.Init(&open)
	for len(open) > 0 && !m.full() {
		c := open[0]
		m.add(c.entry.Record)
		ok, n, err := c.advance()
		if err != nil {
			return 0, err
		}
		if skipped += n; ok {
			heap.Fix(&open, 0)
		} else {
			heap.Pop(&open)
		}
	}
	return skipped, nil
}

// cursor is one file read backwards, at an entry.
type cursor struct {
	tail  *tail
	entry audit.Entry
}

// advance goes to the previous entry. It returns false if there is none, and how many lines it
// skipped.
func (c *cursor) advance() (ok bool, skipped int, err error) {
	for {
		text, err := c.tail.next()
		if err == io.EOF {
			return false, skipped, nil
		}
		if errors.Is(err, errLongLine) {
			skipped++
			continue
		}
		if err != nil {
			return false, skipped, err
		}
		e, err := audit.Decode(text)
		if err == nil && e.Writer == c.tail.file.writer {
			c.entry = e
			return true, skipped, nil
		}
		skipped++
	}
}

// cursors is a heap with the newest entry on top.
type cursors []*cursor

func (c cursors) Len() int           { return len(c) }
func (c cursors) Less(i, j int) bool { return c[i].entry.TS > c[j].entry.TS }
func (c cursors) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *cursors) Push(x any)        { *c = append(*c, x.(*cursor)) }
func (c *cursors) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}
