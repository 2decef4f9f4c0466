package core

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/wire"
)

// Bounds of the header fields that an agent may give a request. Most APIs take half as much.
const (
	maxHeaders     = 64
	maxHeaderBytes = 32 << 10 // of names and values
)

// claims are the limits that the call has to keep: those of its capability, and those of all
// together.
func (s *subject) claims() []limit.Claim {
	list := make([]limit.Claim, 0, 2)
	if p := s.engine.config.Capabilities[s.call.Args.Capability]; p != nil {
		list = append(list, limit.Claim{Who: s.call.account(p.Name), Limits: p.Limits})
	}
	return append(list, limit.Claim{Who: s.call.account(""), Limits: s.engine.config.Limits})
}

// use is what the call sends for the agent, and the most that it returns.
func (s *subject) use() limit.Use {
	sent := len(s.call.Args.Path) + len(s.call.Args.Body)
	for _, h := range s.headers {
		sent += len(h.Name) + len(h.Value)
	}
	return limit.Use{Sent: int64(sent), Reply: s.maxBytes}
}

// least is the narrower of two bounds of a capability and of all; 0: there is none.
func (s *subject) least(of func(limit.Limits) int64) int64 {
	own, all := of(s.capability.Limits), of(s.engine.config.Limits)
	if own == 0 || all != 0 && all < own {
		return all
	}
	return own
}

// checkSize holds the request to its bounds, that of a person's own command as well. A reply may be
// long: it is cut to what may be returned.
func (s *subject) checkSize(In) *Denial {
	if len(s.call.Args.Headers) > maxHeaders {
		return s.tooLarge(fmt.Sprintf("the request has %d headers, and %d are allowed",
			len(s.call.Args.Headers), maxHeaders), "",
			"leave headers out, or send the data in the body")
	}
	n := 0
	for _, h := range s.call.Args.Headers {
		n += len(h.Name) + len(h.Value)
	}
	if n > maxHeaderBytes {
		return s.tooLarge(fmt.Sprintf(
			"the headers of the request have %d bytes, and %d are allowed", n, maxHeaderBytes), "",
			"send the data in the body")
	}
	most := s.least(func(l limit.Limits) int64 { return l.MaxRequestBytes })
	if n := int64(len(s.call.Args.Body)); most > 0 && n > most {
		return s.tooLarge(fmt.Sprintf("the body has %d bytes, and %d are allowed", n, most),
			fmt.Sprintf("limits.%s: %d", limit.MaxRequestBytes, most), "")
	}
	if most := s.least(func(l limit.Limits) int64 { return l.MaxResponseBytes }); most > 0 {
		s.maxBytes = min(s.maxBytes, most)
	}
	return nil
}

func (s *subject) tooLarge(why, policy, next string) *Denial {
	return s.deny(TooLarge).because(why, policy, next)
}

func (s *subject) tellSize(In) string {
	most := cmp.Or(s.least(func(l limit.Limits) int64 { return l.MaxResponseBytes }), wire.MaxBody)
	text := fmt.Sprintf("at most %s of a response are returned", sizeText(min(most, wire.MaxBody)))
	if most := s.least(func(l limit.Limits) int64 { return l.MaxRequestBytes }); most > 0 {
		text = fmt.Sprintf("a body may have %s; %s", sizeText(most), text)
	}
	return text
}

func sizeText(n int64) string {
	s := limit.FormatSize(n)
	if strings.HasSuffix(s, "B") {
		return s
	}
	return s + " bytes"
}

// checkLimits looks whether the call would be let through now. It is counted only once nothing else
// is in its way, by take.
func (s *subject) checkLimits(in In) *Denial {
	if s.call.Person() {
		return nil
	}
	if x := s.engine.limits.Look(in.Now.Mono, s.use(), s.claims()...); x != nil {
		return s.exceeds(x)
	}
	return nil
}

// take counts the call, which has passed every check, as one of the agent's, and as one under way
// until the flow is over.
func (f *Flow) take() *Denial {
	if f.call.Person() {
		return nil
	}
	t, x := f.engine.limits.Take(f.in().Now.Mono, f.use(), f.claims()...)
	if x != nil {
		return f.exceeds(x)
	}
	f.usage.ticket, f.maxBytes = t, t.Reply
	return nil
}

// exceeds says which limit it is, and when there may be room again.
func (s *subject) exceeds(x *limit.Excess) *Denial {
	of, where, fix := "all capabilities together", "", "limits in config.yaml"
	if name := x.Who.Capability; name != "" {
		of, where, fix = fmt.Sprintf("capability %q", name), "capabilities."+name+".",
			"`janee cap edit "+name+" --limit`"
	}
	policy := fmt.Sprintf("%slimits.%s: %d", where, x.Field, x.Most)
	seconds := max(1, int((x.WaitMs+999)/1000))
	next := fmt.Sprintf("wait %d seconds, then repeat the call; if your work needs more, tell "+
		"your user: %s raises the limit", seconds, fix)
	var d *Denial
	switch {
	case x.Never:
		return s.tooLarge(fmt.Sprintf(
			"the limit for %s is %d bytes an hour, and this request alone is larger", of, x.Most),
			policy, "")
	case x.Field == limit.Concurrent:
		d = s.deny(Busy).because(fmt.Sprintf(
			"you have reached the limit for %s: %s at a time", of, calls(x.Most)), policy, "")
	case x.Field == limit.BytesPerHour:
		d = s.deny(RateLimited).because(fmt.Sprintf(
			"the limit for %s is %d bytes an hour, and too few are left for this call", of, x.Most),
			policy, next)
	default:
		span := map[string]string{limit.PerMinute: "a minute", limit.PerHour: "an hour"}[x.Field]
		d = s.deny(RateLimited).because(
			fmt.Sprintf("you have reached the limit for %s: %s %s", of, calls(x.Most), span),
			policy, next)
	}
	d.RetryAfterSeconds = seconds
	return d
}

func calls(n int64) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

// tellLimits says what counts. Each process counts by itself, so what is left is told where a call
// is refused, and not here.
func (s *subject) tellLimits(In) string {
	var texts []string
	for _, c := range s.claims() {
		for _, field := range limit.Fields() {
			most := *field.In(&c.Limits)
			if most == 0 || field.Name == limit.MaxRequestBytes ||
				field.Name == limit.MaxResponseBytes {
				continue
			}
			text := field.Name + " " + field.Format(most)
			if c.Who.Capability == "" {
				text += " (all capabilities together)"
			}
			texts = append(texts, text)
		}
	}
	return "there is room: " + strings.Join(texts, ", ")
}

// usage is what a call holds of its agent's limits.
type usage struct {
	ticket   *limit.Ticket // nil: nothing, or nothing any more
	sent     bool          // the request went to the shell
	returned int64         // bytes of the reply that the agent got
}

// release ends what the call holds of its agent's limits. What a call that was dropped has sent is
// not known.
func (f *Flow) release() {
	u := &f.usage
	if u.ticket == nil {
		return
	}
	if f.talk.dropped {
		u.returned = u.ticket.Reply
	}
	used := int64(0)
	if u.sent {
		used = u.ticket.Sent + u.returned
	}
	u.ticket.End(f.in().Now.Mono, used)
	u.ticket = nil
}

// recordable reports whether a refusal gets a record of its own, and how many of the agent's
// refusals since its last record did not: an agent that repeats a refused call must not fill the
// disk. A person's own commands always get one.
func (f *Flow) recordable() (ok bool, missed int64) {
	c := &f.call
	if c.Person() {
		return true, 0
	}
	return f.engine.limits.Record(f.in().Now.Mono, c.account(""),
		len(c.Tool)+len(c.Args.Capability)+len(c.Args.Method)+len(c.Args.Path)+len(c.Args.Reason))
}

// Unrecorded are records of the refusals that had none of their own and that no record speaks of
// yet. A shell appends them when it ends.
func (e *Engine) Unrecorded(now Now) (records []Record) {
	missed := map[string]Record{}
	for who, n := range e.limits.Missed() {
		missed[who.Via+" "+who.Agent] = Record{
			TS:       now.Wall,
			Event:    "deny",
			Agent:    who.Agent,
			Via:      who.Via,
			Decision: "deny",
			Detail:   unrecorded(nil, n),
		}
	}
	for _, key := range slices.Sorted(maps.Keys(missed)) {
		records = append(records, missed[key])
	}
	return records
}

// unrecorded adds to a record how many refusals of the agent have none.
func unrecorded(detail map[string]string, n int64) map[string]string {
	if n == 0 {
		return detail
	}
	return with(detail, "unrecorded", fmt.Sprint(n))
}
