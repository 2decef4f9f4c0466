package sign

import "github.com/true-and-useful/janee/core/wire"

// bearer sends "Authorization: Bearer KEY" (RFC 6750 section 2.1). Some services want another word
// there (Bot, token, GenieKey), and some none at all: Linear takes the bare key.
var bearer = Scheme{
	Type:  "bearer",
	Title: "Bearer token in the Authorization header",
	Docs:  "https://www.rfc-editor.org/rfc/rfc6750#section-2.1",
	Fields: []Field{
		{Name: "key", Secret: true, Required: true, Label: "API key or token", fault: tokenFault},
		{Name: "scheme", Label: "Word before the key (Bearer if empty; none for the key alone)",
			fault: wordFault},
	},
	sign: signBearer,
}

func signBearer(c Credential, _ Request, _ Moment) (Signed, error) {
	value := c["key"].Reveal()
	switch word := c["scheme"].Reveal(); word {
	case "none":
	case "":
		value = "Bearer " + value
	default:
		value = word + " " + value
	}
	return Signed{Headers: []wire.Header{{Name: "Authorization", Value: value}}}, nil
}

// wordFault checks the auth-scheme, which is a token (RFC 9110 section 11.1).
func wordFault(value string) string {
	if !wire.ValidName(value) {
		return "is not a single word, such as Bearer or Bot"
	}
	return ""
}
