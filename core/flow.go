package core

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/vault"
)

// defaultTimeoutMs bounds a whole exchange where the capability sets no timeout.
const defaultTimeoutMs = 60_000

// Flow is one call in progress. It is not safe for concurrent use.
type Flow struct {
	engine *Engine
	call   Call
	req    string // id of this call in the log
	began  int64  // Now.Mono
	now    int64  // Now.Mono of the last step
	next   func(In, Event) Step
	inner  atomic.Pointer[Flow] // test_service of all: the flow that tries the service whose turn it is
	end    *Done

	capability *config.Capability
	service    *config.Service
	judged     policy.Judged
	decision   policy.Decision
	headers    []Header
	dropped    []string

	pair, session string
	grant         session.Grant // the session that was open when the call came; no ID: none
	stored        bool          // the pair has a session file, usable or not
	digest        string        // of the request, where a person is asked about it
	question      Question      // that person's; no ID: none
	raised        bool          // this call has asked

	ticket *limit.Ticket // what the call holds of its agent's limits; nil: nothing, or nothing any more
	sent   bool          // the request went to the shell
	handed int64         // bytes of the reply that the agent is given

	intended bool        // the intent stands in the log, so a result has to follow
	closing  bool        // the last record is being written: nothing can stop the flow any more
	locked   atomic.Bool // Revoked has seen the lock; it may run beside Resume
	deadline int64       // Now.Mono

	scheme     *sign.Scheme
	credential sign.Credential
	agreed     vault.Destination // where the owner lets the credential go
	tokens     tokenUse          // where the auth type trades the credential for a token
	challenge  challenge         // where it signs what the API asks for
	trace      []sign.Note

	scrubber *secret.Scrubber
	body     *secret.Stream
	redacted int // outside the body
	head     *Result
	trial    *trial // of test_service
}

// Resume takes one event and answers the next step, until Done. After Head it answers nil: the exchange goes on.
func (f *Flow) Resume(in In, ev Event) Step {
	if f.end != nil {
		return *f.end
	}
	f.now = in.Now.Mono
	if f.inner.Load() != nil {
		return f.next(in, ev)
	}
	if s, ok := ev.(Stopped); ok && !f.closing {
		return f.stopped(in, s)
	}
	return f.next(in, ev)
}

// Scrub masks secrets in the next bytes of the reply's body. Give chunks in order, of any size; the result is valid until the
// next call. Only a reply that ended by itself is closed with last: what is held back of a cut reply may begin a secret.
func (f *Flow) Scrub(p []byte, last bool) []byte {
	if inner := f.inner.Load(); inner != nil {
		return inner.Scrub(p, last)
	}
	clean := f.body.Write(p, last)
	if f.trial != nil {
		f.trial.answer = append(f.trial.answer, clean...)
	}
	return clean
}

// commitIntent makes the record durable that has to stand before anything is opened or sent.
func (f *Flow) commitIntent(in In) Step {
	f.next = f.send
	r := f.record(in, "intent")
	r.Decision, r.Rule = "allow", f.decision.Rule
	return Commit{Records: []Record{r}}
}

// send opens the credential, signs, and asks for the exchange.
func (f *Flow) send(in In, ev Event) Step {
	if c, ok := ev.(Committed); !ok || c.Err {
		return f.done(nil, Deny(AuditUnavailable, f.call))
	}
	f.intended = true
	var err error
	if f.scheme, f.credential, f.agreed, err = f.engine.open(f.service); err != nil {
		return f.finish(in, nil, f.credentialDenial(err), nil)
	}
	f.deadline = in.Now.Mono + f.timeout()
	f.scrubber = f.engine.scrubber(f.service.Name, f.scheme.Secrets(f.credential))
	if f.scheme.Exchanges() {
		return f.withToken(in)
	}
	f.challenge.awaited = f.scheme.Challenged()
	return f.dispatch(in)
}

// timeout bounds everything that a call sends, in milliseconds.
func (f *Flow) timeout() int64 {
	if t := f.capability.Timeout.Milliseconds(); t != 0 {
		return t
	}
	return defaultTimeoutMs
}

// dispatch signs the request and asks for its exchange.
func (f *Flow) dispatch(in In) Step {
	if f.trial != nil {
		f.trial.sent, f.trial.answer = in.Now.Mono, nil
	}
	s, proof, err := f.signed(in)
	if err != nil {
		return f.fail(in, SigningFailed, f.clean(err.Error()))
	}
	if len(proof) > 0 {
		f.scrubber = f.scrubber.With(proof...)
	}
	s.MaxBody = f.call.MaxBytes + int64(f.scrubber.Longest())
	f.body, f.head, f.redacted = f.scrubber.Stream(), nil, 0
	f.body.Limit(f.call.MaxBytes)
	f.next, f.sent = f.replied, true
	return s
}

// signed returns the request to be sent, and what of it stands for the credential.
func (f *Flow) signed(in In) (Send, []secret.Text, error) {
	headers, body := merge(f.headers, f.service.Headers), f.call.Body
	if f.challenge.awaited {
		body = nil
	}
	if _, ok := Get(headers, "Content-Type"); !ok && len(body) > 0 {
		headers = append(headers, Header{Name: "Content-Type", Value: "application/json"})
	}
	s, err := f.sign(in, headers)
	if err != nil {
		return Send{}, nil, err
	}
	address, target := f.service.Base.JoinUnder(s.Path, f.judged, s.Query)
	if target == "" {
		return Send{}, nil, errors.New("the address does not survive being written and read again")
	}
	return Send{Service: f.service.Name, Method: f.judged.Method(), URL: address, Target: target, Headers: merge(headers, s.Headers),
		Body: body, TimeoutMs: f.left(in), Watch: f.watch(), CADigest: f.agreed.CA}, s.Secrets, nil
}

func (f *Flow) sign(in In, headers []Header) (sign.Signed, error) {
	if t := f.tokens.have; t != nil {
		return t.token.Signed(), nil
	}
	if f.scheme.Challenged() {
		return f.challenge.answer, f.scheme.Check(f.credential)
	}
	s, err := f.scheme.Sign(f.credential, f.toSign(headers), moment(in))
	f.trace = s.Trace
	return s, err
}

func (f *Flow) toSign(headers []Header) sign.Request {
	base := f.service.Base
	return sign.Request{Method: f.judged.Method(), Host: base.Host(), Path: base.Path() + f.judged.Path(), Query: f.judged.Query(),
		Headers: headers, Body: f.call.Body, HTTP: strings.HasPrefix(base.Origin(), "http:")}
}

func moment(in In) sign.Moment { return sign.Moment{UnixMs: in.Now.Wall, Nonce: in.Rand[:32]} }

// left is what remains of the timeout, in milliseconds.
func (f *Flow) left(in In) int64 { return max(1, f.deadline-in.Now.Mono) }

// merge adds fields that win over those of the same name, in every spelling that a receiver could take for it.
func merge(fields, over []Header) []Header {
	out := make([]Header, 0, len(fields)+len(over))
	for _, h := range fields {
		if !slices.ContainsFunc(over, func(o Header) bool { return policy.SameHeader(h.Name, o.Name) }) {
			out = append(out, h)
		}
	}
	return append(out, over...)
}

// replied takes the head and the end of the exchange.
func (f *Flow) replied(in In, ev Event) Step {
	switch ev := ev.(type) {
	case Head:
		f.head = f.result(ev)
		f.challenge.head = ev
		if f.trial != nil {
			f.trial.latency = in.Now.Mono - f.trial.sent
		}
		return nil
	case Ended:
		return f.ended(in, ev)
	}
	return f.fail(in, Internal, "")
}

var endings = map[string]Code{ErrTimeout: UpstreamTimeout, ErrUnreachable: UpstreamUnreachable, ErrUnscannable: ResponseUnscannable,
	ErrCancelled: Cancelled, ErrRejected: RequestRejected, ErrBlocked: EgressBlocked, ErrUnrecorded: AuditUnavailable,
	ErrUntrusted: CredentialRebound}

func (f *Flow) ended(in In, ev Ended) Step {
	if ev.Err == "" && f.head != nil {
		if f.tokenRefused() {
			return f.withToken(in)
		}
		if f.challenge.awaited {
			if step := f.challenged(in); step != nil {
				return step
			}
		}
		f.head.Truncated, f.head.Redactions = ev.Truncated || f.body.Cut(), f.redacted+f.body.Redactions()
		if f.body.Redactions() > 0 { // the length that was announced would tell how long the secret is
			f.head.Headers = slices.DeleteFunc(f.head.Headers, func(h Header) bool { return h.Name == "content-length" })
		}
		f.handed = ev.Bytes
		return f.finish(in, f.head, nil, &ev)
	}
	code, ok := endings[ev.Err]
	if !ok {
		code = Internal
	}
	ev.Detail = f.clean(ev.Detail)
	d := Deny(code, f.call)
	if ev.Detail != "" {
		d.Message += ": " + ev.Detail
	}
	if code == CredentialRebound {
		d.NextStep = trustHint(f.service.Name)
	}
	if code == UpstreamUnreachable && !f.safe() {
		d.NextStep = "tell your person; unless no connection was made, the API may have acted on the request: check before you repeat it"
	}
	return f.finish(in, nil, d, &ev)
}

// safe reports whether the request asks for nothing but an answer (RFC 9110 section 9.2.1).
func (f *Flow) safe() bool {
	m := f.judged.Method()
	return m == "GET" || m == "HEAD" || m == "OPTIONS"
}

// stopped ends the flow from outside. What is on the wire may have been acted on, so the record says so.
func (f *Flow) stopped(in In, s Stopped) Step {
	code := Cancelled
	switch {
	case s.Why == StopRevoked && f.locked.Load():
		code = Locked
	case s.Why == StopRevoked:
		code = SessionRevoked
	}
	return f.fail(in, code, "")
}

// fail refuses, with a record: a result where the intent stands in the log, a denial before.
func (f *Flow) fail(in In, code Code, why string) Step {
	d := Deny(code, f.call)
	if why != "" {
		d.Message += ": " + why
	}
	if f.intended {
		return f.finish(in, nil, d, nil)
	}
	return f.deny(in, d)
}

// deny records a refusal, unless the agent has had too many, and ends. Nothing was done, so a log that cannot be written changes nothing for
// the agent.
func (f *Flow) deny(in In, d *Denial) Step {
	f.closing = true
	ok, missed := f.recordable(in)
	if !ok {
		return f.done(nil, d)
	}
	r := f.record(in, "deny")
	r.Decision, r.Rule, r.Code, r.Detail = "deny", f.decision.Rule, d.Code, unrecorded(r.Detail, missed)
	f.next = func(In, Event) Step { return f.done(nil, d) }
	return Commit{Records: []Record{r}, Late: true}
}

// finish records what came of the call, then ends. If that cannot be written the answer still goes out, and the shell locks.
func (f *Flow) finish(in In, res *Result, d *Denial, ev *Ended) Step {
	r := f.record(in, "result")
	r.DurationMs = in.Now.Mono - f.began
	if res != nil {
		r.Status, r.Redactions = res.Status, int64(res.Redactions)
	}
	if d != nil {
		r.Code = d.Code
	}
	if ev != nil {
		r.Bytes = ev.Bytes
		if ev.Detail != "" {
			r.Detail = with(r.Detail, "upstream", ev.Detail)
		}
	}
	if f.tokens.repeated {
		r.Detail = with(r.Detail, "repeated", "the API refused the first token")
	}
	if f.trial != nil {
		res, d = f.tried(in, d)
	}
	f.next = func(_ In, ev Event) Step {
		c, ok := ev.(Committed)
		return f.over(Done{Result: res, Denial: d, Lock: !ok || c.Err})
	}
	f.closing = true
	return Commit{Records: []Record{r}, Late: true}
}

func with(detail map[string]string, key, value string) map[string]string {
	if detail == nil {
		detail = map[string]string{}
	}
	detail[key] = value
	return detail
}

func (f *Flow) done(r *Result, d ...*Denial) Step {
	if r != nil {
		r.Agent = f.call.Agent
	}
	end := Done{Result: r}
	if len(d) > 0 {
		end.Denial = d[0]
	}
	return f.over(end)
}

// over is how every flow ends.
func (f *Flow) over(d Done) Step {
	f.release()
	f.end = &d
	return d
}

// record fills in what every record of this call says.
func (f *Flow) record(in In, event string) Record {
	c := f.call
	r := Record{TS: in.Now.Wall, Event: event, Req: f.req, Session: f.session, Agent: c.Agent, Via: c.Via, Capability: c.Capability,
		Method: c.Method, Target: policy.Redact(c.Path), Reason: c.Reason}
	if c.Tool != tool.Execute { // an agent that probes for tools leaves a trace of what it looked for
		r.Detail = map[string]string{"tool": c.Tool}
	}
	if f.service != nil {
		r.Service = f.service.Name
	}
	if m := f.judged.Method(); m != "" {
		r.Method = m
	}
	if f.question.ID != "" {
		r.Detail = map[string]string{"approval": f.question.ID}
	}
	return r
}
