//go:build !race

package core

import (
	"fmt"
	"strings"
	"testing"
)

// TestACallCostsTheSameHoweverMuchThereIs counts what a call allocates: in a small house, and where
// there are a thousand capabilities, services and rules beside it, and ten thousand agents with
// open sessions. Any walk over one of them allocates or shows in the names of the files.
func TestACallCostsTheSameHoweverMuchThereIs(t *testing.T) {
	small := costOfACall(t, 1, 1)
	for what, n := range map[string][2]int{
		"1,000 capabilities": {1000, 1}, "10,000 sessions": {1, 10_000},
	} {
		if large := costOfACall(t, n[0], n[1]); large > small+2 {
			t.Errorf("a call makes %.0f allocations with %s, %.0f without", large, what, small)
		}
	}
}

// costOfACall is how many allocations one more call of an open session makes.
func costOfACall(t *testing.T, capabilities, agents int) float64 {
	var services, more strings.Builder
	for i := range capabilities {
		fmt.Fprintf(&services,
			"  service%d: {baseUrl: 'https://api%d.example.com', auth: {type: bearer, key: "+
				"key_of_service_%d}}\n", i, i, i)
		fmt.Fprintf(&more,
			"  capability%d: {service: service%d, allowedAgents: [agent%d], rules: {allow: "+
				"[GET /v1/%d/*]}}\n", i, i, i, i)
	}
	h := newHouse(t, strings.Replace(houseConfig, "capabilities:\n",
		services.String()+"capabilities:\n"+more.String(), 1))
	call := get("stripe", "/v1/x")
	for i := range agents {
		call.Agent = fmt.Sprintf("agent%d", i)
		h.allowed(call)
	}
	call.Agent = "agent0"
	h.records, h.sent = nil, nil
	return testing.AllocsPerRun(200, func() { h.allowed(call) })
}
