package toolcalls

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/core"
)

// TestLateRefusesInWordsForAPerson: whatever keeps a home from being opened, the agent hears what
// its person has to do.
func TestLateRefusesInWordsForAPerson(t *testing.T) {
	for _, tt := range []struct {
		err        error
		code, says string
	}{
		{hint.Errorf(hint.Failed, "run `janee init`", "no home"), core.NotReady,
			"what to do: run `janee init`"},
		{hint.Errorf(hint.Failed, "mend it", "c.yaml:1: a\nc.yaml:2: b"), core.NotReady,
			"c.yaml:1: a; c.yaml:2: b."},
		{hint.Errorf(hint.Locked, "restore it", "no key"), core.VaultLocked,
			"what to do: restore it"},
		{errors.New("permission denied"), core.NotReady, "janee doctor"},
		{fmt.Errorf("a: %w", hint.Errorf(hint.Locked, "", "no key")),
			core.VaultLocked, "janee list"},
	} {
		l := NewLate("", func(string) {}, func() (*Broker, error) { return nil, tt.err })
		for _, name := range []string{"execute", "whoami", "nosuch"} {
			r := l.Call(t.Context(), mcpserver.Call{Tool: name, Agent: "a"})
			var a struct {
				Denial struct{ ReasonCode, AgentID, NextStep string }
			}
			err := json.Unmarshal(r.Text, &a)
			if err != nil || !r.IsError || a.Denial.ReasonCode != tt.code ||
				a.Denial.AgentID != "a" {
				t.Errorf("%v: %v, %s", tt.err, err, r.Text)
			}
			for _, part := range []string{
				tt.code + ": ", tt.says, "Do not do it yourself", "no restart",
			} {
				if !strings.Contains(r.Prose, part) {
					t.Errorf("%v: %q lacks %q", tt.err, r.Prose, part)
				}
			}
		}
		if l.Err() == nil {
			t.Errorf("%v is forgotten", tt.err)
		}
	}
}

// TestLateOpensOnce: by the first call after it can, of however many at once.
func TestLateOpensOnce(t *testing.T) {
	var mu sync.Mutex
	opened, mended, said := 0, false, ""
	e := &engine{}
	l := NewLate("ann", func(line string) { said = line }, func() (*Broker, error) {
		mu.Lock()
		defer mu.Unlock()
		if !mended {
			return nil, errors.New("broken")
		}
		opened++
		return &Broker{Gateway: e}, nil
	})
	if err := l.Open(); err == nil {
		t.Fatal("it is open")
	}
	for range 3 {
		if r := l.Call(t.Context(),
			mcpserver.Call{Tool: "whoami"}); !strings.Contains(string(r.Text), `"agentId":"ann"`) {
			t.Errorf("%s", r.Text)
		}
	}
	mu.Lock()
	mended = true
	mu.Unlock()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_ = l.Open()
		})
	}
	wg.Wait()
	l.Call(t.Context(), mcpserver.Call{Tool: "whoami"})
	if opened != 1 || len(e.calls) != 1 || !strings.Contains(said, "3 were refused") ||
		l.Err() != nil {
		t.Errorf("opened %d times, %d calls, %q, %v", opened, len(e.calls), said, l.Err())
	}
}

// TestSlowLooksAreRare: an agent that calls on must not have a person asked for the root key each
// time.
func TestSlowLooksAreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks, took := 0, 2*time.Second
		l := NewLate("", func(string) {}, func() (*Broker, error) {
			looks++
			time.Sleep(took)
			return nil, errors.New("the window was closed")
		})
		began := time.Now()
		for time.Since(began) < time.Minute {
			if r := l.Call(t.Context(), mcpserver.Call{}); !strings.Contains(r.Prose, "window") {
				t.Fatal(r.Prose)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if looks != 3 {
			t.Errorf("%d looks of 2 s in a minute", looks)
		}
		took, looks = 0, 0
		time.Sleep(time.Minute)
		for range 100 {
			l.Call(t.Context(), mcpserver.Call{})
		}
		if looks != 100 {
			t.Errorf("%d quick looks for 100 calls", looks)
		}
	})
}

func TestLateRefusesForTheConnection(t *testing.T) {
	l := NewLate("ann", nil, nil)
	if r := l.Refuse(mcpserver.Refusal{Code: core.Busy}); !r.IsError ||
		!strings.HasPrefix(r.Prose, "BUSY: ") {
		t.Errorf("%+v", r)
	}
}
