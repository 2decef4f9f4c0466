package core

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// maxTokenReply bounds the answer of a token endpoint, in bytes.
const maxTokenReply = 64 << 10

// tokenUse is what is known of the token that a request carries.
type tokenUse struct {
	key      string
	have     *minted
	flight   string
	exchange sign.Exchange
	head     Head
	began    int64 // Now.Mono
	own      bool  // have was asked for by this flow: nobody has a fresher one
}

// fetchToken gets the token that goes with the request, by an exchange where none is at hand. Of
// all flows that want the same token at once one makes the exchange.
func (s *delivery) fetchToken() *Denial {
	u := &s.token
	u.key = s.engine.tokenKey(s.service, s.credential)
	if u.have, u.flight = s.engine.tokens.ready(u.key, s.service.Name, s.in().Now); u.have != nil {
		s.scrubber = u.have.scrubber
		return nil
	}
	ended, d := s.exchange()
	if d != nil {
		return d
	}
	secrets := s.scheme.Secrets(s.credential)
	token, err := s.readToken(ended, secrets)
	if err == nil {
		u.have, u.own = s.engine.tokens.landed(u.key, s.service.Name, u.flight,
			s.in().Now, token, secrets,
			s.engine.newScrubber), true
	} else {
		u.have, u.own = s.engine.tokens.crashed(u.key, s.service.Name, u.flight, s.in().Now), false
	}
	if ended.First {
		if d := s.recordMint(token, err, exchangeCode(ended)); d != nil {
			return d
		}
	}
	if u.have == nil {
		return s.failure(exchangeCode(ended), err.Error())
	}
	s.scrubber = u.have.scrubber
	return nil
}

// exchange asks the token endpoint for a token, or waits for the reply to another flow that does.
func (s *delivery) exchange() (Ended, *Denial) {
	u := &s.token
	x, _, err := s.scheme.Exchange(s.credential, moment(s.in()))
	if err != nil {
		return Ended{}, s.failure(SigningFailed, s.clean(err.Error()))
	}
	address, err := url.Parse(x.URL)
	if err != nil {
		return Ended{}, s.failure(SigningFailed, "the token endpoint is no URL")
	}
	u.exchange, u.head, u.began = x, Head{}, s.in().Now.Mono
	ev, d := s.do(Send{
		Service:   s.service.Name,
		Method:    x.Method,
		URL:       x.URL,
		Target:    address.RequestURI(),
		Headers:   x.Headers,
		Body:      x.Body,
		TimeoutMs: min(s.left(), ExchangeTimeout.Milliseconds()),
		MaxBody:   maxTokenReply,
		Watch:     s.watch(),
		Flight:    u.flight,
		CADigest:  s.agreed.CA,
		Records:   []Record{s.mintRecord("mint")},
	})
	if head, ok := ev.(Head); ok && d == nil {
		u.head = head
		ev, d = s.do(nil)
	}
	if d != nil {
		return Ended{}, d
	}
	ended, ok := ev.(Ended)
	if !ok {
		return Ended{}, s.failure(Internal, "")
	}
	return ended, nil
}

// mintRecord is a record about the exchange and not about the agent's request.
func (s *delivery) mintRecord(event string) Record {
	r := s.record(event)
	r.Method, r.Target = s.token.exchange.Method, ""
	if u, err := url.Parse(s.token.exchange.URL); err == nil {
		r.Target = policy.Redact(u.RequestURI())
		r.Detail = with(r.Detail, "endpoint", u.Scheme+"://"+u.Host)
	}
	r.Detail = with(r.Detail, "exchange", s.token.flight)
	return r
}

// recordMint records what came of the exchange, before it is made use of.
func (s *delivery) recordMint(token sign.Token, err error, code string) *Denial {
	r := s.mintRecord("mint.result")
	r.Status, r.DurationMs = s.token.head.Status, s.in().Now.Mono-s.token.began
	if err != nil {
		r.Code, r.Detail = code, with(r.Detail, "error", err.Error())
	} else {
		r.Detail = with(r.Detail, "expires",
			clock(token.Expires))
	}
	_, d := s.commit(Commit{Records: []Record{r}, Late: true}, "")
	return d
}

var exchangeEndings = map[string]string{
	ErrTimeout: "it did not answer in time", ErrUnreachable: "it could not be reached",
	ErrUnscannable: "its answer cannot be read", ErrRejected: "the request to it is malformed",
	ErrBlocked:    "its host resolves to an address that it may not use",
	ErrUnrecorded: "the audit log cannot be written",
	ErrUntrusted: "the service's caFile holds other certificate authorities than its owner " +
		"agreed to",
	ErrCancelled: "the call was cancelled",
}

// exchangeCode keeps the codes that say the same of every request.
func exchangeCode(ev Ended) string {
	switch ev.Err {
	case ErrBlocked, ErrUnrecorded, ErrCancelled, ErrUntrusted:
		return endings[ev.Err]
	}
	return ExchangeFailed
}

// readToken reads the answer of the token endpoint. Its error shows neither the credential, nor
// what was signed with it, nor a token: what the endpoint says is scrubbed before anything is cut
// out of it.
func (s *delivery) readToken(ev Ended, secrets []secret.Text) (token sign.Token, err error) {
	x, head, body := s.token.exchange, s.token.head, ev.Body.Reveal()
	scrubber := sync.OnceValue(func() *secret.Scrubber {
		return s.engine.newScrubber(slices.Concat(secrets, x.Secrets()))
	})
	switch {
	case ev.Err != "":
		err = errors.New(exchangeEnding(ev))
	case head.Status == 0:
		err = errors.New("the token endpoint gave no answer")
	case ev.Truncated:
		err = fmt.Errorf("the answer of the token endpoint is longer than %d bytes", maxTokenReply)
	default:
		if head.Status/100 != 2 {
			body, _ = scrubber().Clean(body)
		}
		token, err = x.Token(sign.Reply{Status: head.Status, Headers: head.Headers,
			Body: []byte(body)}, s.in().Now.Wall)
	}
	if err != nil {
		text, _ := scrubber().Clean(err.Error())
		return sign.Token{}, fmt.Errorf("service %q: %s", s.service.Name, text)
	}
	return token, nil
}

func exchangeEnding(ev Ended) string {
	text, ok := exchangeEndings[ev.Err]
	if !ok {
		text = "it failed"
	}
	if ev.Detail != "" {
		text += ": " + ev.Detail
	}
	return "the token endpoint: " + text
}

// tokenRefused reports whether a reply of this status says that the token is no good, and the
// request is one that may be repeated.
func (s *delivery) tokenRefused(status int) bool {
	u := &s.token
	if u.have == nil || u.own && status == 401 {
		return false
	}
	another := s.engine.tokens.answered(u.key, u.have, status != 401)
	method := s.judged.Method()
	return another && !s.reply.repeated && (method == "GET" || method == "HEAD")
}
