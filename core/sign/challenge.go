package sign

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// Challenged reports whether Answer signs a request, using what the API says when it first refuses
// it; else Sign or a token authenticates it.
func (s *Scheme) Challenged() bool { return s.challenge != nil }

// Answer is Sign for a scheme that is Challenged. wwwAuthenticate are the values of that field in
// the 401, in order.
func (s *Scheme) Answer(
	c Credential, r Request, m Moment, wwwAuthenticate []string,
) (Signed, error) {
	if err := s.Check(c); err != nil {
		return Signed{}, err
	}
	signed, err := s.challenge(c, r, m, wwwAuthenticate)
	if err != nil {
		return Signed{}, fmt.Errorf("sign as %s: %w", s.Type, err)
	}
	return s.sendable(signed, r)
}

// ErrNoChallenge says that an API asks for nothing that a scheme signs.
var ErrNoChallenge = errors.New("the API sent no digest challenge")

// digestAuth is HTTP Digest authentication (RFC 7616). The user name is a secret, as that of basic
// is, because one command-line flag gives either.
var digestAuth = Scheme{
	Type:  "digest",
	Title: "User name and password (HTTP Digest)",
	Docs:  "https://www.rfc-editor.org/rfc/rfc7616",
	Fields: []Field{
		{Name: "username", Secret: true, Identity: true, Required: true, Label: "User name",
			fault: digestUserFault},
		{Name: "password", Secret: true, Required: true, Label: "Password"},
		showIdentity("user name"),
	},
	challenge: answerDigest,
}

func digestUserFault(value string) string {
	if text := headerFault(value); text != "" {
		return text
	}
	if !quotable(value) {
		return "contains a quotation mark or a backslash, which servers read in different ways"
	}
	return userFault(value)
}

// digestAlgorithms are those that Janee answers, the preferred first. Devices that were never
// updated know only MD5.
var digestAlgorithms = []string{
	"SHA-256", "SHA-256-SESS", "SHA-512-256", "SHA-512-256-SESS", "MD5", "MD5-SESS",
}

// answerDigest answers the best challenge that it can. If it can answer none, it says why not the
// first.
func answerDigest(c Credential, r Request, m Moment, wwwAuthenticate []string) (Signed, error) {
	all, err := challenges(wwwAuthenticate)
	if err != nil {
		return Signed{}, err
	}
	best, rank, refusal := digest{}, len(digestAlgorithms), error(nil)
	var opaque *string
	for _, ch := range all {
		if !strings.EqualFold(ch.scheme, "Digest") {
			continue
		}
		d, err := ch.digest()
		if err != nil {
			refusal = cmp.Or(refusal, err)
			continue
		}
		algorithm := strings.ToUpper(cmp.Or(d.algorithm, "MD5"))
		if at := slices.Index(digestAlgorithms, algorithm); at < rank {
			best, rank, opaque = d, at, ch.params["opaque"]
		}
	}
	if rank == len(digestAlgorithms) {
		return Signed{}, cmp.Or(refusal, ErrNoChallenge)
	}
	if !quotable(r.target()) {
		return Signed{}, errors.New(
			"the path or query contains a quotation mark or a backslash: write them as %22 and %5C")
	}
	best.username, best.password = c["username"].Reveal(), c["password"].Reveal()
	if best.qop != "" {
		// the nonce of a challenge is used for one request
		best.nc, best.cnonce = "00000001", m.word()
	}
	return best.signed(r, opaque), nil
}

// signed writes the field of RFC 7616 section 3.4. What is unquoted in the RFC's examples is sent
// so, because servers insist on it.
func (d digest) signed(r Request, opaque *string) Signed {
	key, response := d.key(), d.response(r.Method, r.target(), r.Body)
	field := `Digest username="` + d.username + `", realm="` + d.realm + `", nonce="` + d.nonce +
		`", uri="` + r.target() + `", response="` + response + `"`
	if d.algorithm != "" {
		field += ", algorithm=" + d.algorithm
	}
	if opaque != nil {
		field += `, opaque="` + *opaque + `"`
	}
	if d.qop != "" {
		field += ", qop=" + d.qop + ", nc=" + d.nc + `, cnonce="` + d.cnonce + `"`
	}
	return Signed{
		Headers: []wire.Header{{Name: "Authorization", Value: field}},
		Secrets: proof(key, response),
	}
}

// quotable reports whether text can be between quotation marks as it is. RFC 7616 does not say
// whether an escape is hashed as it is written or as it is meant, and a byte that is not visible
// ASCII has no place in a field.
func quotable(text string) bool {
	return wire.ValidValue("x"+text+"x") && !strings.ContainsAny(text, "\"\\\t")
}

// challenge is one challenge of RFC 9110 section 11.6.1; names of params are in lower case.
type challenge struct {
	scheme string
	params map[string]*string
}

// digest reads what RFC 7616 section 3.3 lets a server say. Errors show nothing of it, because the
// network wrote it.
func (c challenge) digest() (digest, error) {
	d := digest{algorithm: c.param("algorithm"), realm: c.param("realm"), nonce: c.param("nonce")}
	for _, name := range []string{"realm", "nonce", "opaque"} {
		if !quotable(c.param(name)) {
			return d, fmt.Errorf(
				"the %s of the API's challenge contains a byte that cannot be sent back", name)
		}
	}
	if c.params["realm"] == nil || d.nonce == "" {
		return d, errors.New("the API's challenge has no realm or no nonce")
	}
	if !slices.Contains(digestAlgorithms, strings.ToUpper(cmp.Or(d.algorithm, "MD5"))) {
		return d, errors.New(
			"the algorithm of the API's challenge is not SHA-256, SHA-512-256 or MD5")
	}
	_, session := d.hash()
	if c.params["qop"] == nil && !session {
		return d, nil // a server of RFC 2069
	}
	for option := range strings.SplitSeq(c.param("qop"), ",") {
		if strings.EqualFold(strings.TrimSpace(option), "auth") {
			d.qop = "auth"
			return d, nil
		}
	}
	return d, errors.New(
		"the API's challenge offers no qop=auth, the only one that Janee answers")
}

func (c challenge) param(name string) string {
	if v := c.params[name]; v != nil {
		return *v
	}
	return ""
}

// challenges reads the WWW-Authenticate fields: one of them may have several challenges, and commas
// separate both these and their parameters.
func challenges(fields []string) (all []challenge, err error) {
	for _, field := range fields {
		parts, ok := commas(field)
		if !ok {
			return nil, errors.New(
				"the API's challenge cannot be read: a quotation mark is left open")
		}
		begun := len(all)
		for _, part := range parts {
			name, value, given := strings.Cut(part, "=")
			name = strings.TrimSpace(name)
			if scheme, rest, two := strings.Cut(name, " "); two || !given {
				all = append(all, challenge{scheme, map[string]*string{}})
				name = strings.TrimSpace(rest)
			}
			if !given || len(all) == begun {
				continue
			}
			name, value = strings.ToLower(name), strings.TrimSpace(value)
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			params := all[len(all)-1].params
			// a server that reads the first and one that reads the last would hash different texts
			if params[name] != nil {
				return nil, errors.New(
					"the API's challenge cannot be read: it gives a parameter twice")
			}
			params[name] = &value
		}
	}
	return all, nil
}

// commas splits a field at the commas outside of quoted strings and leaves out empty parts; ok is
// false if a string does not end.
func commas(field string) (parts []string, ok bool) {
	quoted, from := false, 0
	cut := func(to int) {
		if part := strings.TrimSpace(field[from:to]); part != "" {
			parts = append(parts, part)
		}
		from = to + 1
	}
	for i := 0; i < len(field); i++ {
		switch {
		case field[i] == '"':
			quoted = !quoted
		case field[i] == '\\' && quoted:
			i++
		case field[i] == ',' && !quoted:
			cut(i)
		}
	}
	cut(len(field))
	return parts, !quoted
}
