// Package broker stands between the MCP transports and the gateway: it reads a tool call's arguments into a core.Call, stamps
// it with what the transport knows of the caller, and renders the answer. It keeps the transports free of core's types.
package broker

import (
	"context"

	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

// Doer takes a call through the house.
type Doer interface {
	Do(context.Context, core.Call) gateway.Reply
}

// Broker serves the tool calls of one transport.
type Broker struct {
	Gateway        Doer
	Via            string // core.ViaStdio, …
	IdentitySource string // how this transport knows who calls
}

// Call implements mcpserver.Broker. Arguments that cannot be read go on as a call with a fault, so that they are recorded.
func (b *Broker) Call(ctx context.Context, c mcpserver.Call) mcpserver.Reply {
	reply := b.Gateway.Do(ctx, b.read(c))
	if reply.Denial != nil {
		return mcpserver.Reply{Text: reply.Denial.Text(), IsError: true}
	}
	text := reply.Result.Text(reply.Body)
	return mcpserver.Reply{Text: text, Structured: reply.Result.Structured(text)}
}

func (b *Broker) read(c mcpserver.Call) core.Call {
	args, err := tool.Parse(c.Tool, c.Arguments)
	return core.Call{
		Tool: c.Tool, Agent: c.Agent, Via: b.Via, Client: c.Client, IdentitySource: b.IdentitySource,
		Capability: args.Capability, Method: args.Method, Path: args.Path, Headers: args.Headers, Body: args.Body,
		Reason: args.Reason, ApprovalID: args.ApprovalID, MaxBytes: args.MaxBytes, About: args.About, Fault: err,
	}
}

// Refuse writes the refusals that a transport makes itself, in the format of all others.
func Refuse(r mcpserver.Refusal) mcpserver.Reply {
	d := core.Deny(r.Code, core.Call{Agent: r.Agent})
	if r.Message != "" {
		d.Message = r.Message
	}
	if r.NextStep != "" {
		d.NextStep = r.NextStep
	}
	return mcpserver.Reply{Text: d.Text(), IsError: true}
}
