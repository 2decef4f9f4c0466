package abi

import "github.com/true-and-useful/janee/core"

// maxPrompt limits how long a text a shell may ask for.
const maxPrompt = 64 << 10

// promptAnswer is the text to show, "" where the person must not be asked there.
type promptAnswer struct {
	Text string `json:"text"`
}

// prompt makes the text that asks about the request of a pending ask in a place of the shell's own.
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
	return promptAnswer{fl.core.Form(int(most))}, nil, nil
}

// asking refuses a call that does not wait for a person.
func (f *fields) asking(fl *flow) {
	if fl == nil {
		return
	}
	if _, ok := fl.pending.(core.Ask); !ok {
		f.wrong("no person is asked")
	}
}

// record makes the commit of records that belong to no step. Without a chain it has no lines.
func (e *engine) record(now core.Now, records ...core.Record) commitStep {
	c := commitStep{Type: "commit", Writes: []fileWrite{}, Lines: []string{}}
	if lines, ok := e.chain.seal(now, records); ok && len(lines) > 0 {
		c.Lines, c.Writer = lines, e.chain.writer
	}
	return c
}
