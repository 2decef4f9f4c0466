package abi

import "github.com/true-and-useful/janee/core"

// event reads what came of the pending step, and whether its lines were lost.
func (fl *flow) event(f *fields) (ev core.Event, lost bool) {
	e := f.object("event")
	switch kind := e.optional("type"); kind {
	case "committed":
		// Records that could not be made into lines, or whose lines were lost, are not in the log, whatever the shell says.
		lost = e.flag("lost")
		ev = core.Committed{Exists: e.texts("exists"), Err: e.flag("err") || lost || fl.unlined}
	case "listed":
		ev = core.Listed{Err: e.flag("err")}
	case "answered":
		ev = core.Answered{}
	case "head":
		ev = core.Head{Status: int(e.number("status")), Headers: e.headers("headers")}
	case "ended":
		ev = core.Ended{Err: e.optional("err"), Detail: e.optional("detail"), Truncated: e.flag("truncated"), Bytes: e.number("bytes")}
	case "stopped":
		ev = core.Stopped{Why: e.text("why")}
	default:
		e.wrong("unknown type %.64q", kind)
	}
	if err := e.end(); err != nil {
		f.wrong("event: %v", err)
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
		text, ok := unquote(m.value)
		if !ok {
			f.wrong("%s must hold strings", name)
		}
		out[m.name] = []byte(text)
	}
	return out
}
