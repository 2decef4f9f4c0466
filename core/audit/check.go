package audit

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/true-and-useful/janee/core/line"
)

// chainCheck follows the chain of one writer.
type chainCheck struct {
	writer     string
	mac        *line.Mac
	at         place
	day        string // that the name of the file says
	part, want int    // the number in that name, and the one after the file before
	last       int64  // highest sequence number so far
	hash       string // of that line
	unreadable int64  // lines that failed since then: each may be the one of an absent number
	seen       marks
	gaps       []gap
}

// gap is a range of numbers that were absent when a later one came.
type gap struct {
	from, to   int64
	late       int64 // lines of it that came after all
	unreadable int64 // failed lines where it opened
	at         place
}

// read verifies before it parses, so that the parser sees only what a chain has written.
func (c *chainCheck) read(text []byte) (Entry, error) {
	if err := c.mac.Verify(text); err != nil {
		return Entry{}, err
	}
	e, err := Decode(text)
	if err == nil && e.Writer != c.writer {
		err = fmt.Errorf("line of chain %q in a file of %q", e.Writer, c.writer)
	}
	return e, err
}

// checkName compares the name of a file with e, its first line. If the clock was set back, a
// further part of a day begins on an earlier one.
func (c *chainCheck) checkName(e Entry, r *report) {
	written := time.UnixMilli(e.TS).UTC().Format(time.DateOnly)
	switch {
	case c.day == "":
	case written > c.day || written < c.day && c.part == 1:
		r.add(c.at, Reordered, "the file is named for %s, but its first line was written on %s",
			c.day, written)
	case c.part != c.want && e.Seq == c.last+1: // else lines are missing: reported
		r.add(c.at, Reordered, "the file is part %d of %s, but follows part %d",
			c.part, c.day, c.want-1)
	}
}

func (c *chainCheck) accept(e Entry, sum string, r *report) {
	switch {
	case c.seen.get(e.Seq) != 0:
		r.add(c.at, Duplicate, "line %d of chain %q occurs again", e.Seq, c.writer)
		return
	case e.Seq <= c.last:
		r.add(c.at, Reordered, "line %d of chain %q comes after line %d", e.Seq, c.writer, c.last)
		c.seen.set(e.Seq, mark(sum))
		c.gapOf(e.Seq).late++
		return
	case e.Seq > c.last+1:
		c.gaps = append(c.gaps, gap{
			from:       c.last + 1,
			to:         e.Seq - 1,
			unreadable: c.unreadable,
			at:         c.at,
		})
	case e.Prev != c.hash:
		r.add(c.at, Edited,
			"line %d of chain %q follows a line %d other than the one in this file",
			e.Seq, c.writer, c.last)
	}
	c.seen.set(e.Seq, mark(sum))
	c.last, c.hash, c.unreadable = e.Seq, sum, 0
}

// gapOf returns the gap that contains a number not seen so far. Gaps are in ascending order, and
// every number up to last is seen or in a gap.
func (c *chainCheck) gapOf(seq int64) *gap {
	i, _ := slices.BinarySearchFunc(c.gaps, seq, func(g gap, seq int64) int {
		return cmp.Compare(g.to, seq)
	})
	return &c.gaps[i]
}

func (c *chainCheck) reportGaps(r *report) {
	for _, g := range c.gaps {
		if absent := g.to - g.from + 1 - g.late - g.unreadable; absent > 0 {
			r.add(g.at, Missing, "%d of the lines %d to %d of chain %q are gone", absent,
				g.from, g.to, c.writer)
		}
	}
}

// marks remembers the start of each line's hash by sequence number, in pages, so that a chain whose
// old files were removed needs no memory for them.
type marks map[int64]*[pageSize]uint64

const pageSize = 256

// mark is the start of a hex SHA-256, never 0. Its 63 bits are enough: without the key nobody can
// try lines until one has an equal mark.
func mark(sum string) uint64 {
	var raw [8]byte
	hex.Decode(raw[:], []byte(sum[:16]))
	return binary.BigEndian.Uint64(raw[:]) | 1
}

func (m marks) get(seq int64) uint64 {
	page := m[seq/pageSize]
	if page == nil {
		return 0
	}
	return page[seq%pageSize]
}

func (m marks) set(seq int64, value uint64) {
	page := m[seq/pageSize]
	if page == nil {
		page = new([pageSize]uint64)
		m[seq/pageSize] = page
	}
	page[seq%pageSize] = value
}
