package abi

import (
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/secret"
)

// The events that resume takes, as package core has them too: each type is what a shell writes.
// Members that are left out are "", false or nothing; those without omitempty must be there.

// committedEvent answers a commit.
type committedEvent struct {
	// what is there of each write and hold whose condition was not met; null: no file
	Exists map[string]*string `json:"exists,omitempty"`
	// a hold was not met, and nothing was done
	Stale bool `json:"stale,omitempty"`
	// something could not be read, written or made durable
	Err bool `json:"err,omitempty"`
	// the lines were not stored: their chain has a gap
	Lost bool `json:"lost,omitempty"`
}

// listedEvent answers a list, with names and files of what is there.
type listedEvent struct {
	// the directory cannot be read
	Err bool `json:"err,omitempty"`
}

// answeredEvent answers an ask whose wait is over. What was answered is in the files of watch.
type answeredEvent struct{}

// saidEvent answers an ask with what a person said over a channel that the agent does not control.
// Where there is a PIN, only a no is taken.
type saidEvent struct {
	Decision decision `json:"decision"`
	Scope    scope    `json:"scope"`
	// names the channel, such as openclaw
	By string `json:"by"`
}

// filledEvent answers an ask with a form that was filled in and sent in the agent's client.
type filledEvent struct {
	Code     string     `json:"code"`
	Decision formAnswer `json:"decision"`
}

// headEvent is the head of a reply.
type headEvent struct {
	Status  int64       `json:"status"`
	Headers [][2]string `json:"headers"`
}

// endedEvent is the end of a send: of the reply, or of the attempt.
type endedEvent struct {
	Err ending `json:"err,omitempty"`
	// for the log of the owner
	Detail    string `json:"detail,omitempty"`
	Truncated bool   `json:"truncated,omitempty"`
	// of the body that the agent gets
	Bytes int64 `json:"bytes"`
}

// landedEvent is the end of a send with a flight; the body of the reply comes as raw bytes.
type landedEvent struct {
	Err ending `json:"err,omitempty"`
	// for the log of the owner
	Detail    string `json:"detail,omitempty"`
	Truncated bool   `json:"truncated,omitempty"`
	// this call is the first one that is told
	First bool `json:"first,omitempty"`
	// this call's lines were not stored: their chain has a gap
	Lost bool `json:"lost,omitempty"`
}

// stoppedEvent ends a call from outside, at any step.
type stoppedEvent struct {
	Why reason `json:"why"`
	// of the body that the agent got before
	Bytes int64 `json:"bytes,omitempty"`
}

// ending is what ended a send other than the end of the reply.
type ending string

// reason is why a call is stopped.
type reason string

// decision is what a person decides.
type decision string

// scope is how far a decision reaches.
type scope string

// formAnswer is what a form offers a person.
type formAnswer string

// event reads what came of the pending step, and whether its lines were lost. body is the reply of
// a flight, which passes no scrubber and reaches the core alone.
func (fl *flow) event(f *fields, body []byte) (ev core.Event, lost bool) {
	e := f.object("event")
	switch kind := e.optional("type"); kind {
	case "committed":
		ev, lost = fl.committed(e)
	case "listed":
		var l listedEvent
		e.into(&l)
		ev = core.Listed(l)
	case "answered":
		ev = core.Answered{}
	case "said":
		ev = fl.said(e)
	case "filled":
		var p filledEvent
		e.into(&p)
		e.asking(fl)
		ev = core.Filled{Code: p.Code, Decision: string(p.Decision)}
	case "head":
		var h headEvent
		e.into(&h)
		ev = core.Head{Status: int(h.Status), Headers: headers(h.Headers)}
	case "ended":
		ev, lost = fl.ended(e, body)
	case "stopped":
		var s stoppedEvent
		e.into(&s)
		ev = core.Stopped{Why: string(s.Why), Bytes: s.Bytes}
	default:
		e.wrong("unknown type %.64q", kind)
	}
	if err := e.end(); err != nil {
		f.wrong("event: %v", err)
	}
	return ev, lost
}

// committed counts records that could not be made into lines, or whose lines were lost, as not
// written, whatever the shell says.
func (fl *flow) committed(e *fields) (ev core.Committed, lost bool) {
	var c committedEvent
	e.into(&c)
	ev = core.Committed{Stale: c.Stale, Err: c.Err || c.Lost || fl.unlined}
	if c.Exists != nil {
		ev.Exists = make(map[string][]byte, len(c.Exists))
	}
	for name, found := range c.Exists {
		ev.Exists[name] = nil
		if found != nil {
			ev.Exists[name] = []byte(*found)
		}
	}
	return ev, c.Lost
}

func (fl *flow) said(e *fields) core.Said {
	var s saidEvent
	e.into(&s)
	if s.Decision != approval.Allow && s.Decision != approval.Deny ||
		s.Scope != approval.Once && s.Scope != approval.Session {
		e.wrong("decision must be allow or deny, scope once or session")
	}
	if s.By == approval.ByCommand {
		e.wrong("by must not be that of janee approve, which asks for the PIN")
	}
	e.asking(fl)
	if e.fault == nil && s.Decision == approval.Allow && !fl.core.TakesYes() {
		e.wrong("a yes needs the PIN, which only janee approve asks for")
	}
	return core.Said{Decision: string(s.Decision), Scope: string(s.Scope), By: s.By}
}

func (fl *flow) ended(e *fields, body []byte) (ev core.Ended, lost bool) {
	if s, _ := fl.pending.(core.Send); s.Flight == "" {
		var r endedEvent
		e.into(&r)
		return core.Ended{Err: string(r.Err), Detail: r.Detail, Truncated: r.Truncated,
			Bytes: r.Bytes}, false
	}
	var r landedEvent
	e.into(&r)
	if r.Lost {
		r.Err = core.ErrUnrecorded
	}
	return core.Ended{Err: string(r.Err), Detail: r.Detail, Truncated: r.Truncated,
		Body: secret.New(string(body)), First: r.First}, r.Lost
}

func headers(pairs [][2]string) (out []core.Header) {
	for _, p := range pairs {
		out = append(out, core.Header{Name: p[0], Value: p[1]})
	}
	return out
}
