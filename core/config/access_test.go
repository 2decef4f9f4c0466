package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

var (
	aliceToken = TokenPrefix + strings.Repeat("a", 43)
	bobToken   = TokenPrefix + strings.Repeat("b", 43)
)

func accessText() string {
	return `server: {defaultAccess: restricted, host: "::1", port: 9100}
agents:
  alice: {token: "` + TokenDigest(aliceToken) + `", created: 2026-11-23T09:33:45Z}
  bob:
    token: ` + TokenDigest(bobToken) + `
services:
  s:
    baseUrl: https://api.example.com
    auth: {type: bearer, key: sk_live_xxx}
    ownership:
      accessPolicy: shared
      createdBy: alice
      sharedWith: [bob, carol, bob] # the team
      createdAt: "2026-11-23T09:33:45.000Z"
capabilities:
  listed:
    service: s
    allowedAgents:
      - alice
      - dave
  opened: {service: s, access: open}
  plain: {service: s}
`
}

func TestAccessIsRead(t *testing.T) {
	c, err := Parse([]byte(accessText()))
	if err != nil {
		t.Fatal(err)
	}
	if c.Server != (Server{Restricted, "::1", 9100}) {
		t.Errorf("server %+v", c.Server)
	}
	if !slices.Equal(c.AgentNames, []string{"alice", "bob"}) ||
		c.Agents["alice"].Created != "2026-11-23T09:33:45Z" {
		t.Errorf("agents %v %+v", c.AgentNames, c.Agents["alice"])
	}
	if got := c.MentionedAgents(); !slices.Equal(got, []string{"alice", "bob", "carol", "dave"}) {
		t.Errorf("mentioned %v", got)
	}
	for name, want := range map[string]Access{
		"listed": Restricted, "opened": Open, "plain": Restricted,
	} {
		if got := c.AccessOf(c.Capabilities[name]); got != want {
			t.Errorf("access of %s: %s", name, got)
		}
	}
	if c, _ = Parse(nil); c.AccessOf(&Capability{}) != Open ||
		c.AccessOf(&Capability{Access: Restricted}) != Restricted {
		t.Error("access without a server block")
	}
}

func TestAgentByToken(t *testing.T) {
	c, err := Parse([]byte(accessText()))
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{
		aliceToken: "alice", bobToken: "bob", "": "", "alice": "", aliceToken + "x": "",
		aliceToken[:48]: "", TokenDigest(aliceToken): "",
		strings.TrimPrefix(TokenDigest(aliceToken), "sha256:"): "",
	} {
		if name, ok := c.AgentByToken(token); name != want || ok != (want != "") {
			t.Errorf("token %.12s…: %q, %t", token, name, ok)
		}
	}
	if _, ok := newConfig().AgentByToken(""); ok {
		t.Error("a token without agents")
	}
}

func TestOwnershipAllows(t *testing.T) {
	var none *Ownership
	for _, c := range []struct {
		o          *Ownership
		a, b, none bool
	}{
		{none, true, true, true},
		{&Ownership{Policy: AllAgents, CreatedBy: "a"}, true, true, true},
		{&Ownership{Policy: AgentOnly, CreatedBy: "a", SharedWith: []string{"b"}},
			true, false, false},
		{&Ownership{Policy: Shared, CreatedBy: "a", SharedWith: []string{"b"}}, true, true, false},
		{&Ownership{Policy: Shared, CreatedBy: "a"}, true, false, false},
		{&Ownership{Policy: Shared}, false, false, false},
		{&Ownership{}, false, false, false},
	} {
		if c.o.Allows("a") != c.a || c.o.Allows("b") != c.b || c.o.Allows("") != c.none {
			t.Errorf("%+v: %t %t %t", c.o, c.o.Allows("a"), c.o.Allows("b"), c.o.Allows(""))
		}
	}
	if none.Owns("") || (&Ownership{}).Owns("") {
		t.Error("nobody owns something")
	}
}

func TestAccessProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"server: x\n", "1: server must be a mapping"},
		{"server: {defaultAccess: closed}\n",
			`1: server: defaultAccess "closed" is not known: write open or restricted`},
		{"server: {defaultAccess: }\n", "1: server: defaultAccess is empty"},
		{"server: {port: 0}\n", `1: server: port "0" is not a number from 1 to 65535`},
		{"server: {port: 70000}\n", "1: server: port"},
		{"server: {host: 'localhost:9100'}\n",
			"1: server: host \"localhost:9100\" is neither a host name nor an address"},
		{"server: {host: http://x}\n", "1: server: host"},
		{"server: {logBodies: true}\n",
			`1: server has no key "logBodies": it may have defaultAccess, host, port`},
		{"agents: [a]\n", "1: agents must be a mapping"},
		{"agents:\n  a: {}\n", `2: agent "a" has neither token nor user`},
		{"agents:\n  a: {user: \"\"}\n", `2: agent "a": user`},
		{"agents:\n  a: {user: al ice}\n", `2: agent "a": user "al ice": write the name`},
		{"agents:\n  unnamed@bob: {user: bob}\n", `2: agent "unnamed@bob": Janee gives`},
		{"agents:\n  a b: {token: " + TokenDigest("x") + "}\n",
			`2: agent name "a b": use 1 to 64 letters`},
		{"agents:\n  unnamed: {token: " + TokenDigest("x") + "}\n",
			`2: agent "unnamed": Janee gives this name to clients without one`},
		{"agents:\n  a: {token: " + aliceToken + "}\n",
			`2: agent "a": token must be sha256: and 64 hex digits, as ` +
				"`janee agent rotate a`"},
		{"agents:\n  a: {token: " + TokenDigest("x")[:70] + "}\n",
			`2: agent "a": token must be sha256:`},
		{"agents:\n  a: {token: " + strings.ToUpper(TokenDigest("x")) + "}\n",
			`2: agent "a": token must be sha256:`},
		{"agents:\n  a: {token: " + TokenDigest("x")[7:] + "}\n",
			`2: agent "a": token must be sha256:`},
		{"agents:\n  a: {token: " + TokenDigest("x") + "}\n  b: {token: " + TokenDigest("x") +
			"}\n", `3: agent "b" has the same token as agent "a"`},
		{"agents:\n  a: {token: " + TokenDigest("x") + ", created: yesterday}\n",
			`2: agent "a": created "yesterday" is not a time`},
		{"agents:\n  a: {token: " + TokenDigest("x") + ", role: admin}\n",
			`2: agent "a" has no key "role"`},
		{service2("    ownership:\n"), "8: service \"stripe\": ownership is empty"},
		{service2("    ownership: all\n"), "8: service \"stripe\": ownership must be a mapping"},
		{service2("    ownership: {createdBy: a}\n"),
			"8: service \"stripe\": ownership: accessPolicy must be all-agents, " +
				"agent-only or shared"},
		{service2("    ownership: {accessPolicy: mine, createdBy: a}\n"),
			"8: service \"stripe\": ownership: accessPolicy must be"},
		{service2("    ownership: {accessPolicy: agent-only}\n"),
			"8: service \"stripe\": ownership: agent-only needs createdBy"},
		{service2("    ownership: {accessPolicy: shared, sharedWith: bob}\n"),
			"8: service \"stripe\": ownership: sharedWith must be a list, not text"},
		{service2("    ownership: {accessPolicy: shared, sharedWith: [a b]}\n"),
			`8: service "stripe": ownership: sharedWith: "a b" is not a name`},
		{service2("    ownership: {accessPolicy: shared, createdAt: now}\n"),
			`8: service "stripe": ownership: createdAt "now" is not a time`},
		{service2("    ownership: {accessPolicy: shared, owner: a}\n"),
			`8: service "stripe": ownership has no key "owner"`},
		{capability2("    allowedAgents: []\n"), `11: capability "c": allowedAgents is empty`},
		{capability2("    allowedAgents:\n"), `11: capability "c": allowedAgents is empty`},
		{capability2("    allowedAgents: alice\n"),
			`11: capability "c": allowedAgents must be a list, not text`},
		{capability2("    allowedAgents: [Claude Desktop]\n"),
			`11: capability "c": allowedAgents: "Claude Desktop" is not a name that an agent can have`},
		{capability2("    access: inherit\n"), `11: capability "c": access "inherit" is not known`},
	} {
		got := problems(t, c.text)
		if len(got) != 1 || !strings.HasPrefix(got[0], "line "+c.want) {
			t.Errorf("%s\ngot  %q\nwant %q", c.text, got, c.want)
		}
		if strings.Contains(strings.Join(got, ""), aliceToken) {
			t.Errorf("a token is shown: %q", got)
		}
	}
	c, err := Parse(
		[]byte(service2("    ownership: {accessPolicy: all-agents, sharedWith: [a]}\n")))
	if err != nil || len(c.Warnings) != 1 ||
		!strings.Contains(c.Warnings[0].Text, "sharedWith has no effect") {
		t.Errorf("%v %v", err, c.Warnings)
	}
}

func service2(lines string) string { return minimal + lines }

func capability2(lines string) string {
	return minimal + "capabilities:\n  c:\n    service: stripe\n" + lines
}

func TestAgentEdits(t *testing.T) {
	digest := TokenDigest("x")
	added := "version: 1\n\nagents:\n  alice:\n    token: " + digest +
		"\n    created: \"2026-11-23T09:33:45Z\"\n"
	both(t, "version: 1\n", added, func(text []byte) ([]byte, error) {
		return AddAgent(text, "alice", digest, "2026-11-23T09:33:45Z")
	})
	both(t, added, strings.Replace(added, digest, TokenDigest("y"), 1),
		func(text []byte) ([]byte, error) { return SetAgentToken(text, "alice", TokenDigest("y")) })
	both(t, added, "version: 1\n\nagents: {}\n", func(text []byte) ([]byte, error) {
		return RemoveAgent(text, "alice")
	})
	both(t, "agents: {}\n", "agents:\n  bob:\n    token: "+digest+"\n",
		func(text []byte) ([]byte, error) { return AddAgent(text, "bob", digest, "") })
	if _, err := AddAgent([]byte(added), "alice", digest, ""); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	var missing *NotFoundError
	if _, err := SetAgentToken([]byte(added), "bob", digest); !errors.As(err, &missing) ||
		missing.Kind != "agent" {
		t.Error(err)
	}
	if _, err := RemoveAgent(nil, "bob"); !errors.As(err, &missing) {
		t.Error(err)
	}
	for _, name := range []string{"a b", "", Unnamed, "\x1b[31m"} {
		if out, err := AddAgent([]byte(added), name, TokenDigest("z"), ""); err == nil {
			t.Errorf("%q was added:\n%s", name, out)
		}
	}
}

// TestShare goes from agent-only to shared and back, in every layout, and leaves everything else
// alone.
func TestShare(t *testing.T) {
	text := func(ownership string) string { return minimal + ownership + "# end\n" }
	share := func(agent string, grant bool) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) {
			return Share(text, "stripe", "alice", agent, grant)
		}
	}
	const head = "    ownership: # hers\n      accessPolicy: "
	only := text(head + "agent-only\n      createdBy: alice\n")
	withBob := text(head + "shared\n      createdBy: alice\n      sharedWith:\n        - bob\n")
	withBoth := text(head +
		"shared\n      createdBy: alice\n      sharedWith:\n        - bob\n        - Bob\n")
	both(t, only, withBob, share("bob", true))
	both(t, withBob, withBoth, share("Bob", true))
	both(t, withBoth, withBob, share("Bob", false))
	both(t, withBob, only, share("bob", false))
	both(t, withBob, withBob, share("bob", true))
	both(t, withBob, withBob, share("carol", false))
	both(t, only, only, share("alice", true))
	both(t, only, only, share("bob", false))
	both(t, text("    ownership: {createdBy: alice, accessPolicy: agent-only}\n"),
		text("    ownership: {createdBy: alice, accessPolicy: shared, sharedWith: [bob]}\n"),
		share("bob", true))
	both(t, text("    ownership: {createdBy: alice, accessPolicy: shared, sharedWith: [bob]}\n"),
		text("    ownership: {createdBy: alice, accessPolicy: agent-only}\n"), share("bob", false))
	stale := text(
		"    ownership: {createdBy: alice, accessPolicy: agent-only, sharedWith: [mallory]}\n")
	both(t, stale, strings.NewReplacer("agent-only", "shared", "mallory", "bob").Replace(stale),
		share("bob", true))
	all := text("    ownership: {createdBy: alice, accessPolicy: all-agents}\n")
	both(t, all, all, share("bob", true))

	for owner, of := range map[string]string{
		"bob": withBob, "": minimal, "alice": minimal, "Alice": only,
	} {
		if _, err := Share([]byte(of), "stripe", owner, "mallory", true); !errors.Is(err,
			ErrNotOwner) {
			t.Errorf("%q may share: %v", owner, err)
		}
	}
	var missing *NotFoundError
	if _, err := Share([]byte(only), "strip", "alice", "bob", true); !errors.As(err, &missing) {
		t.Error(err)
	}
	if _, err := Share([]byte(only), "stripe", "alice", "a b", true); err == nil {
		t.Error("a name that no agent can have was written")
	}
}

func TestAccessEdits(t *testing.T) {
	start := capability2("")
	restricted, inherit := "restricted", ""
	edit := func(e CapabilityEdit) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) { return EditCapability(text, "c", e) }
	}
	listed := start + "    allowedAgents:\n      - alice\n      - bob\n"
	both(t, start, listed, edit(CapabilityEdit{AllowedAgents: []string{"alice", "bob", "alice"}}))
	both(t, listed, start+"    allowedAgents:\n      - bob\n      - ALICE\n",
		edit(CapabilityEdit{AllowedAgents: []string{"ALICE", "bob"}}))
	both(t, listed, start+"    access: restricted\n",
		edit(CapabilityEdit{ClearAgents: true, Access: &restricted}))
	both(t, start+"    access: restricted\n", start, edit(CapabilityEdit{Access: &inherit}))
	both(t, minimal,
		minimal+
			"\ncapabilities:\n  n:\n    service: stripe\n    allowedAgents:\n      - alice\n"+
			"    access: open\n", func(text []byte) ([]byte, error) {
			return AddCapability(text, NewCapability{
				Name:          "n",
				Service:       "stripe",
				AllowedAgents: []string{"alice"},
				Access:        "open",
			})
		})
	owned := minimal +
		"    ownership:\n      accessPolicy: shared\n      createdBy: alice\n      sharedWith:\n" +
		"        - bob\n"
	own := func(o Ownership) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) {
			return EditService(text, "stripe", ServiceEdit{Ownership: &o})
		}
	}
	both(t, minimal, owned, own(Ownership{
		Policy:     Shared,
		CreatedBy:  "alice",
		SharedWith: []string{"bob"},
	}))
	both(t, owned, minimal, own(Ownership{}))
	both(t, owned,
		strings.Replace(strings.Replace(owned, "createdBy: alice", "createdBy: carol", 1),
			"      sharedWith:\n        - bob\n", "", 1),
		own(Ownership{Policy: Shared, CreatedBy: "carol"}))
}

func TestServerSettings(t *testing.T) {
	if out, err := Set(nil, "server.defaultAccess", "restricted"); err != nil ||
		string(out) != "server:\n  defaultAccess: restricted\n" {
		t.Errorf("%q, %v", out, err)
	}
	both(t, "version: 1\n", "version: 1\n\nserver:\n  port: 9200\n",
		func(text []byte) ([]byte, error) { return Set(text, "server.port", "9200") })
	both(t, "server:\nversion: 1\n", "server:\n  host: localhost\nversion: 1\n",
		func(text []byte) ([]byte, error) { return Set(text, "server.host", "localhost") })
	both(t, "server: {defaultAccess: open} # all\n", "server: {defaultAccess: restricted} # all\n",
		func(text []byte) ([]byte, error) {
			return Set(text, "server.defaultAccess", "restricted")
		})
	for key, want := range map[string]any{
		"server.defaultAccess": "restricted", "server.port": "9100",
		"agents.alice.token": "kept as a digest",
	} {
		got, err := Get([]byte(accessText()), key)
		if err != nil || len(got) != 1 || got[0].Value != want {
			t.Errorf("%s: %v, %v", key, got, err)
		}
	}
	for _, text := range []string{"", "version: 1\n", "server:\n", "server: {host: a}\n"} {
		if got, err := Get([]byte(text), "server.defaultAccess"); err != nil || len(got) != 1 ||
			got[0].Value != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	var missing *NotFoundError
	for _, key := range []string{"server.logBodies", "server.defaultAccess.x"} {
		if _, err := Get([]byte("version: 1\n"), key); !errors.As(err, &missing) {
			t.Errorf("%s: %v", key, err)
		}
	}
	for key, value := range map[string]string{
		"server.port": "0", "server.defaultAccess": "closed", "server.x": "1", "server": "open",
		"agents.alice.token": "x", "agents.alice.created": "x",
	} {
		if out, err := Set([]byte(accessText()), key, value); err == nil {
			t.Errorf("%s was set:\n%s", key, out)
		}
	}
}

// TestUserChangesAnAgent: a reload that binds an agent is told and recorded.
func TestUserChangesAnAgent(t *testing.T) {
	var all []*Config
	for _, user := range []string{"ann", "bob"} {
		c, err := Parse([]byte("agents:\n  a: {user: " + user + "}\n"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	same, other := DiffAgents(all[0], all[0]), DiffAgents(all[0], all[1])
	if len(same.Changed) != 0 || len(other.Changed) != 1 {
		t.Errorf("%+v, %+v", same, other)
	}
}

// TestAgentsOf: digits are a uid and nothing else, so that no user name can be taken for one.
func TestAgentsOf(t *testing.T) {
	c, err := Parse([]byte("agents:\n  a: {user: ann}\n  b: {user: 1001}\n  c: {user: ann}\n" +
		"  d: {token: " + TokenDigest("x") + "}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ uid, user, want string }{
		{"1000", "ann", "a c"}, {"1001", "bob", "b"}, {"1001", "ann", "a b c"},
		{"1002", "1001", ""}, {"", "", ""},
	} {
		if got := strings.Join(c.AgentsOf(tt.uid, tt.user), " "); got != tt.want {
			t.Errorf("uid %s, user %s: %q", tt.uid, tt.user, got)
		}
	}
	if _, ok := c.AgentByToken("x"); !ok {
		t.Error("the token of d is unknown")
	}
}
