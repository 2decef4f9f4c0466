package sign

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/wire"
)

// githubApp trades a token that the app signs for the token of an installation, which is valid for
// an hour.
var githubApp = Scheme{
	Type:  "github-app",
	Title: "GitHub App installation",
	Docs: "https://docs.github.com/en/apps/creating-github-apps/" +
		"authenticating-with-a-github-app/authenticating-as-a-github-app-installation",
	Fields: []Field{
		{Name: "appId", Required: true, Label: "App id or client id", fault: tokenFault},
		{Name: "privateKey", Secret: true, Required: true, Label: "Private key of the app (PEM)",
			fault: rsaFault},
		{Name: "installationId", Required: true, Label: "Installation id", fault: numberFault},
		{Name: "apiUrl", Endpoint: true,
			Label: "Base URL of the API (https://api.github.com if empty)", fault: endpointFault},
	},
	exchange: githubExchange,
	derived:  keyForms("privateKey"),
}

// numberFault matters because the id becomes part of a path.
func numberFault(value string) string {
	if strings.Trim(value, "0123456789") != "" {
		return "is not a number"
	}
	return ""
}

type githubClaims struct {
	Iat int64  `json:"iat"`
	Exp int64  `json:"exp"`
	Iss string `json:"iss"`
}

// githubExchange dates the token a minute back, because GitHub refuses one from the future, and
// ends it well before the ten minutes that GitHub allows.
func githubExchange(c Credential, m Moment) (Exchange, error) {
	key, err := parsePEM(c["privateKey"].Reveal())
	if err != nil {
		return Exchange{}, &FieldError{"privateKey", err.Error()}
	}
	now := m.UnixMs / 1000
	claims := githubClaims{now - 60, now + 540, c["appId"].Reveal()}
	jwt, err := token(key, accountHeader{Alg: "RS256", Typ: "JWT"}, claims)
	if err != nil {
		return Exchange{}, err
	}
	base := strings.TrimSuffix(c["apiUrl"].Reveal(), "/")
	if base == "" {
		base = "https://api.github.com"
	}
	return Exchange{
		Method:    "POST",
		URL:       base + "/app/installations/" + c["installationId"].Reveal() + "/access_tokens",
		read:      readGitHub,
		assertion: jwt,
		Trace:     []Note{claimsNote(claims)},
		Headers: []wire.Header{
			{Name: "Authorization", Value: "Bearer " + jwt},
			{Name: "Accept", Value: "application/vnd.github+json"},
		},
	}, nil
}

func readGitHub(body []byte, _ int64) (Token, error) {
	var r struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expires_at"`
	}
	if json.Unmarshal(body, &r) != nil || r.Expires.IsZero() {
		return Token{}, errors.New("it is not the JSON of an installation token")
	}
	return Token{secret.New(r.Token), r.Expires.UnixMilli()}, nil
}
