package doctor

import (
	"slices"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// checkAgents looks for agents that config.yaml gives access to although any client can take their
// name. If no agent is registered it finds nothing, because the owner then uses names as labels.
func checkAgents(p *patient) []Check {
	if p.config == nil || len(p.config.AgentNames) == 0 {
		return nil
	}
	var found []Check
	for _, name := range p.config.MentionedAgents() {
		if !slices.Contains(p.config.AgentNames, name) {
			found = append(found, warned("agents", "janee agent add "+home.Quote(name),
				"config.yaml names agent %s, which is not registered: over standard input, any "+
					"client that calls itself %s has the access of that agent", name, name))
		}
	}
	if found == nil {
		return passed("agents", "%s registered, and config.yaml names no other",
			count(len(p.config.AgentNames), "agent is", "agents are"))
	}
	return found
}
