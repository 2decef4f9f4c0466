package abi

import (
	"strings"
	"testing"
)

// TestStoppedTellsWhatWentOut: a shell that relays replies as they arrive says how much of the body
// the agent has.
func TestStoppedTellsWhatWentOut(t *testing.T) {
	for event, recorded := range map[string]bool{
		`{"type":"stopped","why":"revoked","bytes":1234}`: true,
		`{"type":"stopped","why":"revoked"}`:              false,
	} {
		s := newShell(t)
		s.load(limitedConfig)
		flow, a := s.call(balance)
		s.commits(flow, a)
		s.resume(flow, `{"type":"head","status":200,"headers":[]}`)
		last := s.resume(flow, event)
		if lines := strings.Join(last.Step.Lines, ""); len(lines) == 0 ||
			strings.Contains(lines, `"bytes":1234`) != recorded {
			t.Errorf("%s: recorded %s", event, lines)
		}
		s.commits(flow, last)
	}
}
