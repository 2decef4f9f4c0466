package core

import (
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// ExplainSigning is what `janee sign --explain` calls: how a request would be signed, with nothing
// sent. It is no tool: what it shows is masked, but a signature is as good as the request that it
// belongs to.
const ExplainSigning = "sign"

// Signing is how a request would go out, secrets masked. Token is the request that comes first
// where the auth type wants a token; the headers then show a token in name only. Where it wants a
// challenge this is the first request, which carries no credential.
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

func (f *Flow) explainSigning() Done {
	if d := f.findService(""); d != nil {
		return f.refuse(d)
	}
	f.capability = &config.Capability{Service: f.service.Name, Policy: policy.Unrestricted()}
	for _, refuse := range []func(*subject, In) *Denial{
		(*subject).checkRequest, (*subject).checkRules, (*subject).checkRootKey,
	} {
		if d := refuse(&f.subject, f.in()); d != nil {
			return f.refuse(d)
		}
	}
	if _, d := f.commit(Commit{Records: []Record{f.record("sign.explain")}}, ""); d != nil {
		return f.refuse(d)
	}
	s, d := f.open()
	if d != nil {
		return Done{Denial: d}
	}
	out, d := s.explain()
	if d != nil {
		return Done{Denial: d}
	}
	return answer(ExplainSigning, encode(out))
}

// explain signs the request and masks what that shows.
func (s *delivery) explain() (*Signing, *Denial) {
	secrets := s.scheme.Secrets(s.credential)
	out := &Signing{
		Service:  s.service.Name,
		AuthType: s.scheme.Type,
		SignedAt: clock(s.in().Now.Wall),
		Dropped:  s.dropped,
	}
	if s.scheme.Exchanges() {
		x, _, err := s.scheme.Exchange(s.credential, moment(s.in()))
		if err != nil {
			return nil, s.signingDenial(err, secrets)
		}
		secrets = slices.Concat(secrets, x.Secrets())
		out.Token = &SignedCall{x.Method, x.URL, steps(x.Trace), fields(x.Headers), string(x.Body)}
		s.token.have = &minted{token: sign.Token{Text: secret.New("(the token)")}}
	}
	s.scrubber = s.engine.newScrubber(secrets)
	request, _, err := s.signed()
	if err != nil {
		return nil, s.signingDenial(err, secrets)
	}
	out.Request = SignedCall{
		request.Method, request.URL, steps(s.trace), fields(request.Headers), "",
	}
	out.mask(func(text string) string { return s.mask(s.scrubber, secrets, text) })
	return out, nil
}

func (s *subject) signingDenial(err error, secrets []secret.Text) *Denial {
	d := s.deny(SigningFailed)
	d.Message += ": " + s.mask(s.engine.newScrubber(secrets), secrets, err.Error())
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

// mask also takes out secrets that are too short to be looked for in replies: nothing here is worth
// keeping whole for.
func (s *subject) mask(scrubber *secret.Scrubber, secrets []secret.Text, text string) string {
	text, _ = scrubber.Clean(text)
	for _, short := range secrets {
		if n := short.Len(); n > 0 && n < secret.MinLength {
			text = strings.ReplaceAll(text, short.Reveal(), s.engine.mark)
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
