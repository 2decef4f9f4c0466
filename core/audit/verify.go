package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/true-and-useful/janee/core/line"
)

// Kind is a way in which a log can be wrong.
type Kind string

// Edited: a line is not as it was written, or another line is in its place. Missing: lines between
// others are gone, or those that a grant mentions. Reordered: a line comes after later ones, or is
// in a file that is named for another day or numbered as another part of it. Truncated: a chain is
// gone, or ends before a line that another chain has seen. Duplicate: a sequence number occurs
// twice.
const (
	Edited    Kind = "edited"
	Missing   Kind = "missing"
	Reordered Kind = "reordered"
	Truncated Kind = "truncated"
	Duplicate Kind = "duplicate"
)

// Problem is one finding: where it was noticed (a log file, or the grant that mentions a missing
// line; Line counts from 1, and is 0 if no line shows it), its kind, and a sentence for a person.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
}

// String is "file:line: kind: text", without the line where there is none.
func (p Problem) String() string {
	at := p.File
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d", at, p.Line)
	}
	return fmt.Sprintf("%s: %s: %s", at, p.Kind, p.Text)
}

// maxProblems bounds the memory that a hostile log can demand; the last problem says how many more
// there are.
const maxProblems = 1000

// Verifier checks the logs of all writers in one pass. It keeps no lines: it remembers 8 bytes of
// each line's hash, because any chain may attest any line of another. It cannot find lines cut off
// the end of a chain that no later chain has seen, no grant mentions and no anchor names.
type Verifier struct {
	keyFor   func(writer string) []byte
	chains   map[string]*chainCheck
	attested map[Head]place
	// session → its grant's file, until the record of its opening turns up
	granted map[string]string
	pieces  map[piece]place // half lines that records say were set aside
	aside   []aside         // half lines that were found
	current *chainCheck
	found   report
}

// place is where something was noticed.
type place struct {
	file string
	line int
}

// report collects problems up to maxProblems.
type report struct {
	problems []Problem
	more     int
}

func (r *report) add(at place, kind Kind, format string, args ...any) {
	if len(r.problems) >= maxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, Problem{at.file, at.line, kind, fmt.Sprintf(format, args...)})
}

// NewVerifier returns a verifier; keyFor returns the vault's key "audit/" + writer.
func NewVerifier(keyFor func(writer string) []byte) *Verifier {
	return &Verifier{
		keyFor:   keyFor,
		chains:   map[string]*chainCheck{},
		attested: map[Head]place{},
		pieces:   map[piece]place{},
		granted:  map[string]string{},
	}
}

// Granted says that file is an authentic grant of session, so that a record of its opening must
// turn up. Call it before the first Line, with grants that were read before the log was: the record
// of a session is written before its grant.
func (v *Verifier) Granted(session, file string) { v.granted[session] = file }

// File begins the file called name, which has only lines of writer, the first of them from day
// (2006-01-02 in UTC; empty means any day). It is that part of its day, numbered from 1. Files of
// one writer must come in the order of their days and parts; writers may come in any order.
func (v *Verifier) File(name, writer, day string, part int) {
	c, ok := v.chains[writer]
	if !ok {
		c = &chainCheck{
			writer: writer,
			mac:    line.NewMac(v.keyFor(writer)),
			hash:   noHash,
			seen:   marks{},
		}
		v.chains[writer] = c
	}
	c.want = 1
	if ok && c.day == day {
		c.want = c.part + 1
	}
	c.at, c.day, c.part = place{file: name}, day, part
	v.current = c
}

// Line checks line n, from 1, of the current file, given without its line feed.
func (v *Verifier) Line(n int, text []byte) {
	c := v.current
	if c == nil {
		v.found.add(place{line: n}, Edited, "a line outside of any file")
		return
	}
	c.at.line = n
	e, err := c.read(text)
	if err != nil {
		c.unreadable++
		v.found.add(c.at, Edited, "%v", err)
		return
	}
	if n == 1 {
		c.checkName(e, &v.found)
	}
	c.accept(e, hash(text), &v.found)
	switch e.Event {
	case EventOpen:
		v.attestAll(e, c.at)
	case EventSession:
		delete(v.granted, e.Session)
	case eventRecover:
		v.tell(e, c.at)
	}
}

func (v *Verifier) attestAll(e Entry, at place) {
	heads, err := parseHeads(e.Detail[headsDetail])
	if err != nil {
		v.found.add(at, Edited, "%v", err)
	}
	for _, h := range heads {
		v.attest(h, at)
	}
}

func (v *Verifier) attest(h Head, at place) {
	if _, known := v.attested[h]; !known {
		v.attested[h] = at
	}
}

// Problems returns what was found, ordered by file and line. Call it after the last line of the
// last file.
func (v *Verifier) Problems() []Problem {
	all := report{slices.Clone(v.found.problems), v.found.more}
	for _, c := range v.chains {
		c.reportGaps(&all)
	}
	v.reportHeads(&all)
	v.reportGrants(&all)
	v.reportAside(&all)
	sort.Slice(all.problems, func(i, j int) bool {
		a, b := all.problems[i], all.problems[j]
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text)) < 0
	})
	if all.more > 0 {
		last := &all.problems[len(all.problems)-1]
		last.Text += fmt.Sprintf("; and %d more problems", all.more)
	}
	return all.problems
}

func (v *Verifier) reportGrants(r *report) {
	for _, session := range slices.Sorted(maps.Keys(v.granted)) {
		r.add(place{file: v.granted[session]}, Missing,
			"session %s was opened, and no record says so; if you deleted that part of the log "+
				"yourself, remove this file, which ends the session", session)
	}
}

// reportHeads compares what open records attest with what the chains contain; of a chain that is
// cut short it names only the last line known.
func (v *Verifier) reportHeads(r *report) {
	cutShort := map[string]Head{}
	for h, at := range v.attested {
		c := v.chains[h.Writer]
		switch {
		case c == nil || h.Seq > c.last+c.unreadable:
			if h.Seq > cutShort[h.Writer].Seq {
				cutShort[h.Writer] = h
			}
		case c.seen.get(h.Seq) != 0 && c.seen.get(h.Seq) != mark(h.Hash):
			r.add(c.at, Edited, "line %d of chain %q is not the one that %s line %d has seen",
				h.Seq, h.Writer, at.file, at.line)
		}
	}
	for writer, h := range cutShort {
		at := v.attested[h]
		if c := v.chains[writer]; c != nil {
			r.add(c.at, Truncated, "chain %q ends at %d, but %s line %d has seen line %d", writer,
				c.last, at.file, at.line, h.Seq)
		} else {
			r.add(at, Truncated, "chain %q is gone; it had at least %d lines", writer, h.Seq)
		}
	}
}
