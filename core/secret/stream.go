package secret

import (
	"fmt"
	"io"
)

// Stream scrubs one sequence of bytes that comes in chunks; the result does not depend on where the
// chunks end. It is not safe for concurrent use.
type Stream struct {
	readers    []reader
	mark       string
	held       []byte // bytes read and not yet returned
	masked     bool   // the last byte returned belongs to a mark
	redactions int
	limited    bool
	// bytes still to be shown, if limited; negative once more than that have come
	left int64
}

// Limit makes Write return only what replaces the first n bytes of the sequence. A caller that cuts
// a sequence has to give Write Longest more bytes than it shows, if there are that many, because
// they decide what becomes of the last byte shown. Without them the cut would be an oracle: a
// reader who can place a guess before it could see, by what is held back, whether the guess begins
// a secret.
func (t *Stream) Limit(n int64) { t.limited, t.left = true, n }

// Cut reports whether more bytes have come than Limit lets through.
func (t *Stream) Cut() bool { return t.limited && t.left < int64(len(t.held)) }

// Write takes the next chunk and returns the clean bytes that are certain so far, as a new slice.
// It holds back what may still be the start of a match, for however long, until later bytes or last
// decide. Do not set last for a sequence that was cut short: then its end stays held back for good,
// and a reader never sees the first half of a secret. After last the Stream is ready for another
// sequence.
func (t *Stream) Write(p []byte, last bool) []byte {
	t.held = append(t.held, p...)
	decided := len(t.held)
	for i := range t.readers {
		r := &t.readers[i]
		if r.read(t.held, last); !last {
			decided = min(decided, r.begun())
		}
	}
	clean := t.emit(t.visible(decided))
	t.held = append(t.held[:0], t.held[decided:]...)
	for i := range t.readers {
		if t.readers[i].forget(decided); last {
			t.readers[i] = reader{automaton: t.readers[i].automaton}
		}
	}
	t.masked = t.masked && !last
	return clean
}

// visible returns how many of the decided bytes are to be shown.
func (t *Stream) visible(decided int) int {
	if !t.limited {
		return decided
	}
	shown := int(max(0, min(int64(decided), t.left)))
	t.left -= int64(decided)
	return shown
}

// Redactions returns the number of marks written so far.
func (t *Stream) Redactions() int { return t.redactions }

// Format implements fmt.Formatter, because the bytes held back may be secret.
func (*Stream) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "secret.Stream") }

// found returns the matches of all readers in held.
func (t *Stream) found() []run {
	all := t.readers[0].runs
	for _, r := range t.readers[1:] {
		all = union(all, r.runs)
	}
	return all
}

// union joins two lists of runs, each of them in order.
func union(a, b []run) (all []run) {
	for len(a)+len(b) > 0 {
		if len(a) == 0 || len(b) > 0 && b[0].start < a[0].start {
			a, b = b, a
		}
		if n := len(all); n > 0 && all[n-1].end >= a[0].start {
			all[n-1].end = max(all[n-1].end, a[0].end)
		} else {
			all = append(all, a[0])
		}
		a = a[1:]
	}
	return all
}

// emit returns the clean form of the first decided bytes of held. Stretches between runs are copied
// whole.
func (t *Stream) emit(decided int) []byte {
	clean := make([]byte, 0, decided)
	pos := 0
	for _, r := range t.found() {
		if r.start >= decided {
			break
		}
		clean = t.pass(clean, t.held[pos:r.start])
		if !t.masked {
			clean = append(clean, t.mark...)
			t.masked = true
			t.redactions++
		}
		pos = min(r.end, decided)
	}
	return t.pass(clean, t.held[pos:decided])
}

func (t *Stream) pass(clean, p []byte) []byte {
	if len(p) > 0 {
		t.masked = false
	}
	return append(clean, p...)
}
