package gateway

import (
	"testing"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

func TestBudgetBoundsRepliesTogether(t *testing.T) {
	var b budget
	var held []func()
	large := core.Call{Tool: tool.Execute, MaxBytes: core.MaxMaxBytes}
	for len(held) < 100 {
		release, ok := b.take(large)
		if !ok {
			break
		}
		held = append(held, release)
	}
	if len(held) != replyBudget/core.MaxMaxBytes {
		t.Errorf("%d large replies at once", len(held))
	}
	if _, ok := b.take(core.Call{Tool: tool.Whoami}); !ok {
		t.Error("a tool that fetches nothing waits for replies")
	}
	for _, release := range held {
		release()
	}
	if n := b.held.Load(); n != 0 {
		t.Errorf("%d bytes stay reserved", n)
	}
	if release, ok := b.take(core.Call{Tool: tool.Execute}); !ok || b.held.Load() != core.DefaultMaxBytes {
		t.Error("a call without maxBytes reserves nothing")
	} else {
		release()
	}
}
