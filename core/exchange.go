package core

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

const (
	// exchangeTimeoutMs bounds how long a call waits for a token.
	exchangeTimeoutMs = 30_000
	// maxTokenReply bounds the answer of a token endpoint, in bytes.
	maxTokenReply = 64 << 10
)

// tokenUse is what a flow knows of the token that its request carries.
type tokenUse struct {
	key      string
	have     *minted
	flight   string
	exchange sign.Exchange
	head     Head
	began    int64 // Now.Mono
	own      bool  // have was asked for by this flow: nobody has a fresher one
	repeated bool  // the request goes out a second time, with another token
}

// withToken sends the request with a token, and asks for one first where none is at hand.
func (f *Flow) withToken(in In) Step {
	u := &f.tokens
	u.key = f.engine.tokenKey(f.service, f.credential)
	if u.have, u.flight = f.engine.tokens.ready(u.key, f.service.Name, in.Now); u.have != nil {
		f.scrubber = u.have.scrubber
		return f.dispatch(in)
	}
	x, _, err := f.scheme.Exchange(f.credential, moment(in))
	if err != nil {
		return f.fail(in, SigningFailed, f.clean(err.Error()))
	}
	address, err := url.Parse(x.URL)
	if err != nil {
		return f.fail(in, SigningFailed, "the token endpoint is no URL")
	}
	u.exchange, u.head, u.began = x, Head{}, in.Now.Mono
	f.next = f.exchanged
	return Send{Service: f.service.Name, Method: x.Method, URL: x.URL, Target: address.RequestURI(), Headers: x.Headers, Body: x.Body,
		TimeoutMs: min(f.left(in), exchangeTimeoutMs), MaxBody: maxTokenReply, Watch: f.watch(), Flight: u.flight, CADigest: f.agreed.CA, Records: []Record{f.mint(in, "mint")}}
}

// mint is a record about the exchange and not about the agent's request.
func (f *Flow) mint(in In, event string) Record {
	r := f.record(in, event)
	r.Method, r.Target = f.tokens.exchange.Method, ""
	if u, err := url.Parse(f.tokens.exchange.URL); err == nil {
		r.Target = policy.Redact(u.RequestURI())
		r.Detail = with(r.Detail, "endpoint", u.Scheme+"://"+u.Host)
	}
	r.Detail = with(r.Detail, "exchange", f.tokens.flight)
	return r
}

// exchanged takes the reply of the token endpoint, which another flow may have asked for.
func (f *Flow) exchanged(in In, ev Event) Step {
	switch ev := ev.(type) {
	case Head:
		f.tokens.head = ev
		return nil
	case Ended:
		return f.landed(in, ev)
	}
	return f.fail(in, Internal, "")
}

func (f *Flow) landed(in In, ev Ended) Step {
	u := &f.tokens
	secrets := f.scheme.Secrets(f.credential)
	token, err := f.readToken(in, ev, secrets)
	if err == nil {
		u.have, u.own = f.engine.tokens.landed(u.key, f.service.Name, u.flight, in.Now, token, secrets, f.engine.newScrubber), true
	} else {
		u.have, u.own = f.engine.tokens.crashed(u.key, f.service.Name, u.flight, in.Now), false
	}
	code := exchangeCode(ev)
	then := func(in In) Step {
		if u.have == nil {
			return f.fail(in, code, err.Error())
		}
		f.scrubber = u.have.scrubber
		return f.dispatch(in)
	}
	if !ev.First {
		return then(in)
	}
	return f.recordMint(in, token, err, code, then)
}

// recordMint records what came of the exchange, before it is made use of.
func (f *Flow) recordMint(in In, token sign.Token, err error, code Code, then func(In) Step) Step {
	r := f.mint(in, "mint.result")
	r.Status, r.DurationMs = f.tokens.head.Status, in.Now.Mono-f.tokens.began
	if err != nil {
		r.Code, r.Detail = code, with(r.Detail, "error", err.Error())
	} else {
		r.Detail = with(r.Detail, "expires", time.UnixMilli(token.Expires).UTC().Format(time.RFC3339))
	}
	f.next = func(in In, ev Event) Step {
		if c, ok := ev.(Committed); !ok || c.Err {
			return f.fail(in, AuditUnavailable, "")
		}
		return then(in)
	}
	return Commit{Records: []Record{r}, Late: true}
}

var exchangeEndings = map[string]string{ErrTimeout: "it did not answer in time", ErrUnreachable: "it could not be reached",
	ErrUnscannable: "its answer cannot be read", ErrRejected: "the request to it is malformed", ErrBlocked: "its host leads to an address that it may not use",
	ErrUnrecorded: "the audit log cannot be written", ErrUntrusted: "the service's caFile holds other certificate authorities than its owner agreed to",
	ErrCancelled: "it was given up"}

// exchangeCode keeps the codes that say the same of every request.
func exchangeCode(ev Ended) Code {
	switch ev.Err {
	case ErrBlocked, ErrUnrecorded, ErrCancelled, ErrUntrusted:
		return endings[ev.Err]
	}
	return ExchangeFailed
}

// readToken reads the answer of the token endpoint. Its error shows neither the credential, nor what was signed with it, nor a token:
// what the endpoint says is scrubbed before anything is cut out of it.
func (f *Flow) readToken(in In, ev Ended, secrets []secret.Text) (token sign.Token, err error) {
	x, head, body := f.tokens.exchange, f.tokens.head, ev.Body.Reveal()
	scrubber := sync.OnceValue(func() *secret.Scrubber { return f.engine.newScrubber(slices.Concat(secrets, x.Secrets())) })
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
		token, err = x.Token(sign.Reply{Status: head.Status, Headers: head.Headers, Body: []byte(body)}, in.Now.Wall)
	}
	if err != nil {
		text, _ := scrubber().Clean(err.Error())
		return sign.Token{}, fmt.Errorf("service %q: %s", f.service.Name, text)
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

// tokenRefused reports whether the reply that has ended says that the token is no good, and the request is one that may be repeated.
func (f *Flow) tokenRefused() bool {
	u := &f.tokens
	if u.have == nil || u.own && f.head.Status == 401 {
		return false
	}
	another := f.engine.tokens.answered(u.key, u.have, f.head.Status != 401)
	method := f.judged.Method()
	if !another || u.repeated || method != "GET" && method != "HEAD" {
		return false
	}
	u.repeated = true
	return true
}
