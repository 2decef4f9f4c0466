package secret

import "slices"

// reader reads one sequence of bytes in two ways: as it is written, and as it is meant once escapes
// are undone and wrapped lines joined. A secret may occur either way: C:\nick has no line end,
// "a\nb" has one.
type reader struct {
	*automaton
	node int32 // after the bytes as they are written
	at   int   // index of the next byte
	view view
	runs []run // matches, joined where they touch, in order
}

// view is the text as it is meant. Mostly that is the text as it is written, and the view is not
// live.
type view struct {
	live   bool
	node   int32
	since  int   // bytes since the last escape
	broken bool  // nothing but indentation since the end of a line
	origin int   // index from which starts counts; each byte before it means itself
	starts []int // where in the text the bytes meant since then begin
}

// run is a stretch of bytes to be masked.
type run struct{ start, end int }

// read goes through p, the bytes held, to its end, or to the start of an escape whose end has not
// come yet.
func (r *reader) read(p []byte, last bool) {
	for r.at < len(p) {
		if !r.view.live {
			r.skip(p)
			if r.at == len(p) {
				return
			}
		}
		c := p[r.at]
		if r.special[c] != 0 {
			e, ok := readEscape(p[r.at:], last)
			if !ok {
				return
			}
			if e.size > 1 || e.length == 0 {
				r.escape(p, e)
				continue
			}
		}
		r.step(c)
		if r.view.live {
			r.means(c, r.at-1)
			r.view.since++
			r.settle()
		}
	}
}

// skip goes to the next byte that may begin an escape.
func (r *reader) skip(p []byte) {
	for r.at < len(p) {
		if r.node < r.shallow {
			r.node, r.at = r.skim(r.node, p, r.at)
		}
		if r.node < r.shallow || r.at < len(p) && r.special[p[r.at]] != 0 {
			return
		}
		r.node, r.at = r.trail(r.node, p, r.at)
		r.found()
	}
}

// step takes the next byte as it is written.
func (r *reader) step(c byte) {
	r.at++
	r.node = r.next(r.node, r.class[c])
	r.found()
}

// found marks a match that has just ended.
func (r *reader) found() {
	if n := int(r.cover[r.node]); n > 0 {
		r.mark(run{r.at - n, r.at})
		r.node = r.follow(r.node)
	}
}

// escape takes the bytes of an escape, one by one as they are written and together as they are
// meant.
func (r *reader) escape(p []byte, e escape) {
	v, start := &r.view, r.at
	if !v.live {
		*v = view{live: true, node: r.node, origin: start, starts: v.starts[:0]}
	}
	for _, c := range p[start : start+e.size] {
		r.step(c)
	}
	for _, c := range e.meant[:e.length] {
		r.means(c, start)
	}
	v.since, v.broken = 0, v.broken || e.isBreak
	r.settle()
}

// means takes a byte as it is meant; it comes from start up to at.
func (r *reader) means(c byte, start int) {
	v := &r.view
	if v.broken && indents(c) {
		v.since = -1
		return
	}
	v.broken = false
	v.node = r.next(v.node, r.class[c])
	v.starts = append(v.starts, start)
	if n := int(r.cover[v.node]); n > 0 {
		r.mark(run{r.start(n), r.at})
		v.node = r.follow(v.node)
	}
}

// settle drops what has become too long for a match, and drops the view once it is the same as the
// text again.
func (r *reader) settle() {
	v := &r.view
	for v.node > 0 && r.at-r.start(r.depth(v.node)) > r.reach {
		v.node = r.fail[v.node]
	}
	v.live = v.node != r.node || r.depth(v.node) > v.since
}

// start is where in the text the last n bytes that are meant begin.
func (r *reader) start(n int) int {
	v := &r.view
	switch k := len(v.starts) - n; {
	case n == 0:
		return r.at
	case k < 0:
		return v.origin + k
	default:
		return v.starts[k]
	}
}

// begun is the index of the first byte that may still be part of a later match.
func (r *reader) begun() int {
	begun := r.at - r.depth(r.node)
	if r.view.live {
		begun = min(begun, r.start(r.depth(r.view.node)))
	}
	return begun
}

// mark adds a match that ends after all others. It may start before runs that are already known,
// and absorbs them.
func (r *reader) mark(m run) {
	n := len(r.runs)
	for n > 0 && r.runs[n-1].end >= m.start {
		n--
		m.start = min(m.start, r.runs[n].start)
	}
	r.runs = append(r.runs[:n], m)
}

// forget moves all indexes down by n, the number of bytes that are no longer held. Of a run that
// crosses the cut, the part after it stays.
func (r *reader) forget(n int) {
	r.at -= n
	v := &r.view
	if !v.live {
		v.starts = v.starts[:0]
	}
	if longest := len(r.levels); len(v.starts) > longest {
		v.starts = slices.Delete(v.starts, 0, len(v.starts)-longest)
	}
	v.origin -= n
	for i := range v.starts {
		v.starts[i] -= n
	}
	rest := r.runs[:0]
	for _, m := range r.runs {
		if m.end > n {
			rest = append(rest, run{max(m.start-n, 0), m.end - n})
		}
	}
	r.runs = rest
}
