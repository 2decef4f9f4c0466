package sign

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/wire"
)

// Exchange is one request that trades a credential for a token. Send it as it is, follow no
// redirect, and give the reply to Token. It prints without its contents, because it carries the
// credential or what was signed with it.
type Exchange struct {
	Method, URL string
	Headers     []wire.Header
	Body        []byte
	Trace       []Note // how it was made, as in Signed
	assertion   string // what was signed in place of the credential, "" if nothing was
	read        func(body []byte, nowMs int64) (Token, error)
}

// Secrets returns what must be masked in anything said about the exchange, besides the secrets of
// the scheme.
func (x Exchange) Secrets() []secret.Text {
	if x.assertion == "" {
		return nil
	}
	return proof(x.assertion, jwtSignature(x.assertion))
}

// Format implements fmt.Formatter, so that no verb shows the credential.
func (Exchange) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[exchange]") }

// Reply is the reply of the token endpoint.
type Reply struct {
	Status  int
	Headers []wire.Header
	Body    []byte
}

// Token authenticates calls until Expires, which is Unix milliseconds by Janee's clock. It must be
// masked in replies, like the credential that it was traded for.
type Token struct {
	Text    secret.Text
	Expires int64
}

// Signed returns what puts the token into a request.
func (t Token) Signed() Signed {
	return Signed{Headers: []wire.Header{
		{Name: "Authorization", Value: "Bearer " + t.Text.Reveal()},
	}}
}

// Exchanges reports whether calls carry a token that Exchange requests; else Sign authenticates
// them.
func (s *Scheme) Exchanges() bool { return s.exchange != nil }

// Origin returns where a credential goes: base, the origin of its service, followed after blanks by
// the origins of the endpoints that c names. Changing any of them changes who gets the credential,
// so sealed values are bound to all of it.
func (s *Scheme) Origin(base string, c Credential) string {
	for _, f := range s.Fields {
		if v := c[f.Name]; f.Endpoint && !v.IsZero() {
			base += " " + origin(v.Reveal())
		}
	}
	return base
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// Exchange returns the request that has to come before a call; needed is false for schemes that
// sign calls themselves. An incomplete credential is an error (*FieldError).
func (s *Scheme) Exchange(c Credential, m Moment) (x Exchange, needed bool, err error) {
	if s.exchange == nil {
		return Exchange{}, false, nil
	}
	if err := s.Check(c); err != nil {
		return Exchange{}, true, err
	}
	if x, err = s.exchange(c, m); err != nil {
		return Exchange{}, true, fmt.Errorf("ask for a token as %s: %w", s.Type, err)
	}
	return x, true, nil
}

// Token reads the reply that came at nowMs, Unix milliseconds. An error quotes what the endpoint
// says about it, so scrub it.
func (x Exchange) Token(r Reply, nowMs int64) (Token, error) {
	if r.Status < 200 || r.Status > 299 {
		return Token{}, fmt.Errorf("the token endpoint answered %d%s%s", r.Status,
			complaint(r.Body), skew(r.Headers, nowMs))
	}
	t, err := x.read(r.Body, nowMs)
	switch {
	case err != nil:
		return Token{}, fmt.Errorf("read the answer of the token endpoint: %w", err)
	case t.Text.IsZero() || tokenFault(t.Text.Reveal()) != "":
		return Token{}, errors.New(
			"read the answer of the token endpoint: it contains no token that could be sent")
	case t.Expires <= nowMs:
		return Token{}, fmt.Errorf(
			"read the answer of the token endpoint: the token has expired already%s",
			skew(r.Headers, nowMs))
	}
	t.Expires = min(t.Expires, nowMs+maxTokenLife)
	return t, nil
}

// In milliseconds. A token that does not say how long it lives is used for a short time (RFC 6749
// section 5.1 only recommends expires_in).
const (
	shortTokenLife = 5 * 60_000
	maxTokenLife   = 24 * 3600_000
)

// readOAuth reads the answer of RFC 6749 section 5.1.
func readOAuth(body []byte, nowMs int64) (Token, error) {
	var r struct {
		AccessToken string      `json:"access_token"`
		TokenType   string      `json:"token_type"`
		ExpiresIn   json.Number `json:"expires_in"` // some servers write it in quotes
	}
	if json.Unmarshal(body, &r) != nil {
		return Token{}, errors.New("it is not the JSON of RFC 6749")
	}
	if r.TokenType != "" && !strings.EqualFold(r.TokenType, "bearer") {
		return Token{}, errors.New("the token is not of the type bearer")
	}
	life := int64(shortTokenLife)
	if seconds, err := r.ExpiresIn.Float64(); err == nil {
		life = int64(min(seconds*1000, maxTokenLife))
	}
	return Token{secret.New(r.AccessToken), nowMs + life}, nil
}

// complaint returns what a reply with an error says in the members of RFC 6749 section 5.2 and of
// GitHub's API, cut to one short line.
func complaint(body []byte) string {
	var said map[string]any
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	var parts []string
	for _, name := range []string{"error", "error_description", "message"} {
		if text, ok := said[name].(string); ok && text != "" {
			parts = append(parts, text)
		}
	}
	text := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return ' '
		}
		return c
	}, strings.Join(parts, ": "))
	if text == "" {
		return ""
	}
	return " (" + secret.Beginning(text, 200) + ")"
}

// skew says how far apart the clocks are, if it is at least a minute: signed times are then the
// usual reason for a refusal.
func skew(headers []wire.Header, nowMs int64) string {
	date, _ := wire.Get(headers, "Date")
	theirs, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", date)
	if err != nil {
		return ""
	}
	switch apart := (theirs.UnixMilli() - nowMs) / 1000; {
	case apart >= 60:
		return fmt.Sprintf("; this clock is %d s behind the endpoint's: correct it", apart)
	case apart <= -60:
		return fmt.Sprintf("; this clock is %d s ahead of the endpoint's: correct it", -apart)
	}
	return ""
}

// endpointFault checks a URL that a credential is sent to: https, or http to this machine.
func endpointFault(value string) string {
	u, err := url.Parse(value)
	switch {
	case plainFault(value) != "" || err != nil || u.Host == "" || u.Opaque != "":
		return "is not a URL, such as https://example.com/oauth/token"
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#"):
		return "contains more than scheme, host and path"
	case strings.Trim(strings.ToLower(u.Host), hostBytes) != "":
		return "has a host that is not ASCII: write an international name in its xn-- form"
	case u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()):
		return ""
	}
	return "is not https"
}

// hostBytes are all the bytes that a host and its port can have. A person who is asked whether a
// credential may go there must not take the letters of another script for them.
const hostBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_.:[]"

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
