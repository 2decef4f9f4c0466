package core

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
)

const (
	// testTimeout is how long a service that is tried has to answer.
	testTimeout = 10 * time.Second
	// maxTestBody bounds, in characters, how much of an answer that was no success is told.
	maxTestBody = 512
)

// trial is what a flow of test_service finds out.
type trial struct {
	sent, latency int64  // Now.Mono, ms
	answer        []byte // scrubbed
}

type trialReport struct {
	Service      string `json:"service"`
	BaseURL      string `json:"baseUrl"`
	TestURL      string `json:"testUrl"`
	Reachable    bool   `json:"reachable"`
	AuthOK       bool   `json:"authOk"`
	StatusCode   *int   `json:"statusCode"`
	LatencyMs    int64  `json:"latencyMs"`
	AuthType     string `json:"authType"`
	Error        string `json:"error,omitempty"`
	ReasonCode   Code   `json:"reasonCode,omitempty"`
	NextStep     string `json:"nextStep,omitempty"`
	ResponseBody string `json:"responseBody,omitempty"`
	CheckedAt    string `json:"checkedAt"`
}

// testNeeds names what decides whether the sessions of a service are open to the agent.
func (e *Engine) testNeeds(c Call) []string {
	names := []string{session.LockFile}
	if c.Via == ViaCLI || c.Fault != nil {
		return names
	}
	names = append(names, session.ClosedFile)
	for _, name := range e.config.CapabilityNames {
		if c.Service == "" || e.config.Capabilities[name].Service == c.Service {
			pair := session.Pair(c.Via, c.Agent, name)
			names = append(names, session.File(pair), session.RevokedFile(pair))
		}
	}
	return names
}

// test tries the credential of a service with a GET of its testPath, under a policy that allows nothing else.
func (f *Flow) test(in In) Step {
	if f.call.Service == "" {
		return f.testAll(in)
	}
	s := f.engine.config.Services[f.call.Service]
	if s == nil {
		return f.deny(in, Deny(BadArguments, f.call).because(fmt.Sprintf("there is no service %q", f.call.Service), "", "use the service of an entry of list_services"))
	}
	f.service = s
	if d := f.mayTest(in); d != nil {
		return f.deny(in, d)
	}
	f.trial = &trial{}
	if s.TestPath == "" {
		return f.done(f.told(f.report(in), "the service has no testPath, so nothing was sent", "",
			fmt.Sprintf("tell your person: `janee service edit %s --test-path /PATH` sets a path that is harmless to GET", s.Name)))
	}
	f.call.Method, f.call.Path, f.call.Headers, f.call.Body, f.call.MaxBytes = "GET", s.TestPath, nil, nil, maxTestBody*utf8.UTFMax
	options := s.Options
	options.Operations = nil // the owner wrote the path, query and all
	if f.judged, f.decision = policy.Judge(f.testPolicy(), options, f.call.Method,
		f.call.Path); f.decision.Outcome != policy.Allowed {
		return f.deny(in, Deny(RequestRejected, f.call).because("testPath: "+f.decision.Reason, "", f.decision.Hint))
	}
	if d := f.take(in); d != nil {
		return f.deny(in, d)
	}
	f.session = f.grant.ID
	return f.commitIntent(in)
}

// testPolicy allows the testPath of the service and nothing besides; what a rule cannot spell it denies.
func (f *Flow) testPolicy() policy.Policy {
	path, _, _ := strings.Cut(f.service.TestPath, "?")
	r, err := policy.ParseRule("GET " + path)
	if err != nil {
		return policy.Policy{}
	}
	return policy.New([]policy.Rule{r}, nil)
}

// trialChecks are those of execute that are about the agent and not about its request.
var trialChecks = []func(*Flow, In) *Denial{(*Flow).checkCapability, (*Flow).checkAllowedAgents, (*Flow).checkDefaultAccess, (*Flow).checkOwnership,
	(*Flow).checkRootKey, (*Flow).checkSession, (*Flow).checkLimits, (*Flow).checkApproval}

// mayTest looks for a capability of the service that the agent could use now: a session that its owner has closed, and a person who has
// not been asked, stand in the way of a trial as of any other call. Of several refusals the one is told that came closest.
func (f *Flow) mayTest(in In) *Denial {
	f.capability = &config.Capability{Service: f.service.Name, Timeout: testTimeout}
	if f.call.TimeoutMs > 0 {
		f.capability.Timeout = time.Duration(f.call.TimeoutMs) * time.Millisecond
	}
	if f.call.Via == ViaCLI {
		return f.checkRootKey(in)
	}
	users := f.engine.config.UsersOf(f.service.Name)
	if len(users) == 0 {
		return f.mayTestUnused(in)
	}
	var denial *Denial
	furthest := -1
	for _, name := range users {
		g := &Flow{engine: f.engine, call: f.call}
		g.call.Capability = name
		i, d := g.passTrialChecks(in)
		if d == nil {
			f.call.Capability, f.pair, f.grant = name, g.pair, g.grant
			return nil
		}
		if i > furthest {
			furthest, denial = i, d
		}
	}
	return denial
}

func (f *Flow) passTrialChecks(in In) (passed int, d *Denial) {
	for i, refuse := range trialChecks {
		if d := refuse(f, in); d != nil {
			return i, d
		}
	}
	return len(trialChecks), nil
}

// mayTestUnused is for a service without a capability, which is nobody's to use but may be tried by those to whom it is open.
func (f *Flow) mayTestUnused(in In) *Denial {
	if d := f.engine.serviceAccess(f.call, f.service); d != nil {
		return d
	}
	if d := f.checkRootKey(in); d != nil {
		return d
	}
	return f.checkSession(in)
}

func (f *Flow) report(in In) trialReport {
	s := f.service
	return trialReport{Service: s.Name, BaseURL: s.Base.String(), TestURL: s.Base.String() + s.TestPath, AuthType: s.Auth.Type,
		LatencyMs: f.trial.latency, CheckedAt: time.UnixMilli(in.Now.Wall).UTC().Format(time.RFC3339)}
}

func (f *Flow) told(r trialReport, fault string, code Code, next string) *Result {
	r.Error, r.ReasonCode, r.NextStep = fault, code, next
	return &Result{Tool: tool.TestService, Data: encode(r)}
}

// Codes that are no finding about a service: trialStops end its trial with a refusal, tourStops also that of all others.
var (
	trialStops = []Code{AuditUnavailable, SessionRevoked, Locked, Cancelled, Internal}
	tourStops  = []Code{AuditUnavailable, Locked, Cancelled, Internal, VaultLocked}
)

// tried makes the report. That the service cannot be used is what a trial is to find out, and no refusal.
func (f *Flow) tried(in In, d *Denial) (*Result, *Denial) {
	if d != nil && slices.Contains(trialStops, d.Code) {
		return nil, d
	}
	r := f.report(in)
	if f.head != nil {
		r.Reachable, r.StatusCode = true, &f.head.Status
	}
	if d != nil {
		return f.told(r, d.Message, d.Code, d.NextStep), nil
	}
	r.AuthOK = f.head.Status/100 == 2
	if !r.AuthOK {
		r.ResponseBody = secret.Beginning(strings.ToValidUTF8(string(f.trial.answer), "\ufffd"), maxTestBody)
	}
	return f.told(r, statusFault(f.head.Status), "", ""), nil
}

func statusFault(status int) string {
	switch {
	case status/100 == 2:
		return ""
	case status == 401 || status == 403:
		return fmt.Sprintf("the API answered %d: it does not accept the credential, or not for this path", status)
	case status/100 == 3:
		return fmt.Sprintf("the API answered %d, a redirect, which is not followed: baseUrl or testPath may be out of date", status)
	case status == 404:
		return "the API answered 404: testPath may be wrong, or not for this credential to see"
	}
	return fmt.Sprintf("the API answered %d", status)
}

// testAll tries the services that the agent may use one after the other, each in a flow of its own.
func (f *Flow) testAll(in In) Step {
	var left []string
	for _, name := range f.engine.config.ServiceNames {
		if f.call.Via == ViaCLI || f.engine.serviceAccess(f.call, f.engine.config.Services[name]) == nil {
			left = append(left, name)
		}
	}
	return f.testNext(in, in.Files, left, []json.RawMessage{})
}

// testNext begins with the next service. files are the state files as Begin has found them; before anything is sent they are looked at again.
func (f *Flow) testNext(in In, files map[string][]byte, left []string, reports []json.RawMessage) Step {
	if len(left) == 0 {
		f.inner.Store(nil)
		return f.done(&Result{Tool: tool.TestService, Data: encode(reports)})
	}
	inner := &Flow{engine: f.engine, call: f.call, began: in.Now.Mono, now: in.Now.Mono, req: hex.EncodeToString(in.Rand[:16])}
	inner.call.Service = left[0]
	in.Files = files
	step := inner.test(in)
	f.inner.Store(inner)
	return f.follow(in, step, tour{files, left, reports})
}

// tour is where a test of all services stands; left[0] is being tried.
type tour struct {
	files   map[string][]byte
	left    []string
	reports []json.RawMessage
}

func (f *Flow) follow(in In, step Step, t tour) Step {
	inner := f.inner.Load()
	done, over := step.(Done)
	if !over {
		f.next = func(in In, ev Event) Step { return f.follow(in, inner.Resume(in, ev), t) }
		return step
	}
	if d := done.Denial; d != nil {
		if slices.Contains(tourStops, d.Code) {
			return f.over(done)
		}
		inner.trial = &trial{}
		done.Result = inner.told(inner.report(in), d.Message, d.Code, d.NextStep)
	}
	t.reports = append(t.reports, done.Result.Data)
	if done.Lock {
		return f.over(Done{Result: &Result{Tool: tool.TestService, Data: encode(t.reports)}, Lock: true})
	}
	return f.testNext(in, t.files, t.left[1:], t.reports)
}
