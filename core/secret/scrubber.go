package secret

import (
	"fmt"
	"io"
)

// Marker stands in for each run of masked bytes. It has one length, because the length of a secret is a hint.
const Marker = "[REDACTED]"

// MinLength is the length in bytes, without blanks at the edges, below which a secret is not looked for: it would mask ordinary words.
const MinLength = 8

// Scrubber finds secrets in bytes: as they are, trimmed, in base64, hex, percent, JSON, HTML and form encodings, and the long lines of
// multi-line secrets one by one. Letters match in either case, since servers change it freely in hex, escapes and header values.
// It is immutable and safe for concurrent use. A nil Scrubber masks nothing.
type Scrubber struct{ automaton *automaton }

// NewScrubber compiles secrets; those shorter than MinLength are left out. It costs some 0.05 ms a token and 5 ms a PEM key: keep the result.
func NewScrubber(secrets ...Text) *Scrubber {
	var patterns []string
	for _, s := range secrets {
		patterns = append(patterns, forms(s.Reveal())...)
	}
	return &Scrubber{newAutomaton(patterns)}
}

// Clean returns text with every match replaced by Marker, and the number of replacements.
func (s *Scrubber) Clean(text string) (string, int) {
	t := s.Stream()
	clean := t.Write([]byte(text), true)
	if t.redactions == 0 {
		return text, 0
	}
	return string(clean), t.redactions
}

// Stream starts the scrubbing of one sequence of bytes.
func (s *Scrubber) Stream() *Stream {
	if s == nil {
		s = NewScrubber()
	}
	return &Stream{automaton: s.automaton}
}

// Format implements fmt.Formatter: the tables spell the secrets.
func (*Scrubber) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "secret.Scrubber") }

// Stream scrubs one sequence of bytes that comes in chunks; where the chunks end makes no difference to the whole. Not for concurrent use.
type Stream struct {
	automaton  *automaton
	node       int32
	held       []byte // bytes read and not yet returned
	runs       []run  // matches in held, joined where they touch, in order
	masked     bool   // the last byte returned belongs to a Marker
	redactions int
	limited    bool
	left       int64 // bytes still to be shown, where limited; negative once more than that have come
}

// Longest returns the length in bytes of the longest form that is looked for.
func (s *Scrubber) Longest() int {
	if s == nil {
		return 0
	}
	return len(s.automaton.levels) - 1
}

// Limit has Write return only what stands for the first n bytes of the sequence. Whoever cuts a sequence has to give Write Longest
// more bytes than it shows, if there are so many: what becomes of the last byte shown is decided by those behind it. Cutting right
// there would be an oracle: a reader who can place a guess before the cut sees by what is held back whether it begins a secret.
func (t *Stream) Limit(n int64) { t.limited, t.left = true, n }

// Cut reports whether more bytes have come than Limit lets through.
func (t *Stream) Cut() bool { return t.limited && t.left < int64(len(t.held)) }

// run is a stretch of held bytes to be masked.
type run struct{ start, end int }

// Write takes the next chunk and returns the clean bytes that are certain by now, as a new slice. What may still be the start of a match
// is held back, for however long, until later bytes or last decide. A sequence that is cut short must not be given last: the end stays
// held back for good, so that a reader never sees the first half of a secret. After last the Stream is ready for another sequence.
func (t *Stream) Write(p []byte, last bool) []byte {
	fresh := len(t.held)
	t.held = append(t.held, p...)
	t.scan(fresh)
	decided := len(t.held)
	if !last {
		decided -= t.automaton.depth(t.node)
	}
	clean := t.emit(t.visible(decided))
	t.drop(decided)
	if last {
		t.node, t.masked = 0, false
	}
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

// Redactions returns the number of Markers written so far.
func (t *Stream) Redactions() int { return t.redactions }

// Format implements fmt.Formatter: the bytes held back may be secret.
func (*Stream) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "secret.Stream") }

// scan reads held from index i on and collects runs.
func (t *Stream) scan(i int) {
	a, n, p := t.automaton, t.node, t.held
	for i < len(p) {
		if n < a.shallow {
			n, i = a.skim(n, p, i)
		} else {
			n = a.next(n, a.class[p[i]])
			i++
		}
		if length := int(a.cover[n]); length > 0 {
			t.mark(run{i - length, i})
		}
	}
	t.node = n
}

// mark adds a match that ends after all others. A longer pattern may start before runs that are already known, and takes them in.
func (t *Stream) mark(r run) {
	n := len(t.runs)
	for n > 0 && t.runs[n-1].end >= r.start {
		n--
		r.start = min(r.start, t.runs[n].start)
	}
	t.runs = append(t.runs[:n], r)
}

// emit returns the clean form of the first decided bytes of held. Stretches between runs are copied whole.
func (t *Stream) emit(decided int) []byte {
	clean := make([]byte, 0, decided)
	pos := 0
	for _, r := range t.runs {
		if r.start >= decided {
			break
		}
		clean = t.pass(clean, t.held[pos:r.start])
		if !t.masked {
			clean = append(clean, Marker...)
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

// drop forgets the first decided bytes of held. A run that crosses the cut stays as the part behind it, and touches the Marker written for the rest.
func (t *Stream) drop(decided int) {
	t.held = append(t.held[:0], t.held[decided:]...)
	rest := t.runs[:0]
	for _, r := range t.runs {
		if r.end > decided {
			rest = append(rest, run{max(r.start-decided, 0), r.end - decided})
		}
	}
	t.runs = rest
}
