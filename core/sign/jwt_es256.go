package sign

import "github.com/true-and-useful/janee/core/wire"

// jwtES256 sends a token of its own with each call, for Coinbase's developer platform: signed with
// an EC key, valid for two minutes, for one method and path.
var jwtES256 = Scheme{
	Type:  "jwt-es256",
	Title: "Coinbase Advanced Trade and CDP (ES256 token per call)",
	Docs:  "https://docs.cdp.coinbase.com/get-started/authentication/jwt-authentication",
	Fields: []Field{
		{Name: "keyName", Required: true, Label: "Name of the key (organizations/ID/apiKeys/ID)",
			fault: headerFault},
		{Name: "privateKey", Secret: true, Required: true,
			Label: "EC private key (PEM)", fault: ecFault},
	},
	sign:    signES256,
	derived: keyForms("privateKey"),
}

// es256Life is how many seconds a token is valid: the most that Coinbase accepts.
const es256Life = 120

type es256Header struct {
	Alg   string `json:"alg"`
	Kid   string `json:"kid"`
	Nonce string `json:"nonce"`
	Typ   string `json:"typ"`
}

type es256Claims struct {
	Iss string `json:"iss"`
	Sub string `json:"sub"`
	Nbf int64  `json:"nbf"`
	Exp int64  `json:"exp"`
	URI string `json:"uri"`
}

func signES256(c Credential, r Request, m Moment) (Signed, error) {
	key, err := parsePEM(c["privateKey"].Reveal())
	if err != nil {
		return Signed{}, &FieldError{"privateKey", err.Error()}
	}
	name, now := c["keyName"].Reveal(), m.UnixMs/1000
	// without the query
	claims := es256Claims{
		"cdp", name, now, now + es256Life, r.Method + " " + r.authority() + r.path(),
	}
	jwt, err := token(key, es256Header{"ES256", name, m.word(), "JWT"}, claims)
	if err != nil {
		return Signed{}, err
	}
	return Signed{
		Headers: []wire.Header{{Name: "Authorization", Value: "Bearer " + jwt}},
		Secrets: proof(jwt, jwtSignature(jwt)),
		Trace:   []Note{{"uri claim", claims.URI}},
	}, nil
}
