package sign

import (
	"encoding/base64"

	"github.com/true-and-useful/janee/core/wire"
)

// clientCredentials trades a client id and secret for a token (RFC 6749 section 4.4).
var clientCredentials = Scheme{
	Type:  "oauth2-client-credentials",
	Title: "OAuth 2.0 client credentials",
	Docs:  "https://www.rfc-editor.org/rfc/rfc6749#section-4.4",
	Fields: []Field{
		{Name: "tokenUrl", Required: true, Endpoint: true, Label: "Token endpoint",
			fault: endpointFault},
		{Name: "clientId", Required: true, Label: "Client id"},
		{Name: "clientSecret", Secret: true, Required: true, Label: "Client secret"},
		{Name: "scopes", List: true, Label: "Scopes, separated by blanks", fault: headerFault},
		{Name: "audience", Label: "Audience, if the server wants one"},
		{Name: "clientAuth", Label: "Where id and secret go: basic (if empty) or post",
			fault: oneOf("basic", "post")},
	},
	exchange: clientExchange,
	derived:  clientForms,
}

func clientExchange(c Credential, _ Moment) (Exchange, error) {
	parameters := []param{{"grant_type", "client_credentials"}}
	for _, p := range []struct{ name, field string }{
		{"scope", "scopes"}, {"audience", "audience"},
	} {
		if v := c[p.field].Reveal(); v != "" {
			parameters = append(parameters, param{p.name, v})
		}
	}
	if c["clientAuth"].Reveal() == "post" {
		parameters = append(parameters, param{"client_id", c["clientId"].Reveal()},
			param{"client_secret", c["clientSecret"].Reveal()})
		return postForm(c["tokenUrl"].Reveal(), parameters...), nil
	}
	x := postForm(c["tokenUrl"].Reveal(), parameters...)
	x.Headers = append(x.Headers,
		wire.Header{Name: "Authorization", Value: "Basic " + clientToken(c)})
	return x, nil
}

// clientToken escapes both halves before it joins them, which RFC 6749 section 2.3.1 asks for and
// RFC 7617 does not.
func clientToken(c Credential) string {
	pair := percent(c["clientId"].Reveal(), "") + ":" + percent(c["clientSecret"].Reveal(), "")
	return base64.StdEncoding.EncodeToString([]byte(pair))
}

func clientForms(c Credential) []string {
	if c["clientSecret"].IsZero() {
		return nil
	}
	return []string{clientToken(c)}
}
