package secret

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Marker replaces each run of masked bytes, unless Marked names another text.
const Marker = "[REDACTED]"

// MinLength is the length in bytes, without blanks at the edges, below which a secret is not looked
// for: it would mask ordinary words.
const MinLength = 8

// Scrubber finds secrets in bytes: as they are, trimmed, in base64, hex and UTF-16, and the long
// lines of multi-line secrets one by one; all of these also in the escapes of URLs, JSON, HTML and
// programs, and wrapped into lines. Letters match in either case, since servers change it freely in
// hex, escapes and header values. It is immutable and safe for concurrent use. A nil Scrubber masks
// nothing.
type Scrubber struct {
	automata []*automaton
	mark     string
}

// NewScrubber compiles secrets; it leaves out those shorter than MinLength. It takes some 0.05 ms
// per token and 4 ms per PEM key: keep the result.
func NewScrubber(secrets ...Text) *Scrubber {
	var patterns []string
	for _, s := range secrets {
		patterns = append(patterns, forms(s.Reveal())...)
	}
	return &Scrubber{[]*automaton{newAutomaton(patterns)}, Marker}
}

// Marked returns a scrubber for the same secrets that replaces them by mark. Use one mark for all
// secrets, because its length would be a hint at theirs.
func (s *Scrubber) Marked(mark string) *Scrubber { return &Scrubber{s.automata, mark} }

// With returns a scrubber that also finds secrets, such as those of one call. It costs what a
// scrubber for those alone does.
func (s *Scrubber) With(secrets ...Text) *Scrubber {
	more := NewScrubber(secrets...)
	if s != nil {
		more.automata, more.mark = append(more.automata, s.automata...), s.mark
	}
	return more
}

// Clean returns text with every match replaced by the mark, and the number of replacements.
func (s *Scrubber) Clean(text string) (string, int) {
	t := s.Stream()
	clean := t.Write([]byte(text), true)
	if t.redactions == 0 {
		return text, 0
	}
	return string(clean), t.redactions
}

// Beginning returns the first n characters of a clean text, without a mark that the cut would
// break: half a mark would look like text.
func Beginning(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	text = string(runes[:n])
	i := strings.LastIndexByte(text, '[')
	if i < 0 || strings.Contains(text[i:], "]") {
		return text
	}
	opened := strings.TrimSuffix(Marker, "]")
	if strings.HasPrefix(text[i:], opened) || strings.HasPrefix(opened, text[i:]) {
		return text[:i]
	}
	return text
}

// Stream starts the scrubbing of one sequence of bytes.
func (s *Scrubber) Stream() *Stream {
	if s == nil {
		s = NewScrubber()
	}
	t := &Stream{readers: make([]reader, len(s.automata)), mark: s.mark}
	for i, a := range s.automata {
		t.readers[i].automaton = a
	}
	return t
}

// findStep is how many bytes Finds reads at a time, because its memory grows with them.
const findStep = 64 << 10

// Finds reports whether p contains a secret, in any spelling.
func (s *Scrubber) Finds(p []byte) bool {
	return s != nil && slices.ContainsFunc(s.automata, func(a *automaton) bool {
		return a.finds(p)
	})
}

func (a *automaton) finds(p []byte) bool {
	r := reader{automaton: a}
	for from, end := 0, 0; ; {
		end = min(end+findStep, len(p))
		if r.read(p[from:end], end == len(p)); len(r.runs) > 0 || end == len(p) {
			return len(r.runs) > 0
		}
		begun := r.begun()
		r.forget(begun)
		from += begun
	}
}

// Format implements fmt.Formatter, because the tables spell the secrets.
func (*Scrubber) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "secret.Scrubber") }

// Longest returns how many bytes after a place can decide what becomes of it.
func (s *Scrubber) Longest() (n int) {
	if s == nil {
		return 0
	}
	for _, a := range s.automata {
		if a.reach > 0 {
			n = max(n, a.reach+longEscape)
		}
	}
	return n
}
