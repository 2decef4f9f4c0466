package sign

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// oauth1aTwitter and oauth1a sign with OAuth 1.0a (RFC 5849) over the parameters of the protocol,
// of the query and of form bodies. The second is for other sites: they may issue no token of the
// user's, and NetSuite wants SHA-256 and a realm.
var (
	oauth1aTwitter = Scheme{
		Type:  "oauth1a-twitter",
		Title: "X (Twitter), OAuth 1.0a user context",
		Docs:  "https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature",
		Fields: append(consumer[:2:2],
			Field{Name: "accessToken", Secret: true, Required: true, Label: "Access token"},
			Field{
				Name:     "accessTokenSecret",
				Secret:   true,
				Required: true,
				Label:    "Access token secret",
			}),
		sign: signOAuth1,
	}
	oauth1a = Scheme{
		Type:  "oauth1a",
		Title: "OAuth 1.0a",
		Docs:  "https://www.rfc-editor.org/rfc/rfc5849#section-3.4",
		Fields: append(consumer[:2:2],
			Field{Name: "accessToken", Secret: true,
				Label: "Access token (empty if the site gives none)"},
			Field{Name: "accessTokenSecret", Secret: true, Label: "Access token secret"},
			Field{Name: "signatureMethod", Label: "HMAC-SHA1 (if empty) or HMAC-SHA256",
				fault: oneOf("HMAC-SHA1", "HMAC-SHA256")},
			Field{Name: "realm", Label: "Realm, if the site wants one", fault: realmFault}),
		sign:  signOAuth1,
		whole: oauthPair,
	}
	consumer = [...]Field{
		{Name: "consumerKey", Secret: true, Required: true, Label: "Consumer key (API key)"},
		{Name: "consumerSecret", Secret: true, Required: true,
			Label: "Consumer secret (API key secret)"},
	}
)

// oauthPair refuses half a token: the API would refuse a request that is signed without the other
// half, for no visible reason.
func oauthPair(c Credential) *FieldError {
	switch token, tokenSecret := c.given("accessToken"), c.given("accessTokenSecret"); {
	case tokenSecret && !token:
		return &FieldError{"accessTokenSecret", "needs the field accessToken beside it"}
	case token && !tokenSecret:
		return &FieldError{"accessToken", "needs the field accessTokenSecret beside it"}
	}
	return nil
}

func realmFault(value string) string {
	if strings.ContainsAny(value, `"\`) {
		return "contains a quote or backslash"
	}
	return headerFault(value)
}

// oauth is one signature to make.
type oauth struct {
	consumerSecret, tokenSecret string
	protocol                    []param // without oauth_signature
	hash                        func() hash.Hash
	realm                       string
}

func signOAuth1(c Credential, r Request, m Moment) (Signed, error) {
	o := oauth{
		consumerSecret: c["consumerSecret"].Reveal(),
		tokenSecret:    c["accessTokenSecret"].Reveal(),
		hash:           sha1.New,
		realm:          c["realm"].Reveal(),
	}
	method := "HMAC-SHA1"
	if c["signatureMethod"].Reveal() == "HMAC-SHA256" {
		method, o.hash = "HMAC-SHA256", sha256.New
	}
	o.protocol = []param{
		{"oauth_consumer_key", c["consumerKey"].Reveal()}, {"oauth_nonce", m.word()},
		{"oauth_signature_method", method},
		{"oauth_timestamp", m.seconds()},
	}
	if token := c["accessToken"].Reveal(); token != "" {
		o.protocol = append(o.protocol, param{"oauth_token", token})
	}
	o.protocol = append(o.protocol, param{"oauth_version", "1.0"})
	return o.signed(r)
}

func (o oauth) signed(r Request) (Signed, error) {
	all := append(params(r.Query), r.form()...)
	for _, p := range all {
		// RFC 5849 section 3.1: none of them may come twice, and the agent's would be the second.
		if strings.HasPrefix(strings.ToLower(p.name), "oauth_") {
			return Signed{}, fmt.Errorf("the call contains the parameter %q, which is added when "+
				"the request is signed: leave it out", p.name)
		}
	}
	address := r.scheme() + "://" + r.authority() + r.path()
	text := strings.Join([]string{strings.ToUpper(r.Method), percent(address, ""),
		percent(canonical(append(all, o.protocol...)), "")}, "&")
	key := percent(o.consumerSecret, "") + "&" + percent(o.tokenSecret, "")
	signature := base64.StdEncoding.EncodeToString(mac(o.hash, []byte(key), text))
	return Signed{
		Headers: []wire.Header{{Name: "Authorization", Value: o.field(signature)}},
		Secrets: proof(signature, percent(signature, "")),
		Trace:   []Note{{"signature base string", text}},
	}, nil
}

// field returns the Authorization field (RFC 5849 section 3.5.1): escaped parameters by name, after
// the realm, which is not signed.
func (o oauth) field(signature string) string {
	list := canonical(append([]param{{"oauth_signature", signature}}, o.protocol...))
	list = strings.ReplaceAll(strings.ReplaceAll(list, "=", `="`), "&", `", `) + `"`
	if o.realm != "" {
		list = `realm="` + o.realm + `", ` + list
	}
	return "OAuth " + list
}
