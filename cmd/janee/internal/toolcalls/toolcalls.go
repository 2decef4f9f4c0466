// Package toolcalls turns the tool calls of the MCP transports into calls of package core and back.
// A Broker reads the arguments into a core.Call, adds what the transport knows about the caller,
// passes the call to the gateway and renders the reply; a Late is a Broker for a home that cannot
// be opened yet.
//
// It is between two packages: mcpserver knows the protocol and nothing of core's types, and gateway
// carries out the steps of a call and knows nothing of MCP. It decides nothing.
package toolcalls

import (
	"context"
	"encoding/json"

	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/reload"
	"github.com/true-and-useful/janee/core"
)

// Doer takes a call through the house.
type Doer interface {
	Do(context.Context, core.Call, gateway.Client) gateway.Reply
}

// Config puts a changed configuration in force, and writes what the owner of a service has decided.
type Config interface {
	Reload(agent, via string) core.Reload
	Share(via string, s core.Share) reload.ShareReport
}

// Broker serves the tool calls of one transport.
type Broker struct {
	Gateway Doer
	Config  Config
	Via     string // core.ViaStdio, …
	// as whom every call is made, by the word of who started the transport; "" = as the transport
	// says
	Agent          string
	IdentitySource string // how this transport knows who calls
}

// Call implements mcpserver.Broker. Arguments that cannot be read go on as a call with a fault, so
// that they are recorded.
func (b *Broker) Call(ctx context.Context, c mcpserver.Call) mcpserver.Reply {
	reply := b.Gateway.Do(ctx, b.read(c), gateway.Client{
		Progress: c.Progress,
		Elicit:   c.Elicit,
		Ending:   c.Ending,
	})
	if reply.Denial != nil {
		return refused(reply.Denial)
	}
	// allowed by the gateway, done here: the engine cannot change itself
	switch r := reply.Result; {
	case r.Share != nil:
		return b.answer(r, b.Config.Share(b.Via, *r.Share))
	case r.Tool == core.ReloadConfig:
		return b.answer(r, b.Config.Reload(r.Agent, b.Via))
	}
	return rendered(reply)
}

// rendered hands the room of the reply on to whoever writes it.
func rendered(reply gateway.Reply) mcpserver.Reply {
	release := reply.Release
	defer func() { release() }() // a reply that cannot be rendered must not keep it
	text := reply.Result.Text(reply.Body)
	structured := reply.Result.Structured(text)
	release = func() {}
	return mcpserver.Reply{Text: text, Structured: structured, Written: reply.Release}
}

func (b *Broker) answer(r *core.Result, report any) mcpserver.Reply {
	text, err := json.Marshal(report)
	if err != nil {
		return b.Refuse(mcpserver.Refusal{Code: core.Internal, Agent: r.Agent})
	}
	return mcpserver.Reply{Text: text, Structured: text}
}

func (b *Broker) read(c mcpserver.Call) core.Call {
	call := core.Call{
		Caller: core.Caller{
			Agent:          b.agent(c.Agent),
			Via:            b.Via,
			Client:         c.Client,
			IdentitySource: b.IdentitySource,
			SelfNamed:      b.Via == core.ViaStdio && b.Agent == "",
		}, Tool: c.Tool,
	}
	if call.SelfNamed && c.Client == "" {
		call.IdentitySource = "none"
	}
	return call.WithArguments(c.Arguments)
}

func (b *Broker) agent(said string) string {
	if b.Agent != "" {
		return b.Agent
	}
	return said
}

// Refuse writes the refusals that a transport makes itself, in the format of all others.
func (b *Broker) Refuse(r mcpserver.Refusal) mcpserver.Reply {
	return refused(core.Deny(r.Code, core.Call{Caller: core.Caller{Agent: b.agent(r.Agent)}}))
}

func refused(d *core.Denial) mcpserver.Reply {
	return mcpserver.Reply{Prose: d.Prose(), Text: d.Text(), IsError: true}
}
