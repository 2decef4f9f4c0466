package doctor

import (
	"slices"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// checkAgents looks for names that config.yaml gives something to and that nobody has to prove.
// Where no agent is registered that is how the person wants it: names are labels then.
func checkAgents(p *patient) []Check {
	if p.config == nil || len(p.config.AgentNames) == 0 {
		return nil
	}
	var found []Check
	for _, name := range p.config.MentionedAgents() {
		if !slices.Contains(p.config.AgentNames, name) {
			found = append(found, warned("agents", "janee agent add "+home.Quote(name),
				"config.yaml names agent %s, which is not registered: any client that calls "+
					"itself %s over standard input has what that allows", name, name))
		}
	}
	if found == nil {
		return passed("agents", "%s registered, and no other is named",
			count(len(p.config.AgentNames), "agent is", "agents are"))
	}
	return found
}
