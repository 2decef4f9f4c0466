package sign

import (
	"encoding/base64"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// basic sends "Authorization: Basic base64(username:password)" (RFC 7617), in UTF-8. The name is a
// secret too and the password may be empty, because services such as Stripe take their API key as
// the user name with an empty password.
var basic = Scheme{
	Type:  "basic",
	Title: "User name and password (HTTP Basic)",
	Docs:  "https://www.rfc-editor.org/rfc/rfc7617#section-2",
	Fields: []Field{
		{Name: "username", Secret: true, Identity: true, Required: true,
			Label: "User name, or the API key if there is no password", fault: userFault},
		{Name: "password", Secret: true, Label: "Password (may be empty)"},
		showIdentity("user name"),
	},
	sign:    signBasic,
	derived: basicForms,
}

func signBasic(c Credential, _ Request, _ Moment) (Signed, error) {
	_, token := basicPair(c)
	return Signed{Headers: []wire.Header{{Name: "Authorization", Value: "Basic " + token}}}, nil
}

// basicForms returns the token as it is sent, because the base64 of the pair does not contain the
// base64 of its parts.
func basicForms(c Credential) []string {
	pair, token := basicPair(c)
	if pair == ":" {
		return nil
	}
	return []string{pair, token}
}

func basicPair(c Credential) (pair, token string) {
	pair = c["username"].Reveal() + ":" + c["password"].Reveal()
	return pair, base64.StdEncoding.EncodeToString([]byte(pair))
}

// userFault refuses the colon, because the server would cut the name there (RFC 7617 section 2).
func userFault(value string) string {
	if strings.ContainsRune(value, ':') {
		return "contains a colon, which a user name cannot (RFC 7617)"
	}
	return plainFault(value)
}
