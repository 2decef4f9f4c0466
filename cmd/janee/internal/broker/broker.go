// Package broker stands between the MCP transports and the gateway: it reads a tool call's arguments into a core.Call, stamps
// it with what the transport knows of the caller, and renders the answer. It keeps the transports free of core's types.
package broker

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/reload"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

// Doer takes a call through the house.
type Doer interface {
	Do(context.Context, core.Call) gateway.Reply
}

// Reloader puts a changed configuration in force.
type Reloader interface {
	Reload(agent, via string) reload.Report
}

// Broker serves the tool calls of one transport.
type Broker struct {
	Gateway        Doer
	Config         Reloader
	Via            string // core.ViaStdio, …
	IdentitySource string // how this transport knows who calls
}

// Call implements mcpserver.Broker. Arguments that cannot be read go on as a call with a fault, so that they are recorded.
func (b *Broker) Call(ctx context.Context, c mcpserver.Call) mcpserver.Reply {
	call := b.read(c)
	reply := b.Gateway.Do(ctx, call)
	if reply.Denial != nil {
		return mcpserver.Reply{Text: reply.Denial.Text(), IsError: true}
	}
	if call.Tool == tool.ReloadConfig { // allowed by the gateway, done here: the engine cannot replace itself
		return b.reload(call)
	}
	text := reply.Result.Text(reply.Body)
	return mcpserver.Reply{Text: text, Structured: reply.Result.Structured(text)}
}

func (b *Broker) reload(c core.Call) mcpserver.Reply {
	text, err := json.Marshal(b.Config.Reload(c.Agent, c.Via))
	if err != nil {
		return Refuse(mcpserver.Refusal{Code: core.Internal, Agent: c.Agent})
	}
	return mcpserver.Reply{Text: text, Structured: text}
}

func (b *Broker) read(c mcpserver.Call) core.Call {
	args, err := tool.Parse(c.Tool, c.Arguments)
	if err != nil && !exists(c.Tool) {
		err = nil // its arguments are not what is wrong: the engine refuses the tool itself, by name
	}
	return core.Call{
		Tool: c.Tool, Agent: c.Agent, Via: b.Via, Client: c.Client, IdentitySource: b.IdentitySource,
		Capability: args.Capability, Method: args.Method, Path: args.Path, Headers: args.Headers, Body: args.Body,
		Reason: args.Reason, ApprovalID: args.ApprovalID, MaxBytes: args.MaxBytes, About: args.About, Fault: err,
	}
}

func exists(name string) bool {
	return slices.ContainsFunc(tool.Definitions(), func(d tool.Definition) bool { return d.Name == name })
}

// Refuse writes the refusals that a transport makes itself, in the format of all others.
func Refuse(r mcpserver.Refusal) mcpserver.Reply {
	return mcpserver.Reply{Text: core.Deny(r.Code, core.Call{Agent: r.Agent}).Text(), IsError: true}
}
