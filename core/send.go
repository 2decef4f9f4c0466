package core

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
	"github.com/true-and-useful/janee/core/wire"
)

// delivery is the authenticated request of a call on its way to the API.
type delivery struct {
	*Flow
	scheme     *sign.Scheme
	credential sign.Credential
	agreed     vault.Destination // where the owner lets the credential go
	deadline   int64             // Now.Mono
	scrubber   *secret.Scrubber
	token      tokenUse  // where the auth type trades the credential for a token
	challenge  challenge // where it signs what the API asks for
	trace      []sign.Note
}

// deliver opens the credential, signs the request, has it sent and returns the reply. A token is
// fetched first where the auth type wants one. The request goes out a second time where the API
// refuses the token, or answers with the challenge that is to be signed.
func (f *Flow) deliver() (*Result, *Denial) {
	s, d := f.open()
	if d == nil && s.scheme.Exchanges() {
		d = s.fetchToken()
	}
	for d == nil {
		result, again, denial := s.send()
		if !again || denial != nil {
			return result, denial
		}
		switch {
		case s.challenge.awaited:
			d = s.answerChallenge()
		default:
			s.reply.repeated = true
			d = s.fetchToken()
		}
	}
	return nil, d
}

// open decrypts the credential of the call's service.
func (f *Flow) open() (*delivery, *Denial) {
	scheme, credential, agreed, err := f.engine.open(f.service)
	if err != nil {
		return nil, f.credentialDenial(err)
	}
	s := &delivery{
		Flow:       f,
		scheme:     scheme,
		credential: credential,
		agreed:     agreed,
		deadline:   f.in().Now.Mono + f.timeout(),
		scrubber:   f.engine.scrubber(f.service.Name, scheme.Secrets(credential)),
	}
	s.challenge.awaited = scheme.Challenged()
	return s, nil
}

// timeout bounds everything that a call sends, in milliseconds.
func (f *Flow) timeout() int64 {
	return cmp.Or(f.capability.Timeout, config.DefaultTimeout).Milliseconds()
}

// send signs the request and takes the reply. again: the reply is not for the agent, and the
// request is to be sent once more.
func (s *delivery) send() (r *Result, again bool, d *Denial) {
	request, proof, err := s.signed()
	if err != nil {
		return nil, false, s.failure(SigningFailed, s.clean(err.Error()))
	}
	if len(proof) > 0 {
		s.scrubber = s.scrubber.With(proof...)
	}
	request.MaxBody = s.maxBytes + int64(s.scrubber.Longest())
	s.reply.begin(s.scrubber.Stream(), s.maxBytes, s.in().Now.Mono)
	s.usage.sent = true

	ev, d := s.do(request)
	if head, ok := ev.(Head); ok && d == nil {
		r = s.result(head)
		again = s.repeats(head)
		ev, d = s.do(s.relay(r, again))
	}
	ended, ok := ev.(Ended)
	switch {
	case d != nil:
		return nil, false, d
	case !ok:
		return nil, false, s.failure(Internal, "")
	case ended.Err != "" || r == nil:
		return nil, false, s.broken(ended)
	case again:
		return nil, true, nil
	}
	if d := s.withheld(r.Status); d != nil {
		return nil, false, d
	}
	s.reply.end(r, ended)
	s.got(ended.Bytes)
	return r, false, nil
}

// repeats reports whether the reply that begins with head leads to the same request once more.
func (s *delivery) repeats(head Head) bool {
	if s.challenge.awaited {
		s.challenge.head = head
		return head.Status == 401
	}
	return s.tokenRefused(head.Status)
}

// relay is nil where the agent gets nothing of the reply.
func (s *delivery) relay(r *Result, again bool) Step {
	if again || s.reply.withheld || s.challenge.awaited && len(s.call.Args.Body) > 0 {
		return nil
	}
	return Relay{Status: r.Status, Headers: withoutLength(r.Headers)}
}

// signed returns the request to be sent, and what in it is as good as the credential.
func (s *delivery) signed() (Send, []secret.Text, error) {
	headers, body := merge(s.headers, s.service.Headers), s.call.Args.Body
	if s.challenge.awaited {
		body = nil
	}
	if _, ok := wire.Get(headers, "Content-Type"); !ok && len(body) > 0 {
		headers = append(headers, Header{Name: "Content-Type", Value: "application/json"})
	}
	signed, err := s.sign(headers)
	if err != nil {
		return Send{}, nil, err
	}
	address, target := s.service.Base.JoinUnder(signed.Path, s.judged, signed.Query)
	if target == "" {
		return Send{}, nil, errors.New("the address does not survive being written and read again")
	}
	return Send{
		Service:   s.service.Name,
		Method:    s.judged.Method(),
		URL:       address,
		Target:    target,
		Headers:   merge(headers, signed.Headers),
		Body:      body,
		TimeoutMs: s.left(),
		Watch:     s.watch(),
		CADigest:  s.agreed.CA,
	}, signed.Secrets, nil
}

func (s *delivery) sign(headers []Header) (sign.Signed, error) {
	if t := s.token.have; t != nil {
		return t.token.Signed(), nil
	}
	if s.scheme.Challenged() {
		return s.challenge.answer, s.scheme.Check(s.credential)
	}
	signed, err := s.scheme.Sign(s.credential, s.toSign(headers), moment(s.in()))
	s.trace = signed.Trace
	return signed, err
}

func (s *delivery) toSign(headers []Header) sign.Request {
	base := s.service.Base
	return sign.Request{
		Method:  s.judged.Method(),
		Host:    base.Host(),
		Path:    base.Path() + s.judged.Path(),
		Query:   s.judged.Query(),
		Headers: headers,
		Body:    s.call.Args.Body,
		HTTP:    strings.HasPrefix(base.Origin(), "http:"),
	}
}

func moment(in In) sign.Moment { return sign.Moment{UnixMs: in.Now.Wall, Nonce: in.Rand[:32]} }

// left is what remains of the timeout, in milliseconds.
func (s *delivery) left() int64 { return max(1, s.deadline-s.in().Now.Mono) }

// merge adds fields that win over those of the same name, in every spelling that a receiver could
// take for it.
func merge(fields, over []Header) []Header {
	out := make([]Header, 0, len(fields)+len(over))
	for _, h := range fields {
		if !slices.ContainsFunc(over, func(o Header) bool {
			return policy.SameHeader(h.Name, o.Name)
		}) {
			out = append(out, h)
		}
	}
	return append(out, over...)
}

// endings are the refusals of requests that did not come to a reply.
var endings = map[string]string{
	ErrTimeout:     UpstreamTimeout,
	ErrUnreachable: UpstreamUnreachable,
	ErrUnscannable: ResponseUnscannable,
	ErrCancelled:   Cancelled,
	ErrRejected:    RequestRejected,
	ErrBlocked:     EgressBlocked,
	ErrUnrecorded:  AuditUnavailable,
	ErrUntrusted:   CredentialRebound,
}

// broken is the refusal of a request whose reply did not come, or not as a whole.
func (s *delivery) broken(ev Ended) *Denial {
	code, ok := endings[ev.Err]
	if !ok {
		code = Internal
	}
	s.got(ev.Bytes)
	s.reply.fault = s.clean(ev.Detail)
	d := s.failure(code, s.reply.fault)
	if code == UpstreamUnreachable && !s.safe() {
		d.NextStep = "tell your user; unless no connection was made, the API may have acted on " +
			"the request: check before you repeat it"
	}
	return d
}

// safe reports whether the request asks for nothing but an answer (RFC 9110 section 9.2.1).
func (s *delivery) safe() bool {
	m := s.judged.Method()
	return m == "GET" || m == "HEAD" || m == "OPTIONS"
}
