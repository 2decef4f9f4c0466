package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
)

const (
	// trialTimeout is how long a service that is tried has to answer.
	trialTimeout = 10 * time.Second
	// maxTrialBody bounds, in characters, how much of an answer that was no success is told.
	maxTrialBody = 512
)

// TrialReport is what test_service returns for one service.
type TrialReport struct {
	Service      string `json:"service"`
	BaseURL      string `json:"baseUrl"`
	TestURL      string `json:"testUrl"`
	Reachable    bool   `json:"reachable"`
	AuthOK       bool   `json:"authOk"`
	StatusCode   *int   `json:"statusCode"`
	LatencyMs    int64  `json:"latencyMs"`
	AuthType     string `json:"authType"`
	Error        string `json:"error,omitempty"`
	ReasonCode   string `json:"reasonCode,omitempty"`
	NextStep     string `json:"nextStep,omitempty"`
	ResponseBody string `json:"responseBody,omitempty"`
	CheckedAt    string `json:"checkedAt"`
}

// test answers test_service: one service, or all that the agent may use.
func (f *Flow) test() Done {
	if f.call.Args.Service == "" {
		return f.tryAll()
	}
	report, done := f.try()
	if report == nil {
		return done
	}
	return Done{Result: &Result{Tool: TestService, Data: encode(report)}, Lock: done.Lock}
}

// try tries the credential of a service with a GET of its testPath, under a policy that allows
// nothing else. Without a report the service was not tried, for the reason of the denial.
func (f *Flow) try() (*TrialReport, Done) {
	if d := f.findService(listedService); d != nil {
		return nil, f.refuse(d)
	}
	if d := f.mayTry(f.in()); d != nil {
		return nil, f.refuse(d)
	}
	if s := f.service; s.TestPath == "" {
		return f.report().of("the service has no testPath, so nothing was sent", "",
			fmt.Sprintf("tell your user: `janee service edit %s --test-path /PATH` sets a path "+
				"that is harmless to GET", s.Name)), Done{}
	}
	if d := f.judgeTrial(); d != nil {
		return nil, f.refuse(d)
	}
	if d := f.take(); d != nil {
		return nil, f.refuse(d)
	}
	f.session, f.reply.withheld = f.grant.ID, true
	done := f.perform()
	return f.tried(done), done
}

// judgeTrial puts the request of a trial in the place of the agent's.
func (f *Flow) judgeTrial() *Denial {
	a := &f.call.Args
	a.Method, a.Path, a.Headers, a.Body = "GET", f.service.TestPath, nil, nil
	f.maxBytes = maxTrialBody * utf8.UTFMax
	options := f.service.Options
	options.Operations = nil // the owner wrote the path, query and all
	f.judged, f.decision = policy.Judge(f.trialPolicy(), options, a.Method, a.Path)
	if f.decision.Outcome == policy.Allowed {
		return nil
	}
	return f.deny(RequestRejected).because(
		"testPath: "+f.decision.Reason, "", f.decision.Hint)
}

// trialPolicy allows the testPath of the service and nothing else. It denies a path that no rule
// can spell.
func (s *subject) trialPolicy() policy.Policy {
	path, _, _ := strings.Cut(s.service.TestPath, "?")
	r, err := policy.ParseRule("GET " + path)
	if err != nil {
		return policy.Policy{}
	}
	return policy.New([]policy.Rule{r}, nil)
}

// trialChecks are those of execute that are about the agent and not about its request.
var trialChecks = []func(*subject, In) *Denial{
	(*subject).checkCapability,
	(*subject).checkAllowedAgents,
	(*subject).checkDefaultAccess,
	(*subject).checkOwnership,
	(*subject).checkRootKey,
	(*subject).checkSession,
	(*subject).checkLimits,
	(*subject).checkApproval,
}

// mayTry looks for a capability of the service that the agent could use now: a session that its
// owner has closed, or a person who was not asked yet, blocks a trial as it blocks any other call.
// Of several refusals the one that came closest is told.
func (s *subject) mayTry(in In) *Denial {
	s.capability = &config.Capability{Service: s.service.Name, Timeout: trialTimeout}
	if s.call.Args.TimeoutMs > 0 {
		s.capability.Timeout = time.Duration(s.call.Args.TimeoutMs) * time.Millisecond
	}
	if s.call.Person() {
		return s.checkRootKey(in)
	}
	users := s.engine.config.UsersOf(s.service.Name)
	if len(users) == 0 {
		return s.mayTryUnused(in)
	}
	var denial *Denial
	furthest := -1
	for _, name := range users {
		c := s.call
		c.Args.Capability = name
		g := s.engine.subject(c)
		i, d := g.passTrialChecks(in)
		if d == nil {
			s.call.Args.Capability, s.pair, s.grant = name, g.pair, g.grant
			return nil
		}
		if i > furthest {
			furthest, denial = i, d
		}
	}
	return denial
}

func (s *subject) passTrialChecks(in In) (passed int, d *Denial) {
	for i, refuse := range trialChecks {
		if d := refuse(s, in); d != nil {
			return i, d
		}
	}
	return len(trialChecks), nil
}

// mayTryUnused is for a service without a capability: nobody can use it, but agents to whom it is
// open may try it.
func (s *subject) mayTryUnused(in In) *Denial {
	if d := s.engine.serviceAccess(s.call, s.service); d != nil {
		return d
	}
	if d := s.checkRootKey(in); d != nil {
		return d
	}
	return s.checkSession(in)
}

func (f *Flow) report() *TrialReport {
	s := f.service
	return &TrialReport{
		Service:   s.Name,
		BaseURL:   s.Base.String(),
		TestURL:   s.Base.String() + s.TestPath,
		AuthType:  s.Auth.Type,
		LatencyMs: f.reply.latency,
		CheckedAt: clock(f.in().Now.Wall),
	}
}

func (r *TrialReport) of(fault string, code string, next string) *TrialReport {
	r.Error, r.ReasonCode, r.NextStep = fault, code, next
	return r
}

// Codes that are no finding about a service: trialStops end its trial with a refusal, tourStops
// also that of all others.
var (
	trialStops = []string{AuditUnavailable, SessionRevoked, Locked, Cancelled, Internal}
	tourStops  = []string{AuditUnavailable, Locked, Cancelled, Internal, VaultLocked}
)

// tried makes the report; nil where the end of the call says nothing about the service. That the
// service cannot be used is a finding of the trial, not a refusal.
func (f *Flow) tried(done Done) *TrialReport {
	d := done.Denial
	if d != nil && slices.Contains(trialStops, d.Code) {
		return nil
	}
	r := f.report()
	if head := f.reply.head; head != nil {
		r.Reachable, r.StatusCode = true, &head.Status
	}
	if d != nil {
		return r.of(d.Message, d.Code, d.NextStep)
	}
	status := f.reply.head.Status
	r.AuthOK = status/100 == 2
	if !r.AuthOK {
		r.ResponseBody = secret.Beginning(strings.ToValidUTF8(string(f.reply.body), "\ufffd"),
			maxTrialBody)
	}
	return r.of(statusFault(status), "", "")
}

func statusFault(status int) string {
	switch {
	case status/100 == 2:
		return ""
	case status == 401 || status == 403:
		return fmt.Sprintf(
			"the API answered %d: it does not accept the credential, or not for this path", status)
	case status/100 == 3:
		return fmt.Sprintf("the API answered %d, a redirect, which is not followed: baseUrl or "+
			"testPath may be out of date", status)
	case status == 404:
		return "the API answered 404: testPath may be wrong, or not for this credential to see"
	}
	return fmt.Sprintf("the API answered %d", status)
}

// tryAll tries the services that the agent may use one after the other, each as a call of its own.
// Its state files are those that Begin has found; before anything is sent they are looked at again.
func (f *Flow) tryAll() Done {
	files := f.in().Files
	reports := []*TrialReport{}
	for _, s := range f.testable() {
		f.talk.in.Files = files
		part := f.trialOf(s)
		report, done := part.try()
		done = part.over(done)
		if d := done.Denial; report == nil {
			if slices.Contains(tourStops, d.Code) {
				return done
			}
			part.reply = reply{}
			report = part.report().of(d.Message, d.Code, d.NextStep)
		}
		reports = append(reports, report)
		if done.Lock {
			return Done{Result: &Result{Tool: TestService, Data: encode(reports)}, Lock: true}
		}
	}
	return answer(TestService, encode(reports))
}

func (f *Flow) testable() (services []string) {
	for _, name := range f.engine.config.ServiceNames {
		s := f.engine.config.Services[name]
		if f.call.Person() || f.engine.serviceAccess(f.call, s) == nil {
			services = append(services, name)
		}
	}
	return services
}

// trialOf is a call of its own that talks to the same shell.
func (f *Flow) trialOf(service string) *Flow {
	c := f.call
	c.Args.Service = service
	part := f.engine.flow(f.in(), c)
	part.talk = f.talk
	return part
}
