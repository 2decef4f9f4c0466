package audit

import (
	"encoding/json"
	"fmt"
	"time"
)

// maxSeq is the greatest integer that every JSON reader represents exactly (RFC 8259 section 6).
const maxSeq = 1<<53 - 1

// Entry is a decoded line: a record and its place in a chain.
type Entry struct {
	Record
	Writer string
	Seq    int64
	Prev   string // hash of the line before, 64 zeros for the first
	MAC    string
}

// Decode parses one line, with or without its line feed, and ignores fields that it does not know.
// It verifies nothing, and texts may contain control characters.
func Decode(text []byte) (Entry, error) {
	var l struct {
		V   int    `json:"v"`
		W   string `json:"w"`
		Seq int64  `json:"seq"`
		TS  string `json:"ts"`
		Record
		Prev string `json:"prev"`
		MAC  string `json:"mac"`
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return Entry{}, fmt.Errorf("read audit line: %w", err)
	}
	if l.V != 1 {
		return Entry{}, fmt.Errorf("read audit line: unknown version %d", l.V)
	}
	ts, err := time.Parse(timeLayout, l.TS)
	if err != nil {
		return Entry{}, fmt.Errorf("read audit line: time %q is not of the form %s",
			l.TS, timeLayout)
	}
	if l.Seq < 1 || l.Seq > maxSeq || !isHash(l.Prev) {
		return Entry{}, fmt.Errorf("read audit line: no place in a chain: seq %d, prev %q",
			l.Seq, l.Prev)
	}
	l.Record.TS = ts.UnixMilli()
	return Entry{Record: l.Record, Writer: l.W, Seq: l.Seq, Prev: l.Prev, MAC: l.MAC}, nil
}
