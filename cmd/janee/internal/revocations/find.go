package revocations

import (
	"fmt"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

const (
	shortID   = 8  // hex digits
	maxListed = 10 // matches that an error names
)

// Find returns the session whose id begins with prefix. Where several do, those that want prefers
// are looked at first; more than one is an error that lists them.
func (o *Overview) Find(prefix string, want func(Session) bool) (Session, error) {
	found := slices.DeleteFunc(slices.Clone(o.Sessions), func(s Session) bool {
		return !strings.HasPrefix(s.ID, strings.ToLower(prefix))
	})
	if preferred := slices.DeleteFunc(slices.Clone(found), func(s Session) bool {
		return !want(s)
	}); len(preferred) > 0 {
		found = preferred
	}
	switch {
	case prefix == "" || len(found) == 0:
		return Session{},
			hint.Errorf(hint.Failed,
				"`janee sessions --all` lists them; "+
					"of each agent and capability only the newest session is kept",
				"no session has an id that begins with %q", prefix)
	case len(found) > 1:
		return Session{}, hint.Errorf(hint.Failed, "give more digits",
			"%d sessions have an id that begins with %q:%s", len(found), prefix, o.listed(found))
	}
	return found[0], nil
}

func (o *Overview) listed(found []Session) string {
	var text strings.Builder
	digits := max(o.Digits(), shortID)
	for i, s := range found {
		if i == maxListed {
			text.WriteString("\n  …")
			break
		}
		fmt.Fprintf(&text, "\n  %s  %s on %s, %s", s.ID[:min(digits, len(s.ID))], s.Agent,
			s.Capability, s.Status)
	}
	return text.String()
}

// Digits is how many digits of an id are needed to tell all sessions apart: 8 but for a rare
// accident.
func (o *Overview) Digits() int {
	ids := make([]string, len(o.Sessions))
	for i, s := range o.Sessions {
		ids[i] = s.ID
	}
	slices.Sort(ids)
	digits := shortID
	for i := 1; i < len(ids); i++ {
		for digits < min(len(ids[i]), len(ids[i-1])) && ids[i][:digits] == ids[i-1][:digits] {
			digits++
		}
	}
	return digits
}
