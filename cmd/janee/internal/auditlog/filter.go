package auditlog

import (
	"strconv"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

// Filter chooses rows. The zero value is every call there ever was.
type Filter struct {
	Service, Capability, Agent string // "" for all
	Decision                   string // "allow", "deny", or "" for both
	// begun at Since or later, and before Until; zero for no bound
	Since, Until time.Time
	Limit        int // the newest so many; 0 for all
	// also what is not a call: open, session.*, config.*, key.*, …
	Events bool
}

// slowest bounds how long after its intent a result can be written: a call takes an hour at most,
// and the rest of a day is for a clock that was set meanwhile.
const slowest = 24 * time.Hour

// within reports whether files of this day can hold anything that the filter lets through, a result
// that belongs to it included. A record never stands in the file of a day before its own, so
// reading stops at the day of Since.
func (f Filter) within(day string) (older, newer bool) {
	older = !f.Since.IsZero() && day < dayOf(f.Since)
	newer = !f.Until.IsZero() && day > dayOf(f.Until.Add(slowest))
	return older, newer
}

// passes decides on a whole row: results do not repeat what was decided.
func (f Filter) passes(r Row) bool {
	switch r.Event {
	case eventIntent, eventResult, eventDeny:
	default:
		if !f.Events || f.Decision != "" {
			return false
		}
	}
	return matches(f.Service, r.Service) && matches(f.Capability, r.Capability) &&
		matches(f.Agent, r.Agent) &&
		(f.Decision == "" || (f.Decision == "deny") == (r.Event == eventDeny)) &&
		!r.Time.Before(f.Since) && (f.Until.IsZero() || r.Time.Before(f.Until))
}

// holds decides on one record by itself. A call is let through or refused; of anything else neither
// can be asked for.
func (f Filter) holds(r audit.Record) bool {
	decided := map[string]string{eventIntent: "allow", eventResult: "allow",
		eventDeny: "deny"}[r.Event]
	begun := time.UnixMilli(r.TS)
	return matches(f.Service, r.Service) && matches(f.Capability, r.Capability) &&
		matches(f.Agent, r.Agent) && matches(f.Decision, decided) &&
		!begun.Before(f.Since) && (f.Until.IsZero() || begun.Before(f.Until))
}

func matches(want, have string) bool { return want == "" || want == have }

// Row is one call, its intent and its result merged, or one other event. As JSON it has the fields
// of the audit log. Event is "result" for a call that came to an end, "intent" for one that did not
// (yet), "deny" for a refused one. Texts come from agents and upstreams: a terminal must not get
// their control characters.
type Row struct {
	Time time.Time `json:"ts"` // UTC, of the intent
	audit.Record
}

// Outcome is the HTTP status, the code of a refusal or failure, "?" for an intent without a result,
// and the name of any other event.
func (r Row) Outcome() string {
	switch {
	case r.Code != "":
		return r.Code
	case r.Status != 0:
		return strconv.Itoa(r.Status)
	case r.Event == eventIntent:
		return "?"
	}
	return r.Event
}

func row(r audit.Record) Row { return Row{time.UnixMilli(r.TS).UTC(), r} }

// join adds to an intent what its result knows more.
func join(intent, result audit.Record) audit.Record {
	intent.Event, intent.Status, intent.Code = result.Event, result.Status, result.Code
	intent.Bytes, intent.DurationMs, intent.Redactions, intent.Detail = result.Bytes,
		result.DurationMs, result.Redactions, result.Detail
	return intent
}
