package abi

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"net/url"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/egress"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/vault"
)

// definition is a tool as it is offered to agents.
type definition struct {
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"inputSchema"`
	Output      json.RawMessage `json:"outputSchema"`
	ReadOnly    bool            `json:"readOnly"`
	Destructive bool            `json:"destructive"`
	Idempotent  bool            `json:"idempotent"`
	OpenWorld   bool            `json:"openWorld"`
	OpenClaw    bool            `json:"openClaw"` // the OpenClaw plugin offers it
}

// toolsAnswer is what is offered to agents, and what they are told about all of it.
type toolsAnswer struct {
	Instructions string       `json:"instructions"`
	Tools        []definition `json:"tools"`
}

// tools answers what is offered to agents.
func tools(_ *Instance, f *fields, _ []byte) (any, []byte, error) {
	list := []definition{}
	for _, d := range core.Tools() {
		list = append(list, definition{d.Name, d.Title, d.Description, d.Input, d.Output,
			d.ReadOnly, d.Destructive, d.Idempotent, d.OpenWorld, d.OpenClaw})
	}
	return toolsAnswer{tool.Instructions, list}, nil, f.end()
}

// classifyAnswer is the class of a host or an address. Permit says of an address whether the
// request under way may be sent there; for a host it is left out.
type classifyAnswer struct {
	Class  string `json:"class"`
	Permit *bool  `json:"permit,omitempty"`
}

// classify says what a host is by its spelling; or what an address is, and whether the request of a
// flow may be sent there.
func classify(i *Instance, f *fields, _ []byte) (any, []byte, error) {
	if f.has("host") {
		host := f.text("host")
		return classifyAnswer{Class: egress.ClassifyHost(host).String()}, nil, f.end()
	}
	_, fl := i.flow(f)
	addr, err := netip.ParseAddr(f.text("addr"))
	if err != nil {
		f.wrong("addr must be an address")
	}
	port := f.number("port")
	if port < 1 || port > 65535 {
		f.wrong("port must be 1 to 65535")
	}
	s := fl.sending(f)
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	permit := fl.guard(s).Permit(netip.AddrPortFrom(addr, uint16(port))) == nil
	return classifyAnswer{egress.Classify(addr).String(), &permit}, nil, nil
}

// guard says where a request may be sent: to its service or, for a flight, to the host of its token
// endpoint, under the terms of the service. With a proxy, the address of the proxy is dialled. The
// zero guard permits nothing.
func (fl *flow) guard(s core.Send) egress.Guard {
	service := fl.config.Services[s.Service]
	if s.Flight == "" || service.Proxy != "" {
		return service.Guard
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return egress.Guard{}
	}
	g, err := service.Guard.For(u.Hostname())
	if err != nil {
		return egress.Guard{}
	}
	return g
}

// verifyAnswer has what a verification found, once its last piece has come.
type verifyAnswer struct {
	Problems *[]audit.Problem `json:"problems,omitempty"`
}

// verify checks whole lines of the log, piece by piece. The first piece of a verification says
// first; the last one says last, and gets what was found. Pieces of one file come in order; line is
// the number of the first line, from 1. part is which part of its day the file is; 1 if it is left
// out.
func verify(i *Instance, f *fields, raw []byte) (any, []byte, error) {
	e, first, last := i.engine(f), f.flag("first"), f.flag("last")
	file, writer, day, line := f.text("file"), f.text("writer"), f.text("day"), f.number("line")
	part := int64(1)
	if f.has("part") {
		part = f.number("part")
	}
	if len(raw) > 0 && raw[len(raw)-1] != '\n' {
		f.wrong("verify takes whole lines")
	}
	if f.fault == nil && e.vault == nil {
		f.wrong("an engine without a root key verifies nothing")
	}
	if f.fault == nil && e.verifier == nil && !first {
		f.wrong("the first piece of a verification says first")
	}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	if first {
		e.verifier = audit.NewVerifier(func(writer string) []byte {
			return e.vault.Key("audit/" + writer)
		})
	}
	if line == 1 {
		e.verifier.File(file, writer, day, int(part))
	}
	for text := range bytes.Lines(raw) {
		e.verifier.Line(int(line), text[:len(text)-1])
		line++
	}
	if !last {
		return verifyAnswer{}, nil, nil
	}
	problems := append([]audit.Problem{}, e.verifier.Problems()...)
	e.verifier = nil
	return verifyAnswer{&problems}, nil, nil
}

// sealAnswer is the sealed text of a value.
type sealAnswer struct {
	Sealed string `json:"sealed"`
}

// seal makes sealed text of a value, which opens only in the place that the members name.
func seal(i *Instance, f *fields, raw []byte) (any, []byte, error) {
	e, rand := i.engine(f), f.rand()
	b := vault.Binding{
		Service: f.text("service"),
		Field:   f.text("field"),
		Type:    f.text("type"),
		Origin:  f.text("origin"),
	}
	kid := f.optional("kid")
	if f.fault == nil && e.vault == nil {
		f.wrong("an engine without a root key seals nothing")
	}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	if kid == "" {
		kid = e.config.Vault.Key
	}
	sealed := e.vault.Seal(kid, b, [12]byte(rand[:12]), secret.New(string(raw)))
	return sealAnswer{sealed}, nil, nil
}
