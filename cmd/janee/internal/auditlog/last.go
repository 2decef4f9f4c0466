package auditlog

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/vault"
)

// LastCommand returns when a command last recorded event, or the zero time if none did. It reads
// the chain that commands share, and ignores lines that are not authentic under v.
func LastCommand(h Dir, v *vault.Vault, event string) (time.Time, error) {
	byWriter, err := listWriters(h)
	if err != nil {
		return time.Time{}, err
	}
	key := v.Key("audit/" + CLI)
	for _, f := range slices.Backward(byWriter[CLI]) {
		at, err := lastIn(h, f, key, event)
		if err != nil || !at.IsZero() {
			return at, err
		}
	}
	return time.Time{}, nil
}

func lastIn(h Dir, f file, key []byte, event string) (time.Time, error) {
	t, err := openTail(h, f)
	if err != nil {
		return time.Time{}, err
	}
	for {
		text, err := t.next()
		if errors.Is(err, io.EOF) {
			return time.Time{}, nil
		}
		if err != nil {
			return time.Time{}, err
		}
		e, err := audit.Decode(text)
		if err != nil || e.Event != event {
			continue
		}
		if head, err := audit.ReadHead(key, text); err == nil && head.Writer == CLI {
			return time.UnixMilli(e.TS).UTC(), nil
		}
	}
}

// Newest returns the time of the newest record, or the zero time if the log is empty.
func Newest(h Dir) (time.Time, error) {
	files, _, err := list(h)
	if err != nil || len(files) == 0 {
		return time.Time{}, err
	}
	var newest time.Time
	for _, f := range files {
		if f.day != files[len(files)-1].day {
			continue
		}
		c := &cursor{}
		if c.tail, err = openTail(h, f); err != nil {
			return newest, err
		}
		ok, _, err := c.advance()
		if err != nil {
			return newest, err
		}
		if at := time.UnixMilli(c.entry.TS).UTC(); ok && at.After(newest) {
			newest = at
		}
	}
	return newest, nil
}
