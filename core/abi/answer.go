package abi

import (
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/approval"
)

// maxPrompt bounds what a shell may ask for at once.
const maxPrompt = 64 << 10

// prompt makes the text that asks about the request of a pending ask in a place of the shell's own;
// "" where it must not be asked there.
func prompt(i *Instance, f *fields, _ []byte) (any, []byte, error) {
	_, fl := i.flow(f)
	most := f.number("most")
	f.asking(fl)
	if most < 0 || most > maxPrompt {
		f.wrong("most must be 0 to %d", maxPrompt)
	}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	return struct {
		Text string `json:"text"`
	}{fl.core.Form(int(most))}, nil, nil
}

// said reads what a person said to the question of a pending ask, over a channel that the agent
// does not hold. Where there is a PIN, only a no is taken.
func (fl *flow) said(e *fields) core.Said {
	s := core.Said{Decision: e.text("decision"), Scope: e.text("scope"), By: e.text("by")}
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
	return s
}

// asking wants a call that waits for a person.
func (f *fields) asking(fl *flow) {
	if fl == nil {
		return
	}
	if _, ok := fl.pending.(core.Ask); !ok {
		f.wrong("no person is asked")
	}
}

// record makes the commit of a record that belongs to no step. Without a chain it holds no line.
func (e *engine) record(now core.Now, records ...core.Record) commitStep {
	c := commitStep{Type: "commit", Writes: []fileWrite{}, Lines: []string{}}
	if lines, ok := e.chain.seal(now, records); ok && len(lines) > 0 {
		c.Lines, c.Writer = lines, e.chain.writer
	}
	return c
}
