//go:build !race

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const agentsConfig = `
services:
  api:
    baseUrl: $API
    auth: {type: bearer, key: key_of_the_agents_test}
    ownership: {accessPolicy: agent-only, createdBy: owner}
capabilities:
  listed: {service: api, allowedAgents: [alice]}
  owned: {service: api}
`

// TestNamesAndAccessFollowTheFile: what a person decides about agents holds in a running server
// from the next call on, open sessions or not. In the reference sessions that were open kept what
// they had, and defaultAccess was never reloaded.
func TestNamesAndAccessFollowTheFile(t *testing.T) {
	p := newPlace(t)
	api := startAPI(t)
	p.configure(strings.ReplaceAll(agentsConfig, "$API", api.url))
	alice, owner := p.serve("alice"), p.serve("owner")
	wants(t, alice.get("listed", "/one"), `"status":200`)
	wants(t, alice.get("owned", "/one"), "OWNERSHIP_DENIED")
	p.run("", "agent", "add", "alice")
	wants(t, alice.get("listed", "/one"), "AGENT_NOT_ALLOWED", "janee serve --agent alice")
	wants(t, alice.call("whoami", nil), `"agentId":"unnamed"`)
	wants(t, alice.stderr.String(), "agents, limits or the server's settings changed")
	if strings.Contains(alice.call("reload_config", nil), "alice") {
		t.Error("an agent is told which agents are registered")
	}
	wants(t, owner.get("owned", "/one"), `"status":200`)
	p.run("", "config", "set", "server.defaultAccess", "restricted")
	wants(t, owner.get("owned", "/one"), "DEFAULT_ACCESS_RESTRICTED")
	p.run("", "config", "set", "server.defaultAccess", "open")
	wants(t, owner.get("owned", "/one"), `"status":200`)
	p.run("", "service", "edit", "api", "--owner", "another")
	wants(t, owner.get("owned", "/one"), "OWNERSHIP_DENIED")
}

// TestSharingThatCannotBeWritten changes nothing, says so, and leaves a record of both.
func TestSharingThatCannotBeWritten(t *testing.T) {
	p := newPlace(t)
	p.configure(strings.ReplaceAll(agentsConfig, "$API", startAPI(t).url))
	p.run("", "list")
	config := filepath.Join(p.home, "config.yaml")
	good, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	owner := p.serve("owner")
	grant := map[string]any{"action": "grant", "service": "api", "targetAgentId": "bob"}
	owner.get("owned", "/one")
	// what is in force stays in force
	if err := os.WriteFile(config, append(good, "colour: blue\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	answer := owner.call("manage_credential", grant)
	if err := os.WriteFile(config, good, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, answer, `"success":false`, `"persisted":false`, `"accessPolicy":"agent-only"`,
		"nothing was changed")
	var records strings.Builder
	files, err := filepath.Glob(filepath.Join(p.home, "logs", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		records.Write(text)
	}
	wants(t, records.String(), `"ownership.grant"`, `"decision":"allow"`, `"decision":"failed"`)
	wants(t, owner.call("manage_credential", grant), `"success":true`, `"accessPolicy":"shared"`)
}
