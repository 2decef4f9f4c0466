package abi

import (
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/approval"
)

// answer makes what a person said to the question of a pending ask, over a channel that the agent does not hold. The shell does the commit,
// then the write, then goes on as with any other answer; without the commit there is no answer.
func answer(i *Instance, f *fields, _ []byte) (any, []byte, error) {
	_, fl := i.flow(f)
	now, decision, scope, by := f.now(), f.text("decision"), f.text("scope"), f.text("by")
	var q core.Question
	if fl != nil {
		ask, asking := fl.pending.(core.Ask)
		if q = ask.Question; !asking {
			f.wrong("no person is asked")
		}
	}
	if decision != approval.Allow && decision != approval.Deny || scope != approval.Once && scope != approval.Session {
		f.wrong("decision must be allow or deny, scope once or session")
	}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	e := fl.engine
	if e.chain.lines == nil {
		return nil, nil, bad("the answer cannot be recorded: begin another chain")
	}
	a, record := core.Say(q, decision, scope, by, now.Wall, 0)
	return struct {
		Commit commitStep `json:"commit"`
		Write  fileWrite  `json:"write"`
	}{e.record(now, record), fileWrite{approval.AnswerFile(q.ID), string(a.Encode(e.vault.Key("state"))), true}}, nil, nil
}

// record makes the commit of a record that belongs to no step. Without a chain it holds no line.
func (e *engine) record(now core.Now, records ...core.Record) commitStep {
	c := commitStep{Type: "commit", Writes: []fileWrite{}, Lines: []string{}}
	if lines, ok := e.chain.seal(now, records); ok && len(lines) > 0 {
		c.Lines, c.Writer = lines, e.chain.writer
	}
	return c
}
