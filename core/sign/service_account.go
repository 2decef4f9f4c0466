package sign

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// serviceAccount trades a self-signed assertion for one of Google's tokens (RFC 7523), with the
// JSON file that Google issues. The file names the endpoint that the assertion goes to, so an
// endpoint elsewhere counts only if the person names it too.
var serviceAccount = Scheme{
	Type:  "service-account",
	Title: "Google service account",
	Docs:  "https://developers.google.com/identity/protocols/oauth2/service-account#httprest",
	Fields: []Field{
		{Name: "credentials", Secret: true, Required: true,
			Label: "Service account key (the whole JSON file)", fault: accountFault},
		{Name: "scopes", Required: true, List: true, Label: "Scopes, separated by blanks",
			fault: headerFault},
		{Name: "subject", Label: "User to act for (domain-wide delegation only)",
			fault: headerFault},
		{Name: "tokenUri", Label: "Token endpoint, if it is not at googleapis.com",
			fault: endpointFault},
	},
	exchange: accountExchange,
	whole:    accountEndpoint,
	derived:  accountForms,
}

// account is the JSON of a service account key.
type account struct {
	Type     string `json:"type"`
	Email    string `json:"client_email"`
	Key      string `json:"private_key"`
	KeyID    string `json:"private_key_id"`
	TokenURI string `json:"token_uri"`
}

func readAccount(text string) (a account, ok bool) {
	return a, json.Unmarshal([]byte(text), &a) == nil
}

func accountFault(value string) string {
	a, ok := readAccount(value)
	switch {
	case !ok:
		return "is not the JSON file of a service account"
	case a.Type != "" && a.Type != "service_account":
		return "is the JSON of another kind of credential: its type is not service_account"
	case a.Email == "":
		return "lacks client_email"
	case a.Key == "":
		return "lacks private_key"
	case a.TokenURI == "":
		return "lacks token_uri"
	}
	if text := rsaFault(a.Key); text != "" {
		return "has a private_key that " + text
	}
	return ""
}

func accountEndpoint(c Credential) *FieldError {
	a, _ := readAccount(c["credentials"].Reveal())
	if listed := c["tokenUri"].Reveal(); listed == a.TokenURI {
		return nil
	}
	u, err := url.Parse(a.TokenURI)
	if err == nil && endpointFault(a.TokenURI) == "" && u.Scheme == "https" && u.Port() == "" &&
		(u.Host == "googleapis.com" || strings.HasSuffix(u.Host, ".googleapis.com")) {
		return nil
	}
	return &FieldError{"credentials",
		"has a token_uri that is not https at googleapis.com: if that is right, " +
			"write the same URL into tokenUri"}
}

// accountForms returns the key in the file with real line ends, and its id.
func accountForms(c Credential) []string {
	a, ok := readAccount(c["credentials"].Reveal())
	if !ok || a.Key == "" {
		return nil
	}
	found := append([]string{a.Key}, bodyLines(a.Key)...)
	if a.KeyID != "" {
		found = append(found, a.KeyID)
	}
	return found
}

type accountHeader struct {
	Alg string `json:"alg"`
	Typ string `json:"typ"`
	Kid string `json:"kid,omitempty"`
}

type accountClaims struct {
	Iss   string `json:"iss"`
	Sub   string `json:"sub,omitempty"`
	Scope string `json:"scope"`
	Aud   string `json:"aud"`
	Iat   int64  `json:"iat"`
	Exp   int64  `json:"exp"`
}

func accountExchange(c Credential, m Moment) (Exchange, error) {
	a, _ := readAccount(c["credentials"].Reveal())
	key, err := parsePEM(a.Key)
	if err != nil {
		return Exchange{}, &FieldError{"credentials", "has a private_key that " + err.Error()}
	}
	now := m.UnixMs / 1000
	claims := accountClaims{
		a.Email, c["subject"].Reveal(), strings.Join(strings.Fields(c["scopes"].Reveal()), " "),
		a.TokenURI, now, now + 3600,
	}
	assertion, err := token(key, accountHeader{"RS256", "JWT", a.KeyID}, claims)
	if err != nil {
		return Exchange{}, err
	}
	x := postForm(a.TokenURI, param{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
		param{"assertion", assertion})
	x.assertion, x.Trace = assertion, []Note{claimsNote(claims)}
	return x, nil
}

// postForm returns a request to a token endpoint of RFC 6749.
func postForm(address string, parameters ...param) Exchange {
	return Exchange{
		Method: "POST",
		URL:    address,
		Body:   []byte(canonical(parameters)),
		read:   readOAuth,
		Headers: []wire.Header{
			{Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
			{Name: "Accept", Value: "application/json"}},
	}
}
