package auditlog

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

// Life is the time during which a session could be used.
type Life struct{ Opened, Ends time.Time }

// Use is how often a session was used, and when last.
type Use struct {
	Count int
	Last  time.Time
}

// Uses counts the intents of the sessions whose ids are the keys of lives; it leaves out sessions
// that were never used. It opens only the files of days on which a session was alive, so that it
// does not take longer as the log grows.
func Uses(h Dir, lives map[string]Life) (map[string]Use, error) {
	uses := map[string]Use{}
	files, _, err := list(h)
	if err != nil {
		return nil, err
	}
	days := daysOf(lives)
	for _, f := range files {
		if !days.hold(f.day) {
			continue
		}
		if err := countUses(h, f, lives, uses); err != nil {
			return nil, err
		}
	}
	return uses, nil
}

type span struct{ from, to string } // days

type spans []span

func daysOf(lives map[string]Life) spans {
	seen := map[span]bool{} // even thousands of sessions share few spans
	for _, l := range lives {
		seen[span{dayOf(l.Opened), dayOf(l.Ends)}] = true
	}
	return slices.Collect(maps.Keys(seen))
}

func (s spans) hold(day string) bool {
	return slices.ContainsFunc(s, func(d span) bool { return d.from <= day && day <= d.to })
}

func countUses(h Dir, f file, lives map[string]Life, uses map[string]Use) error {
	// times ascend within a file, so only the last line of each session is parsed
	newest := map[string][]byte{}
	err := eachLine(h, f, func(_ int, text []byte, whole bool) bool {
		id := intentSession(text)
		if _, wanted := lives[string(id)]; wanted && whole {
			u := uses[string(id)]
			u.Count++
			uses[string(id)], newest[string(id)] = u, text
		}
		return true
	})
	for id, text := range newest {
		e, bad := audit.Decode(text)
		if at := time.UnixMilli(e.TS).UTC(); bad == nil && at.After(uses[id].Last) {
			uses[id] = Use{uses[id].Count, at}
		}
	}
	return err
}

var (
	intentMark  = []byte(`,"event":"` + eventIntent + `",`)
	sessionMark = []byte(`,"session":"`)
)

// intentSession returns the session of an intent, or nil for any other line. It does not parse the
// line, because a log may have a million lines a day. The order of the fields is fixed, and those
// before the session are short and hold no text of an agent.
func intentSession(text []byte) []byte {
	const before = 256
	_, rest, found := bytes.Cut(text[:min(len(text), before)], intentMark)
	if !found {
		return nil
	}
	if _, rest, found = bytes.Cut(rest, sessionMark); !found {
		return nil
	}
	id, _, _ := bytes.Cut(rest, []byte{'"'})
	return id
}
