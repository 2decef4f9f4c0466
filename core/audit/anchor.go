package audit

import (
	"bytes"
	"fmt"

	"github.com/true-and-useful/janee/core/line"
)

const anchorKind = "anchor"

// Anchor says how far the chains of a log had come at a time, for another place to keep: anyone who
// cuts the end off the log cannot cut it there.
type Anchor struct {
	At    int64  `json:"at"` // Unix ms
	Heads []Head `json:"heads"`
}

// Encode returns the anchor as one line of ASCII, with its line feed; key is the vault's "anchor".
func (a Anchor) Encode(key []byte) []byte { return line.Encode(key, anchorKind, a) }

var (
	anchorBegin = []byte(`{"v":1,"kind":"anchor",`)
	anchorEnd   = []byte(`"}`)
)

// FindAnchor looks for an anchor in a line of a file: a system log writes its own words before it,
// and some write others after it. found is false if there is none; an error is about one that is
// there and not authentic.
func FindAnchor(key, text []byte) (a Anchor, found bool, err error) {
	begin := bytes.Index(text, anchorBegin)
	if begin < 0 {
		return Anchor{}, false, nil
	}
	text = text[begin:]
	if end := bytes.LastIndex(text, anchorEnd); end >= 0 {
		text = text[:end+len(anchorEnd)]
	}
	if a, err = line.Open[Anchor](key, text, anchorKind); err != nil {
		return Anchor{}, true, err
	}
	for _, h := range a.Heads {
		if h.Seq < 1 || h.Seq > maxSeq || !isHash(h.Hash) {
			return Anchor{}, true, fmt.Errorf("read anchor: head %d of %q has no hash",
				h.Seq, h.Writer)
		}
	}
	return a, true, nil
}

// Anchored checks the log against an anchor in line n of file: every line that it names must turn
// up as it was. Wrong is an anchor that is not authentic.
func (v *Verifier) Anchored(file string, n int, a Anchor, wrong error) {
	at := place{file, n}
	if wrong != nil {
		v.found.add(at, Edited, "%v", wrong)
	}
	for _, h := range a.Heads {
		v.attest(h, at)
	}
}
