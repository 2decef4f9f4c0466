package abi

import (
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/config"
)

// flow is a call, from needs to its end.
type flow struct {
	engine *engine
	config *config.Config // in force when the call came; that of engine may have changed since
	decide *core.Engine   // likewise
	call   core.Call
	needs  []string
	core   *core.Flow // nil: not begun

	pending core.Step
	sealed  string // writer of the lines that the pending commit holds
	unlined bool   // the pending commit has records for which there are no lines
	lined   bool   // the lines of the pending flight were made
}

// maxFlows bounds how many calls a shell that never ends them can pile up.
const maxFlows = 10_000

// call reads what a call is and who makes it. raw is the arguments as the agent gave them: a fault
// in them is the agent's, to be recorded and refused, and does not make the request wrong.
func (f *fields) call(raw []byte) core.Call {
	c := core.Call{
		Caller: core.Caller{
			Agent:          f.text("agent"),
			Via:            f.text("via"),
			Client:         f.optional("client"),
			IdentitySource: f.optional("identitySource"),
			SelfNamed:      f.flag("selfNamed"),
		}, Tool: f.text("tool"),
	}
	return c.WithArguments(raw)
}

// needs takes a call and names the state files that begin wants to see.
func needs(i *Instance, f *fields, raw []byte) (any, []byte, error) {
	e, c := i.engine(f), f.call(raw)
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	if len(i.flows) >= maxFlows {
		return nil, nil, &fault{code: tooLarge, message: "too many calls are under way"}
	}
	h := i.handle()
	fl := &flow{engine: e, config: e.config, decide: e.core, call: c, needs: e.core.Needs(c)}
	i.keep(h, fl)
	return needsAnswer{h, fl.needs}, nil, nil
}

// needsAnswer is the handle of a call, and the names of the files that begin wants to see.
type needsAnswer struct {
	Flow  int64    `json:"flow"`
	Files []string `json:"files"`
}

// stepAnswer is what to do next. It is null after the head of a reply that the agent does not get:
// the request goes on.
type stepAnswer struct {
	Step any `json:"step"`
}

// begin judges the call.
func begin(i *Instance, f *fields, raw []byte) (any, []byte, error) {
	h, fl := i.flow(f)
	in := f.in()
	if fl != nil {
		if fl.core != nil {
			f.wrong("the call has begun")
		}
		in.Files = f.files(fl.needs, raw)
	}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	return i.next(h, fl, in, func() (s core.Step) {
		fl.core, s = fl.decide.Begin(in, fl.call)
		return s
	})
}

// next takes a step and answers it. A call that panics on the way is over.
func (i *Instance) next(h int64, fl *flow, in core.In, take func() core.Step) (any, []byte, error) {
	delete(i.flows, h)
	whole := false
	defer func() {
		if !whole {
			fl.drop()
		}
	}()
	s := take()
	step, out := fl.step(in.Now, s)
	if _, done := s.(core.Done); !done {
		i.keep(h, fl)
	}
	whole = true
	return stepAnswer{step}, out, nil
}

// drop gives up a call that does not go on.
func (fl *flow) drop() {
	if fl.core != nil {
		fl.core.Drop()
	}
}

func (i *Instance) keep(h int64, fl *flow) {
	if i.flows == nil {
		i.flows = map[int64]*flow{}
	}
	i.flows[h] = fl
}

func (i *Instance) flow(f *fields) (int64, *flow) {
	h := f.number("flow")
	fl := i.flows[h]
	if fl == nil && f.fault == nil {
		f.fault = &fault{code: noSuchFlow,
			message: "there is no such call: it is over, or of another instance"}
	}
	return h, fl
}

// resume takes an event and answers the next step; after the head of a reply, a relay or null.
func resume(i *Instance, f *fields, raw []byte) (any, []byte, error) {
	h, fl := i.flow(f)
	in := f.in()
	var ev core.Event
	var lost bool
	if fl != nil {
		if fl.core == nil {
			f.wrong("the call has not begun")
		}
		ev, lost = fl.event(f, raw)
		in.Files = fl.found(f, ev, raw)
	}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	if lost {
		fl.engine.chain.lost(fl.sealed)
	}
	return i.next(h, fl, in, func() core.Step { return fl.core.Resume(in, ev) })
}

// found reads the files that go with an event: all files of the directory that was listed, or those
// that an ask watches.
func (fl *flow) found(f *fields, ev core.Event, raw []byte) map[string][]byte {
	switch ev.(type) {
	case core.Listed:
		var names []string
		f.list("names", &names)
		return f.files(names, raw)
	case core.Answered, core.Said, core.Filled:
		return f.files(fl.watch(), raw)
	case core.Ended:
		if fl.flight() {
			return nil // raw is the reply's body
		}
	}
	if len(raw) > 0 {
		f.wrong("the event takes no raw bytes")
	}
	return nil
}

// watch names the files that may end what the call waits for.
func (fl *flow) watch() []string {
	switch s := fl.pending.(type) {
	case core.Ask:
		return s.Watch
	case core.Send:
		return s.Watch
	}
	return nil
}

// lookAnswer says whether a call has been revoked, and whether a person has answered.
type lookAnswer struct {
	Revoked bool `json:"revoked"`
	Settled bool `json:"settled"`
}

// look tells whether the watched files, as found now, end the wait for a person or the request
// under way.
func look(i *Instance, f *fields, raw []byte) (any, []byte, error) {
	_, fl := i.flow(f)
	in := core.In{Now: f.now()}
	if fl != nil {
		if in.Files = f.files(fl.watch(), raw); fl.watch() == nil {
			f.wrong("the call waits for nothing")
		}
	}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	_, asks := fl.pending.(core.Ask)
	revoked := fl.core.Revoked(in)
	return lookAnswer{revoked, asks && !revoked && fl.core.Settled(in)}, nil, nil
}

func (fl *flow) flight() bool {
	s, _ := fl.pending.(core.Send)
	return s.Flight != ""
}

// linesAnswer has the commit that comes before a flight.
type linesAnswer struct {
	Commit commitStep `json:"commit"`
}

// lines makes the lines that are in the log before a flight is sent. They are made for the flow
// that sends it alone: those of flows that share it would be a gap.
func lines(i *Instance, f *fields, _ []byte) (any, []byte, error) {
	_, fl := i.flow(f)
	now := f.now()
	s := fl.sending(f)
	if f.fault == nil && (s.Flight == "" || fl.lined) {
		f.wrong("there are no lines to make")
	}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	fl.lined = true
	c := commitStep{Type: "commit", Writes: []fileWrite{}}
	if fl.line(now, s.Records, &c); fl.unlined {
		return nil, nil, bad("the request cannot be recorded: begin another chain")
	}
	return linesAnswer{c}, nil, nil
}

// sending returns the request that is under way.
func (fl *flow) sending(f *fields) (s core.Send) {
	if fl == nil {
		return s
	}
	s, ok := fl.pending.(core.Send)
	if !ok {
		f.wrong("no request is under way")
	}
	return s
}

// scrub masks secrets in the next chunk of a reply's body.
func scrub(i *Instance, f *fields, raw []byte) (any, []byte, error) {
	_, fl := i.flow(f)
	last := f.flag("last")
	// Before a request there would be nothing to mask with, and the reply of a flight is a secret
	// as a whole.
	if s := fl.sending(f); s.Flight != "" {
		f.wrong("the reply of a flight is not for an agent")
	}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	if len(raw) > MaxChunk {
		return nil, nil, &fault{code: tooLarge, message: "a chunk is too large"}
	}
	return emptyAnswer{}, fl.core.Scrub(raw, last), nil
}
