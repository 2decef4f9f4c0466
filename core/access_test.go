package core

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
)

var accessConfig = `
server: {defaultAccess: open}
agents:
  alice: {token: ` + config.TokenDigest("janee_token_of_alice") + `}
services:
  free: {baseUrl: https://free.example, auth: {type: bearer, key: ` + testKey + `}}
  hers:
    baseUrl: https://hers.example/secret-base
    description: The secret description
    auth: {type: bearer, key: ` + testKey + `}
    ownership: {accessPolicy: shared, createdBy: alice, sharedWith: [carol]}
  only:
    baseUrl: https://only.example
    auth: {type: bearer, key: ` + testKey + `}
    ownership: {accessPolicy: agent-only, createdBy: alice}
  unused:
    baseUrl: https://unused.example
    auth: {type: bearer, key: ` + testKey + `}
capabilities:
  all: {service: free}
  listed: {service: free, allowedAgents: [alice, dave], rules: {allow: [GET /secret-rule]}}
  shut: {service: free, access: restricted}
  shared: {service: hers, rules: {allow: [GET /secret-rule]}}
  lent: {service: only, allowedAgents: [dave]}
  own: {service: only}
  tight: {service: only, access: restricted}
`

func as(agent string, c Call) Call {
	c.Agent = agent
	return c
}

// TestAccessDecides: allowedAgents, else access, else ownership.
func TestAccessDecides(t *testing.T) {
	restricted := strings.Replace(accessConfig, "defaultAccess: open",
		"defaultAccess: restricted", 1)
	for _, c := range []struct {
		text, agent, want string // want: the capabilities that are open
	}{
		{accessConfig, "alice", "all listed shared own"},
		{accessConfig, "bob", "all"},
		{accessConfig, "carol", "all shared"},
		{accessConfig, "dave", "all listed lent"},
		{accessConfig, "Alice", "all"},
		{accessConfig, "", "all"},
		{accessConfig, "unnamed", "all"},
		{restricted, "alice", "listed"},
		{restricted, "bob", ""},
		{restricted, "dave", "listed lent"},
		{strings.Replace(restricted, "all: {service: free", "all: {service: free, access: open", 1),
			"bob", "all"},
	} {
		h := newHouse(t, c.text)
		var open []string
		for _, name := range h.engine.config.CapabilityNames {
			for _, via := range []string{ViaStdio, ViaHTTP, ViaOpenClaw, "", "CLI"} {
				call := as(c.agent, get(name, "/secret-rule"))
				call.Via = via
				e := h.explain(asked(call))
				done, _ := h.do(call)
				denial := h.engine.Access(call)
				if opens := denial == nil; e.Allowed != opens || (done.Denial == nil) != opens {
					t.Fatalf("%s, %s over %q: access %v, explained %s, execute %s", c.agent, name,
						via, denial, e.story(), outcome(done))
				}
				if denial != nil && (done.Denial.Code != denial.Code || denial.NextStep == "" ||
					denial.EvaluatedPolicy == "") {
					t.Errorf("%s, %s: %+v, %+v", c.agent, name, denial, done.Denial)
				}
				if h.sent = nil; via == ViaStdio && denial == nil {
					open = append(open, name)
				}
			}
		}
		if got := strings.Join(open, " "); got != c.want {
			t.Errorf("%q may use %q, want %q", c.agent, got, c.want)
		}
	}
}

func TestRefusalsNameTheCheck(t *testing.T) {
	h := newHouse(t, accessConfig)
	for capability, code := range map[string]string{
		"listed": AgentNotAllowed, "lent": AgentNotAllowed, "shut": DefaultAccessRestricted,
		"tight": DefaultAccessRestricted, "shared": OwnershipDenied, "own": OwnershipDenied,
		"nosuch": CapabilityNotFound,
	} {
		c := as("bob", get(capability, "/not-by-rule"))
		d := h.refused(c, code)
		if d.AgentID != "bob" || strings.Contains(d.Message+d.NextStep, "secret") ||
			strings.Contains(d.Message+d.NextStep, "dave") {
			t.Errorf("%+v", d)
		}
		h.refused(Call{Caller: Caller{Agent: "bob", Via: ViaStdio}, Tool: Execute,
			Args: tool.Arguments{Capability: capability, Method: "TRACE", Path: "/../x"}}, code)
	}
	if r := h.records[0]; r.Event != "deny" || r.Agent != "bob" || r.Method != "GET" ||
		r.Target != "/not-by-rule" {
		t.Errorf("record %+v", r)
	}
}

// TestToolsAllCheckAccess: in the reference test_service, explain_access, manage_credential and
// list_services had no access control.
func TestToolsAllCheckAccess(t *testing.T) {
	for _, d := range Tools() {
		t.Run(d.Name, func(t *testing.T) {
			h := newHouse(t, accessConfig)
			c := as("bob", get("shared", "/secret-rule"))
			c.Tool, c.Args.Service, c.Args.Action = d.Name, "hers", ActionView
			done, _ := h.do(c)
			text := outcome(done)
			if done.Result != nil {
				text = string(done.Result.Data)
			}
			for _, secret := range []string{
				"secret-rule", "secret-base", "secret description", "carol",
			} {
				if strings.Contains(text, secret) {
					t.Errorf("bob is told %q: %s", secret, text)
				}
			}
			switch d.Name {
			case Execute, ManageCredential, TestService:
				if done.Denial == nil || done.Denial.Code != OwnershipDenied {
					t.Errorf("not refused: %s", text)
				}
			case ExplainAccess:
				if !strings.Contains(text, `"allowed":false`) ||
					strings.Contains(text, `"check":"rules","result":"pass"`) {
					t.Errorf("explained: %s", text)
				}
			case ListServices:
				if !strings.Contains(text,
					`{"accessible":false,"name":"shared","service":"hers","mode":"proxy"}`) ||
					!strings.Contains(text, `{"accessible":true,"name":"all"`) {
					t.Errorf("listed: %s", text)
				}
			case Whoami:
				if !strings.Contains(text,
					`"accessible":["all"],"denied":["listed","shut","shared","lent","own","tight"]`) {
					t.Errorf("whoami: %s", text)
				}
			case ReloadConfig: // tells names and counts alone
			default:
				t.Errorf("no test says what %s does for an agent without access", d.Name)
			}
			if len(h.sent) > 0 {
				t.Error("something was sent")
			}
		})
	}
}

// TestEmptyNameIsNoAdministrator: in the reference an empty name, or no initialize at all, had
// access to everything.
func TestEmptyNameIsNoAdministrator(t *testing.T) {
	for _, via := range []string{ViaStdio, ViaHTTP, ViaOpenClaw, "", "cli "} {
		h := newHouse(t, accessConfig)
		for _, capability := range []string{"listed", "shut", "shared", "lent", "own", "tight"} {
			c := as("", get(capability, "/secret-rule"))
			c.Via = via
			done, _ := h.do(c)
			if done.Denial == nil || done.Denial.AgentID != "unnamed" {
				t.Errorf("over %q, %s: %s", via, capability, outcome(done))
			}
		}
		c := as("", get("all", "/x"))
		c.Via = via
		h.allowed(c)
		if r := h.records[len(h.records)-1]; r.Agent != "unnamed" {
			t.Errorf("recorded as %q", r.Agent)
		}
		if _, ok := h.files[session.File(session.Pair(via, "unnamed", "all"))]; !ok {
			t.Error("the session is not that of the agent unnamed")
		}
		whoami := Call{Caller: Caller{Via: via}, Tool: Whoami}
		if r, _ := h.allowed(whoami); !strings.Contains(string(r.Data), `"agentId":"unnamed"`) {
			t.Errorf("whoami: %s", r.Data)
		}
	}
}

// TestClientInfoCannotClaimRegisteredAgent: in the reference clientInfo.name "alice" passed
// allowedAgents and ownership.
func TestClientInfoCannotClaimRegisteredAgent(t *testing.T) {
	h := newHouse(t, accessConfig)
	claim := as("alice", get("listed", "/secret-rule"))
	claim.SelfNamed, claim.IdentitySource = true, "transport (clientInfo.name)"
	d := h.refused(claim, AgentNotAllowed)
	if d.AgentID != "unnamed" || !strings.Contains(d.NextStep, "janee serve --agent alice") {
		t.Errorf("%+v", d)
	}
	claim.Tool = Whoami
	r, _ := h.allowed(claim)
	if !strings.Contains(string(r.Data), `"agentId":"unnamed"`) ||
		!strings.Contains(string(r.Data), `a registered name that clientInfo.name cannot claim`) ||
		r.Agent != "unnamed" {
		t.Errorf("%s", r.Data)
	}
	claim.Tool, claim.Args.Action, claim.Args.Service, claim.Args.Target = ManageCredential,
		ActionGrant, "hers", "mallory"
	h.refused(claim, OwnershipDenied)
	for _, r := range h.records {
		if r.Agent != "unnamed" {
			t.Errorf("recorded as %q", r.Agent)
		}
	}
	// proved: by a token, or by the person's command line
	h.allowed(as("alice", get("listed", "/secret-rule")))
	dave := as("dave", get("listed", "/secret-rule"))
	dave.SelfNamed = true
	h.allowed(dave) // nobody has registered the name: it is no more than a label
}

// TestRegisteredNamesFollowReloads: a name is no longer to be claimed from the moment it is
// registered.
func TestRegisteredNamesFollowReloads(t *testing.T) {
	h := newHouse(t, accessConfig)
	claim := as("dave", get("listed", "/secret-rule"))
	claim.SelfNamed = true
	h.allowed(claim)
	h.engine = h.engine.Next(h.parse(strings.Replace(accessConfig, "services:",
		"  dave: {token: "+config.TokenDigest("x")+"}\nservices:", 1)), h.vault)
	h.refused(claim, AgentNotAllowed)
	h.engine = h.engine.Next(h.parse(strings.Replace(accessConfig, "[alice, dave]", "[alice]", 1)),
		h.vault)
	h.refused(claim, AgentNotAllowed) // the open session does not keep what was taken back
}

func TestThePersonIsBoundToNoAgent(t *testing.T) {
	h := newHouse(t,
		strings.Replace(accessConfig, "defaultAccess: open", "defaultAccess: restricted", 1))
	for _, capability := range h.engine.config.CapabilityNames {
		c := as("", get(capability, "/secret-rule"))
		c.Via = ViaCLI
		h.allowed(c)
	}
	c := as("", get("listed", "/no-rule-for-it"))
	c.Via = ViaCLI
	h.refused(c, RuleDeny)
}

func manage(agent, action, service, target string) Call {
	return Call{
		Caller: Caller{Agent: agent, Via: ViaStdio},
		Tool:   ManageCredential,
		Args:   tool.Arguments{Action: action, Service: service, Target: target},
	}
}

func TestManageCredentialView(t *testing.T) {
	h := newHouse(t, accessConfig)
	for _, c := range []struct{ agent, service, want string }{
		{"alice",
			"hers",
			`{"service":"hers","ownership":{"accessPolicy":"shared","createdBy":"alice","sharedWith":["carol"]},"yourAccess":true}`},
		{"carol",
			"hers",
			`{"service":"hers","ownership":{"accessPolicy":"shared","createdBy":"alice"},"yourAccess":true}`},
		{"bob", "free",
			`{"service":"free","ownership":{"accessPolicy":"all-agents"},"yourAccess":true}`},
		{"bob", "unused",
			`{"service":"unused","ownership":{"accessPolicy":"all-agents"},"yourAccess":true}`},
		{"dave",
			"only",
			`{"service":"only","ownership":{"accessPolicy":"agent-only","createdBy":"alice"},"yourAccess":true}`},
	} {
		r, _ := h.allowed(manage(c.agent, ActionView, c.service, ""))
		if string(r.Data) != c.want || r.Share != nil {
			t.Errorf("%s, %s: %s", c.agent, c.service, r.Data)
		}
	}
	h.refused(manage("bob", ActionView, "hers", ""), OwnershipDenied)
	h.refused(manage("bob", ActionView, "nosuch", ""), BadArguments)
	if h.events() != "deny OWNERSHIP_DENIED, deny BAD_ARGUMENTS" {
		t.Error(h.events())
	}
	h = newHouse(t,
		strings.Replace(accessConfig, "defaultAccess: open", "defaultAccess: restricted", 1))
	h.refused(manage("bob", ActionView, "unused", ""), DefaultAccessRestricted)
	if r, _ := h.allowed(manage("alice",
		ActionView, "only", "")); !strings.Contains(string(r.Data), `"yourAccess":false`) {
		t.Errorf("an owner is not shown what is hers: %s", r.Data)
	}
}

func TestManageCredentialShares(t *testing.T) {
	h := newHouse(t, accessConfig)
	r, _ := h.allowed(manage("alice", ActionGrant, "only", "bob"))
	if r.Share == nil || *r.Share != (Share{"only", "alice", "bob", true}) ||
		r.Agent != "alice" || r.Data != nil {
		t.Errorf("%+v", r)
	}
	r, _ = h.allowed(manage("alice", ActionRevoke, "hers", "carol"))
	if r.Share == nil || *r.Share != (Share{"hers", "alice", "carol", false}) {
		t.Errorf("%+v", r)
	}
	for i, want := range []struct{ event, service, agent, policy string }{
		{"ownership.grant", "only", "bob", "shared"},
		{"ownership.revoke", "hers", "carol", "agent-only"},
	} {
		r := h.records[i]
		if r.Event != want.event || r.Agent != "alice" || r.Service != want.service ||
			r.Detail["agent"] != want.agent || r.Detail["accessPolicy"] != want.policy {
			t.Errorf("record %+v", r)
		}
	}
	for _, c := range []struct {
		call Call
		code string
	}{
		{manage("bob", ActionGrant, "only", "bob"), OwnershipDenied},
		{manage("carol", ActionGrant, "hers", "bob"), OwnershipDenied},
		{manage("alice", ActionGrant, "free", "bob"), OwnershipDenied},
		{manage("", ActionGrant, "free", "bob"), OwnershipDenied},
		{manage("alice", ActionGrant, "only", "a b"), BadArguments},
		{manage("alice", ActionGrant, "only", ""), BadArguments},
		{manage("alice", ActionRevoke, "only", "alice"), BadArguments},
		{manage("alice", ActionGrant, "nosuch", "bob"), BadArguments},
	} {
		h.refused(c.call, c.code)
	}
	open := newHouse(t, strings.Replace(accessConfig, "agent-only", "all-agents", 1))
	open.refused(manage("alice", ActionGrant, "only", "bob"), BadArguments)
	h.files[session.LockFile] = []byte{}
	h.refused(manage("alice", ActionGrant, "only", "bob"), Locked)
}

// TestSharingIsRecordedFirst: without the record the shell is told nothing that it could write.
func TestSharingIsRecordedFirst(t *testing.T) {
	h := newHouse(t, accessConfig)
	h.failCommit = func(c Commit) bool { return len(c.Records) > 0 && !c.Late }
	h.refused(manage("alice", ActionGrant, "only", "bob"), AuditUnavailable)
}

// TestClosedCapabilitiesTellNothing holds the explanation of a closed capability to what
// list_services shows.
func TestClosedCapabilitiesTellNothing(t *testing.T) {
	h := newHouse(t, accessConfig)
	e := h.explain(asked(as("bob", get("shared", "/secret-rule"))))
	if e.story() != "lock+ capability_exists+ mode+ default_access+ ownership-" ||
		e.detail("rules") != "skip: "+closedToAgent {
		t.Errorf("%s, %s", e.story(), e.detail("rules"))
	}
	if text, _ := json.Marshal(e); strings.Contains(string(text), "secret") {
		t.Errorf("%s", text)
	}
	if !slices.ContainsFunc(e.Trace, func(l TraceLine) bool {
		return strings.Contains(l.Detail, "hers")
	}) {
		t.Error("not even the service is told")
	}
}
