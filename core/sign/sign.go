// Package sign puts a credential into a request.
//
// [Lookup] finds the Scheme of an auth type. Its Check says what a credential lacks, its Sign
// returns the header fields to add, and its Secrets returns everything that must be masked in
// replies. Some schemes trade the credential for a token first: [Scheme.Exchange] is that request,
// and reads the reply. Others sign what the API says when it first refuses a request:
// [Scheme.Answer].
//
// Schemes only compute. Time and nonce are arguments, and what is signed is the request as it goes
// out on the wire. Package policy decides which fields an agent may send; fields returned here
// replace the agent's of the same name.
//
// A scheme is one file with one variable of type Scheme, which the list in this file names.
// Everything else (the prompts of janee add, the reference of config.yaml, its schema) follows from
// its Fields.
package sign

import (
	"fmt"
	"io"
	"slices"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/wire"
)

// Field is one value that a scheme needs. If Map is true the person chooses names below it, and
// each value has the path "Name.chosen". The value of a List is words with blanks between them. An
// Endpoint is a URL that the credential is sent to, besides the base URL of the service. Label is
// the text of a prompt.
type Field struct {
	Name                  string
	Secret, Required, Map bool
	List, Endpoint        bool
	Identity              bool // names an account, if another secret goes with it; see shown
	Label                 string
	// why value cannot be used, "" if it can, without showing it; nil: see plainFault
	fault func(value string) string
}

// Scheme is one way to authenticate. Schemes are shared, so they must not be changed.
type Scheme struct {
	Type, Title string
	Docs        string // the specification of the scheme
	Fields      []Field

	// gets a credential that has passed Check; nil: see exchange and challenge
	sign func(c Credential, r Request, m Moment) (Signed, error)
	// gets a credential that has passed Check; nil: see sign
	exchange func(c Credential, m Moment) (Exchange, error)
	// what is wrong with fields in combination, said of one that is there; may be nil
	whole func(c Credential) *FieldError
	// gets a credential that has passed Check, and the WWW-Authenticate fields of the refusal; nil:
	// see sign
	challenge func(c Credential, r Request, m Moment, wwwAuthenticate []string) (Signed, error)
	// further texts that would give the credential away; may be nil
	derived func(c Credential) []string
	// names of the fields that are written; nil: only Authorization
	writes func(c Credential) []string
}

// Credential has field values by path: "key", "headers.X-Api-Key". Fields that are not secret are
// among them.
type Credential map[string]secret.Text

// Request is what is signed: Path with the base path and Query without "?", both as raw bytes, and
// Headers as they will be sent. Host names the port unless it is the default one. HTTP says that
// the request goes over http, not https, because OAuth 1 signs that too.
type Request struct {
	Method, Host, Path, Query string
	Headers                   []wire.Header
	Body                      []byte
	HTTP                      bool
}

// Moment is the time of signing, in Unix milliseconds, and fresh random bytes for schemes that need
// a nonce.
type Moment struct {
	UnixMs int64
	Nonce  []byte
}

// Signed is what to add to a request. Headers replace fields of the same name; Path goes between
// the base path and the agent's; Query is raw parameters for the very end. Secrets must be masked
// in the reply, like those of the scheme, because they exist only since signing. Trace says how the
// signature was made, step by step, for a person who has to find out why it is refused; it may
// contain parts of the credential. Signed prints without its contents.
type Signed struct {
	Headers     []wire.Header
	Path, Query string
	Secrets     []secret.Text
	Trace       []Note
}

// proof returns what authenticates one request: a signature is as good as the key to anyone who can
// send that request again.
func proof(texts ...string) (secrets []secret.Text) {
	for _, t := range texts {
		secrets = append(secrets, secret.New(t))
	}
	return secrets
}

// Note is one step of signing, as in "string to sign".
type Note struct{ Title, Text string }

// Format implements fmt.Formatter, so that a signed request in a log line or panic shows no
// credential.
func (Signed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[signed]") }

var schemes = []*Scheme{
	&bearer, &basic, &headers, &query, &hmacBybit, &hmacOKX, &hmacMEXC, &oauth1aTwitter, &awsSigV4,
	&oauth1a, &hmacBinance, &hmacKraken, &hmacCoinbase, &jwtES256, &serviceAccount, &githubApp,
	&clientCredentials, &azureSharedKey, &azureCosmos, &messageSignature, &hmacTemplate,
	&telegram, &digestAuth,
}

// Lookup returns the scheme of an auth type, which is the value of auth.type in config.yaml.
func Lookup(authType string) (*Scheme, bool) {
	i := slices.IndexFunc(schemes, func(s *Scheme) bool { return s.Type == authType })
	if i < 0 {
		return nil, false
	}
	return schemes[i], true
}

// Types returns the known auth types, the most common first.
func Types() []string {
	types := make([]string, len(schemes))
	for i, s := range schemes {
		types[i] = s.Type
	}
	return types
}

// Sign returns what authenticates r. It runs Check first, so an incomplete credential is an error
// (*FieldError) and never a request that goes out unsigned.
func (s *Scheme) Sign(c Credential, r Request, m Moment) (Signed, error) {
	if err := s.Check(c); err != nil {
		return Signed{}, err
	}
	if s.challenge != nil {
		return Signed{}, fmt.Errorf("sign as %s: it needs a challenge first", s.Type)
	}
	if s.sign == nil {
		return Signed{}, fmt.Errorf("sign as %s: it needs a token first", s.Type)
	}
	signed, err := s.sign(c, r, m)
	if err != nil {
		return Signed{}, fmt.Errorf("sign as %s: %w", s.Type, err)
	}
	return s.sendable(signed, r)
}

// sendable refuses what a scheme has put together wrongly, and what could take its place.
func (s *Scheme) sendable(signed Signed, r Request) (Signed, error) {
	for _, h := range signed.Headers {
		// Check has looked at every value; this holds for schemes that build a field from several
		// of them.
		if !wire.ValidName(h.Name) || !wire.ValidValue(h.Value) {
			return Signed{}, fmt.Errorf("sign as %s: header %q cannot be sent", s.Type, h.Name)
		}
	}
	// Of two parameters with one name servers take the first, the last or both: the agent's must
	// not take the place of the signed one.
	for _, p := range params(signed.Query) {
		if has(r.Query, p.name) {
			return Signed{}, fmt.Errorf("sign as %s: the query contains the parameter %q, which "+
				"is added when the request is signed: leave it out", s.Type, p.name)
		}
	}
	return signed, nil
}

// Unmasked returns the paths of secret values that are too short to be looked for in replies.
func (s *Scheme) Unmasked(c Credential) (paths []string) {
	for _, e := range s.Entries(c) {
		if n := c[e.Path].Len(); e.Secret && n > 0 && n < secret.MinLength && !s.shown(c, e) {
			paths = append(paths, e.Path)
		}
	}
	return paths
}

// Secrets returns every text that must not reach an agent: the values of secret fields, except
// identities, and what is sent in their place. It does not require a valid credential, so that
// nothing is shown because something else is wrong.
func (s *Scheme) Secrets(c Credential) []secret.Text {
	var found []secret.Text
	for _, e := range s.Entries(c) {
		if v := c[e.Path]; e.Secret && !v.IsZero() && !s.shown(c, e) {
			found = append(found, v)
		}
	}
	if s.derived != nil {
		for _, v := range s.derived(c) {
			found = append(found, secret.New(v))
		}
	}
	return found
}
