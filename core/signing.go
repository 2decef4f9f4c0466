package core

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// ExplainSigning is what `janee sign --explain` calls: how a request would be signed, with nothing sent. It is no tool: what it shows is
// masked, but a signature is as good as the request that it belongs to.
const ExplainSigning = "sign"

// Signing is how a request would go out, secrets masked. Token is the request that comes first where the auth type wants a token; the
// headers then show a token in name only. Where it wants a challenge this is the first request, which carries no credential.
type Signing struct {
	Service  string      `json:"service"`
	AuthType string      `json:"authType"`
	SignedAt string      `json:"signedAt"` // RFC 3339, by the clock of this machine
	Token    *SignedCall `json:"tokenRequest,omitempty"`
	Request  SignedCall  `json:"request"`
	Dropped  []string    `json:"droppedHeaders,omitempty"`
}

// SignedCall is one request and the steps that led to it, such as the string to sign.
type SignedCall struct {
	Method  string        `json:"method"`
	URL     string        `json:"url"`
	Trace   []SignedStep  `json:"trace,omitempty"`
	Headers []SignedField `json:"headers"`
	Body    string        `json:"body,omitempty"`
}

// SignedField is a header field.
type SignedField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SignedStep is a text that was made on the way.
type SignedStep struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

func (f *Flow) explainSigning(in In) Step {
	c := f.call
	s := f.engine.config.Services[c.Service]
	switch {
	case c.Via != ViaCLI:
		return f.deny(in, Deny(BadArguments, c).because(fmt.Sprintf("there is no tool %q", c.Tool), "", "use one of the tools that tools/list names"))
	case s == nil:
		return f.deny(in, Deny(BadArguments, c).because(fmt.Sprintf("there is no service %q", c.Service), "", ""))
	}
	f.service, f.capability = s, &config.Capability{Service: s.Name, Policy: policy.Unrestricted()}
	if d := f.checkRequest(in); d != nil {
		return f.deny(in, d)
	}
	if d := f.checkRules(in); d != nil {
		return f.deny(in, d)
	}
	if d := f.checkRootKey(in); d != nil {
		return f.deny(in, d)
	}
	f.next = f.explainSigned
	return Commit{Records: []Record{f.record(in, "sign.explain")}}
}

func (f *Flow) explainSigned(in In, ev Event) Step {
	if c, ok := ev.(Committed); !ok || c.Err {
		return f.done(nil, Deny(AuditUnavailable, f.call))
	}
	var err error
	if f.scheme, f.credential, f.agreed, err = f.engine.open(f.service); err != nil {
		return f.done(nil, f.credentialDenial(err))
	}
	f.deadline = in.Now.Mono + f.timeout()
	secrets := f.scheme.Secrets(f.credential)
	out := Signing{Service: f.service.Name, AuthType: f.scheme.Type, SignedAt: time.UnixMilli(in.Now.Wall).UTC().Format(time.RFC3339), Dropped: f.dropped}
	if f.scheme.Exchanges() {
		x, _, err := f.scheme.Exchange(f.credential, moment(in))
		if err != nil {
			return f.done(nil, f.signingDenial(err, secrets))
		}
		secrets = slices.Concat(secrets, x.Secrets())
		out.Token = &SignedCall{x.Method, x.URL, steps(x.Trace), fields(x.Headers), string(x.Body)}
		f.tokens.have = &minted{token: sign.Token{Text: secret.New("(the token)")}}
	}
	f.challenge.awaited = f.scheme.Challenged()
	f.scrubber = f.engine.newScrubber(secrets)
	s, _, err := f.signed(in)
	if err != nil {
		return f.done(nil, f.signingDenial(err, secrets))
	}
	out.Request = SignedCall{s.Method, s.URL, steps(f.trace), fields(s.Headers), ""}
	out.mask(func(text string) string { return f.mask(f.scrubber, secrets, text) })
	return f.done(&Result{Tool: ExplainSigning, Data: encode(out)})
}

func (f *Flow) signingDenial(err error, secrets []secret.Text) *Denial {
	d := Deny(SigningFailed, f.call)
	d.Message += ": " + f.mask(f.engine.newScrubber(secrets), secrets, err.Error())
	return d
}

func steps(trace []sign.Note) (list []SignedStep) {
	for _, n := range trace {
		list = append(list, SignedStep(n))
	}
	return list
}

func fields(headers []Header) []SignedField {
	list := []SignedField{}
	for _, h := range headers {
		list = append(list, SignedField(h))
	}
	return list
}

// mask also takes out secrets that are too short to be looked for in replies: nothing here is worth keeping whole for.
func (f *Flow) mask(s *secret.Scrubber, secrets []secret.Text, text string) string {
	text, _ = s.Clean(text)
	for _, short := range secrets {
		if n := short.Len(); n > 0 && n < secret.MinLength {
			text = strings.ReplaceAll(text, short.Reveal(), f.engine.mark)
		}
	}
	return text
}

func (s *Signing) mask(clean func(string) string) {
	for _, c := range []*SignedCall{s.Token, &s.Request} {
		if c == nil {
			continue
		}
		c.URL, c.Body = clean(c.URL), clean(c.Body)
		for i := range c.Trace {
			c.Trace[i].Text = clean(c.Trace[i].Text)
		}
		for i := range c.Headers {
			c.Headers[i].Value = clean(c.Headers[i].Value)
		}
	}
}
