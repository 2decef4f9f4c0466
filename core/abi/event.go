package abi

import (
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/tool"
)

// event reads what came of the pending step, and whether its lines were lost. body is the reply of
// a flight, which no scrubber sees and nobody but the core.
func (fl *flow) event(f *fields, body []byte) (ev core.Event, lost bool) {
	e := f.object("event")
	switch kind := e.optional("type"); kind {
	case "committed":
		// Records that could not be made into lines, or whose lines were lost, are not in the log,
		// whatever the shell says.
		lost = e.flag("lost")
		ev = core.Committed{
			Exists: e.texts("exists"),
			Stale:  e.flag("stale"),
			Err:    e.flag("err") || lost || fl.unlined,
		}
	case "listed":
		ev = core.Listed{Err: e.flag("err")}
	case "answered":
		ev = core.Answered{}
	case "said":
		ev = fl.said(e)
	case "filled":
		ev = core.Filled{Code: e.text("code"), Decision: e.text("decision")}
		e.asking(fl)
	case "head":
		ev = core.Head{Status: int(e.number("status")), Headers: e.headers("headers")}
	case "ended":
		ev, lost = fl.ended(e, body)
	case "stopped":
		stopped := core.Stopped{Why: e.text("why")}
		if e.has("bytes") {
			stopped.Bytes = e.number("bytes")
		}
		ev = stopped
	default:
		e.wrong("unknown type %.64q", kind)
	}
	if err := e.end(); err != nil {
		f.wrong("event: %v", err)
	}
	return ev, lost
}

func (fl *flow) ended(e *fields, body []byte) (ev core.Ended, lost bool) {
	ev = core.Ended{
		Err:       e.optional("err"),
		Detail:    e.optional("detail"),
		Truncated: e.flag("truncated"),
	}
	if s, _ := fl.pending.(core.Send); s.Flight == "" {
		ev.Bytes = e.number("bytes")
		return ev, false
	}
	ev.Body, ev.First = secret.New(string(body)), e.flag("first")
	if lost = e.flag("lost"); lost {
		ev.Err = core.ErrUnrecorded
	}
	return ev, lost
}

// texts is an object of strings; it may be absent.
func (f *fields) texts(name string) map[string][]byte {
	if !f.has(name) {
		return nil
	}
	found := f.object(name)
	out := make(map[string][]byte, len(found.members))
	for _, m := range found.members {
		text, ok := tool.Unquote(m.value)
		if !ok {
			f.wrong("%s must hold strings", name)
		}
		out[m.name] = []byte(text)
	}
	return out
}
