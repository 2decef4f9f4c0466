// Package toolcalls turns the tool calls of the MCP transports into calls of package core, and
// replies into results of tools. A [Broker] reads the arguments into a core.Call, adds what the
// transport knows about the caller, passes the call to the gateway and renders the reply. A [Late]
// is a Broker for a home that cannot be opened yet.
//
// The package is between two others: mcpserver knows the protocol and nothing of core's types, and
// gateway carries out calls and knows nothing of MCP. It decides nothing.
package toolcalls

import (
	"context"
	"encoding/json"

	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/reload"
	"github.com/true-and-useful/janee/core"
)

// Doer carries out calls: a gateway.Gateway, except in tests.
type Doer interface {
	Do(context.Context, core.Call, gateway.Client) gateway.Reply
}

// Config puts a changed configuration in force, and writes decisions of the agent that owns a
// service into it.
type Config interface {
	Reload(agent, via string) core.Reload
	Share(via string, s core.Share) reload.ShareReport
}

// Broker serves the tool calls of one transport.
type Broker struct {
	Gateway Doer
	Config  Config
	Via     string // core.ViaStdio, …
	// Agent is the name under which every call is made, where whoever started the transport set
	// one; "" is the name that the transport gives.
	Agent          string
	IdentitySource string // how this transport knows the name
	Peer           core.Peer
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
	// The gateway has allowed it, and it is done here: an engine cannot change itself.
	switch r := reply.Result; {
	case r.Share != nil:
		return b.answer(r, b.Config.Share(b.Via, *r.Share))
	case r.Tool == core.ReloadConfig:
		return b.answer(r, b.Config.Reload(r.Agent, b.Via))
	}
	return rendered(reply)
}

// rendered is the result of an execute. Its room is given back once the transport has written it.
func rendered(reply gateway.Reply) mcpserver.Reply {
	release := reply.Release
	defer func() { release() }() // a reply that cannot be rendered keeps no room
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
			Peer:           b.Peer,
			// only the tokens of HTTP prove who calls; of the daemon's socket the engine asks
			// who the user is
			SelfNamed: b.Agent == "" && b.Via != core.ViaHTTP,
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

// Refuse renders a refusal that a transport makes itself, in the format of all others.
func (b *Broker) Refuse(r mcpserver.Refusal) mcpserver.Reply {
	return refused(core.Deny(r.Code, core.Call{Caller: core.Caller{Agent: b.agent(r.Agent)}}))
}

func refused(d *core.Denial) mcpserver.Reply {
	return mcpserver.Reply{Prose: d.Prose(), Text: d.Text(), IsError: true}
}
