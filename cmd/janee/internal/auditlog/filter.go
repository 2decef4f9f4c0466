package auditlog

import (
	"strconv"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

// Filter selects rows; the zero value selects every call.
type Filter struct {
	Service, Capability, Agent string // "" for all
	Decision                   string // "allow", "deny", or "" for both
	// Since and Until select what began at Since or later, and before Until; zero for no bound.
	Since, Until time.Time
	Limit        int // how many rows, the newest first; 0 for all
	// Events also selects what is not a call: open, session.*, config.*, key.*, …
	Events bool
}

// slowest is the longest time between an intent and its result: a call takes an hour at most, and
// the rest of the day is for a clock that was set meanwhile.
const slowest = 24 * time.Hour

// within reports whether the files of a day are too old or too new to hold anything that the filter
// selects, including results of calls that it selects. A record is never in the file of a day
// before its own, so reading stops at the day of Since.
func (f Filter) within(day string) (older, newer bool) {
	older = !f.Since.IsZero() && day < dayOf(f.Since)
	newer = !f.Until.IsZero() && day > dayOf(f.Until.Add(slowest))
	return older, newer
}

// passes reports whether the filter selects a whole row. It needs the row, because a result does
// not repeat the decision.
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

// holds reports whether the filter selects one record by itself. Only calls have a decision, so a
// filter with one selects no other records.
func (f Filter) holds(r audit.Record) bool {
	decided := map[string]string{
		eventIntent: "allow",
		eventResult: "allow",
		eventDeny:   "deny",
	}[r.Event]
	begun := time.UnixMilli(r.TS)
	return matches(f.Service, r.Service) && matches(f.Capability, r.Capability) &&
		matches(f.Agent, r.Agent) && matches(f.Decision, decided) &&
		!begun.Before(f.Since) && (f.Until.IsZero() || begun.Before(f.Until))
}

func matches(want, have string) bool { return want == "" || want == have }

// Row is one call, with its intent and its result merged, or one other event. Its JSON has the
// fields of the audit log. Event is "result" for a call that has ended, "intent" for one that has
// not (yet), and "deny" for a refused one. Its texts come from agents and upstreams, so remove
// control characters before you write them to a terminal.
type Row struct {
	Time time.Time `json:"ts"` // UTC, of the intent
	audit.Record
}

// Outcome returns the code of a refusal or failure, the HTTP status, "?" for an intent without a
// result, or the name of any other event.
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

// join adds to an intent what only its result knows.
func join(intent, result audit.Record) audit.Record {
	intent.Event, intent.Status, intent.Code = result.Event, result.Status, result.Code
	intent.Bytes, intent.DurationMs = result.Bytes, result.DurationMs
	intent.Redactions, intent.Detail = result.Redactions, result.Detail
	return intent
}
