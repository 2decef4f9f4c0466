package gateway

import (
	"context"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

// warned has the gateway keep what it says to the owner.
func (r *rig) warned() *strings.Builder {
	said := &strings.Builder{}
	r.gateway.warn = func(line string) { said.WriteString(line + "\n") }
	return said
}

func (r *rig) parked() int64 { return r.gateway.source.Current().Engine.Parked() }

// TestNoFlowStaysParked: however a call ends, its flow ends with it.
func TestNoFlowStaysParked(t *testing.T) {
	execute := func(path string) core.Call {
		return core.Call{
			Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
			Tool:   core.Execute,
			Args:   tool.Arguments{Capability: "api", Method: "GET", Path: path},
		}
	}
	for name, end := range map[string]func(r *rig){
		"answered": func(r *rig) { r.do("api", "/x") },
		"refused":  func(r *rig) { r.do("nosuch", "/x") },
		"cancelled": func(r *rig) {
			ctx, cancel := context.WithCancel(context.Background())
			go func() { <-r.hanging; cancel() }()
			r.gateway.Do(ctx, execute("/hang"), Client{})
		},
		"a panic while it is sent": func(r *rig) {
			r.gateway.upstream = nil
			r.gateway.Do(context.Background(), execute("/x"), Client{})
		},
		"a panic of the receiver": func(r *rig) {
			k := &taker{onHead: func() error { panic("a fault of the transport") }}
			r.gateway.Do(context.Background(), execute("/x"), Client{Receiver: k})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			func() {
				defer func() {
					if panicked := recover() != nil; panicked != strings.HasPrefix(name,
						"a panic") {
						t.Errorf("panicked: %v", panicked)
					}
				}()
				end(r)
			}()
			said := r.warned()
			if r.gateway.Close(); r.parked() != 0 || said.Len() > 0 {
				t.Errorf("%d flows are parked, said %q", r.parked(), said)
			}
		})
	}
}

// TestParkedFlowsAreReported when the gateway closes, save those of calls that are still under way.
func TestParkedFlowsAreReported(t *testing.T) {
	const fault = "1 calls never came to an end; this is a fault in Janee\n"
	r := newRig(t)
	ctx, leave := context.WithCancel(context.Background())
	ended := make(chan Reply)
	call := core.Call{
		Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
		Tool:   core.Execute,
		Args:   tool.Arguments{Capability: "api", Method: "GET", Path: "/hang"},
	}
	go func() { ended <- r.gateway.Do(ctx, call, Client{}) }()
	<-r.hanging
	said := r.warned()
	if r.gateway.Close(); r.parked() != 1 || said.Len() > 0 {
		t.Errorf("beside a call under way, with %d flows: said %q", r.parked(), said)
	}
	leave()
	<-ended
	call.Args.Capability = "other"
	flow, step := r.gateway.source.Current().Engine.Begin(core.In{}, call)
	if _, over := step.(core.Done); over {
		t.Fatal("the call is over")
	}
	if r.gateway.Close(); said.String() != fault {
		t.Errorf("said %q", said)
	}
	said.Reset()
	flow.Drop()
	if r.gateway.Close(); said.Len() > 0 {
		t.Errorf("after it was dropped: %q", said)
	}
}
