package toolcalls

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/config"
)

// engine is a house of nothing but an engine without any services: it answers what is refused at
// the door.
type engine struct{ calls []core.Call }

func (e *engine) Do(_ context.Context, c core.Call, _ gateway.Client) gateway.Reply {
	e.calls = append(e.calls, c)
	flow, step := core.New(&config.Config{}, nil).Begin(core.In{}, c)
	commit, ok := step.(core.Commit)
	if !ok || len(commit.Records) != 1 || commit.Records[0].Event != "deny" ||
		commit.Records[0].Code != core.BadArguments {
		return gateway.Reply{Denial: core.Deny(core.Internal, c)}
	}
	done, _ := flow.Resume(core.In{}, core.Committed{}).(core.Done)
	return gateway.Reply{Denial: done.Denial}
}

func TestCallsThatCannotBeReadAreRecordedAndRefused(t *testing.T) {
	for _, tt := range []struct{ tool, arguments, says string }{
		{"approve", `{"id":"x"}`, `there is no tool "approve"`},
		{"approve", ``, `there is no tool "approve"`},
		{"approve", `{"a":1,"a":2}`, `there is no tool "approve"`},
		{"approve", `not even JSON`, `there is no tool "approve"`},
		{"Execute", `{}`, `there is no tool "Execute"`},
		{"a\n\x00\u2028", `{}`, `there is no tool "a\n\x00\u2028"`},
		{"execute", `{"capability":"a"}`, "method"},
		{"whoami", `{"as":"root"}`, "as"},
	} {
		e := &engine{}
		b := &Broker{Gateway: e, Via: core.ViaStdio}
		reply := b.Call(t.Context(), mcpserver.Call{
			Tool:      tt.tool,
			Agent:     "probe",
			Arguments: json.RawMessage(tt.arguments),
		})
		var a struct {
			Error  string
			Denial struct{ ReasonCode, AgentID, NextStep string }
		}
		if err := json.Unmarshal(reply.Text, &a); err != nil || !reply.IsError ||
			a.Denial.ReasonCode != core.BadArguments || a.Denial.AgentID != "probe" ||
			!strings.Contains(a.Error, tt.says) {
			t.Errorf("%q %s: %v, %s", tt.tool, tt.arguments, err, reply.Text)
		}
		if unknown := strings.HasPrefix(tt.says,
			"there is no"); unknown != strings.Contains(a.Denial.NextStep, "tools/list") {
			t.Errorf("%q: next step %q", tt.tool, a.Denial.NextStep)
		}
		if len(e.calls) != 1 || e.calls[0].Tool != tt.tool || e.calls[0].Via != core.ViaStdio {
			t.Errorf("%q went on as %+v", tt.tool, e.calls)
		}
	}
}

func TestEveryOfferedToolIsRead(t *testing.T) {
	for _, d := range core.Tools() {
		b := &Broker{Gateway: &engine{}}
		if c := b.read(mcpserver.Call{Tool: d.Name,
			Arguments: json.RawMessage(`{"nonsense":1}`)}); c.Fault == nil {
			t.Errorf("%s: no fault in nonsense", d.Name)
		}
	}
}

// TestSourceOfAName: a client that said none has none to show for it.
func TestSourceOfAName(t *testing.T) {
	stdio := &Broker{Via: core.ViaStdio, IdentitySource: "transport (clientInfo.name)"}
	named := &Broker{Via: core.ViaStdio, Agent: "deploy-bot", IdentitySource: "command line"}
	http := &Broker{Via: core.ViaHTTP, IdentitySource: "token"}
	for _, tt := range []struct {
		broker       *Broker
		client, want string
	}{
		{stdio, "claude-ai", stdio.IdentitySource}, {stdio, "", "none"},
		{named, "", "command line"}, {http, "", "token"},
	} {
		c := tt.broker.read(mcpserver.Call{Tool: "whoami", Client: tt.client})
		if c.IdentitySource != tt.want {
			t.Errorf("client %q over %s: %q", tt.client, tt.broker.Via, c.IdentitySource)
		}
	}
}

// TestClientsNameThemselves: a name proves nothing over any transport but HTTP, unless the owner
// gave it.
func TestClientsNameThemselves(t *testing.T) {
	for _, tt := range []struct {
		broker Broker
		want   bool
	}{
		{Broker{Via: core.ViaStdio}, true}, {Broker{Via: "a transport to come"}, true},
		{Broker{Via: core.ViaHTTP}, false}, {Broker{Via: core.ViaStdio, Agent: "a"}, false},
	} {
		c := tt.broker.read(mcpserver.Call{Tool: core.Whoami, Agent: "a", Client: "a"})
		if c.SelfNamed != tt.want || c.Agent != "a" {
			t.Errorf("%+v: %+v", tt.broker, c.Caller)
		}
	}
}

func TestRefuse(t *testing.T) {
	for _, code := range []string{core.Busy, core.Cancelled, core.Internal} {
		r := (&Broker{}).Refuse(mcpserver.Refusal{Code: code, Agent: "a"})
		if text := string(r.Text); !r.IsError || !strings.Contains(text, code) ||
			!strings.Contains(text, `"agentId":"a"`) || strings.Contains(text, `"error":""`) {
			t.Errorf("%s: %s", code, text)
		}
	}
}

// house gives back the room of its replies when it is told to.
type house struct{ released int }

func (h *house) Do(context.Context, core.Call, gateway.Client) gateway.Reply {
	result := &core.Result{Tool: core.Execute, Status: 200}
	return gateway.Reply{Result: result, Body: []byte("{}"), Release: func() { h.released++ }}
}

// TestRoomIsHandedOnWithTheReply: what was rendered is in memory until the transport has written
// it.
func TestRoomIsHandedOnWithTheReply(t *testing.T) {
	h := &house{}
	reply := (&Broker{Gateway: h}).Call(t.Context(), mcpserver.Call{Tool: core.Execute})
	if h.released != 0 || !strings.Contains(string(reply.Text), `"status":200`) {
		t.Errorf("released %d times with the reply %s", h.released, reply.Text)
	}
	if reply.Written(); h.released != 1 {
		t.Errorf("released %d times when it is written", h.released)
	}
}
