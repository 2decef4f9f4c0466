// Package abi is how a shell that cannot import Go uses package core: messages of bytes go in, and
// messages of bytes come out. docs/formats.md describes them under "ABI". The module in wasm/
// exports this package and adds nothing to it, so what is tested here is what runs there.
//
// An [Instance] keeps engines (a loaded config.yaml, with its root key and its chain of the audit
// log) and flows (calls under way) between requests, and names both by handles. Instance.Handle
// reads a request strictly (see fields), runs one of the ops, and writes the answer; a [Door] puts
// the Instance behind the two buffers that a module exports. Like core, this package reads no clock
// and no randomness: both come with each request.
//
// The types of steps, events and answers describe the messages. A test generates
// openclaw-plugin/src/messages.ts from them, with their comments.
package abi

import "errors"

// Version is the version of the messages. Requests of any other version are refused.
const Version = 1

// Instance holds what stays between requests. The zero value is ready to use. It is not safe for
// concurrent use.
type Instance struct {
	engines map[int64]*engine
	flows   map[int64]*flow
	// the last handle; engines and flows share the numbers, so that one cannot be taken for the
	// other
	last int64
}

// op answers one kind of request: the members of the answer, a struct, and its raw bytes.
type op struct {
	do func(i *Instance, f *fields, raw []byte) (members any, out []byte, err error)
	// requests carry raw bytes: a config.yaml, arguments of a call, files, a chunk, lines of the
	// log, a value to seal
	raw bool
}

var ops = map[string]op{
	"version": {do: version}, "tools": {do: tools}, "drop": {do: drop}, "wipe": {do: wipe},
	"inspect": {do: inspect, raw: true}, "load": {do: load, raw: true},
	"reload": {do: reload, raw: true}, "chain": {do: newChain}, "unrecorded": {do: unrecorded},
	"needs": {do: needs, raw: true}, "begin": {do: begin, raw: true},
	"resume": {do: resume, raw: true}, "scrub": {do: scrub, raw: true}, "lines": {do: lines},
	"look": {do: look, raw: true}, "prompt": {do: prompt},
	"classify": {do: classify}, "verify": {do: verify, raw: true}, "seal": {do: seal, raw: true},
}

// Handle answers one frame with one frame. It does not keep the request, and the caller owns the
// answer. No panic escapes, and no answer repeats the text of one: it could hold a credential.
func (i *Instance) Handle(frame []byte) (answer []byte) {
	defer func() {
		if recover() != nil {
			answer = failure(&fault{code: internal, message: "Janee failed internally"})
		}
	}()
	members, raw, err := i.do(frame)
	if err == nil {
		return success(members, raw)
	}
	f := (*fault)(nil)
	if !errors.As(err, &f) {
		f = &fault{code: internal, message: "Janee failed internally"}
	}
	return failure(f)
}

func (i *Instance) do(frame []byte) (members any, out []byte, err error) {
	text, raw, err := split(frame)
	if err != nil {
		return nil, nil, err
	}
	f := read(text)
	if f.fault == nil && string(f.take("v")) != "1" {
		return nil, nil, &fault{code: unknownVersion, message: "v must be 1"}
	}
	name := f.text("op")
	if f.fault != nil {
		return nil, nil, f.fault
	}
	op, ok := ops[name]
	if !ok {
		return nil, nil, &fault{code: unknownOp, message: "there is no such op"}
	}
	if len(raw) > 0 && !op.raw {
		return nil, nil, bad("%s takes no raw bytes", name)
	}
	return op.do(i, f, raw)
}

func (i *Instance) handle() int64 {
	i.last++
	return i.last
}

// versionAnswer is the version of the messages, and how many bytes a request and a chunk may have.
type versionAnswer struct {
	ABI      int `json:"abi"`
	MaxFrame int `json:"maxFrame"`
	MaxChunk int `json:"maxChunk"`
}

// emptyAnswer has no members: what was asked is done.
type emptyAnswer struct{}

func version(_ *Instance, f *fields, _ []byte) (any, []byte, error) {
	return versionAnswer{Version, MaxFrame, MaxChunk}, nil, f.end()
}

// drop forgets an engine with its flows, or one flow. What is gone already counts as dropped.
func drop(i *Instance, f *fields, _ []byte) (any, []byte, error) {
	of := "engine"
	if !f.has(of) {
		of = "flow"
	}
	h := f.number(of)
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	if of == "flow" {
		if fl := i.flows[h]; fl != nil { // thousands may wait, so that none looks at all of them
			delete(i.flows, h)
			fl.drop()
		}
		return emptyAnswer{}, nil, nil
	}
	e := i.engines[h]
	i.giveUp(func(fl *flow) bool { return fl.engine == e })
	if e != nil {
		e.core.Close()
	}
	delete(i.engines, h)
	return emptyAnswer{}, nil, nil
}

// giveUp drops and forgets the flows that match. Forgetting one alone would leave its code parked
// for as long as the module lives.
func (i *Instance) giveUp(match func(*flow) bool) {
	for h, fl := range i.flows {
		if match(fl) {
			delete(i.flows, h)
			fl.drop()
		}
	}
}

// wipe forgets everything.
func wipe(i *Instance, f *fields, _ []byte) (any, []byte, error) {
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	i.giveUp(func(*flow) bool { return true })
	for _, e := range i.engines {
		e.core.Close()
	}
	i.engines, i.flows = nil, nil
	return emptyAnswer{}, nil, nil
}
