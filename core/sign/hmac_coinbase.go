package sign

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// hmacCoinbase signs for Coinbase Exchange: base64 HMAC-SHA256 over time, method, target and body,
// under the decoded secret. Coinbase Advanced Trade has keys of another kind: use jwt-es256 there.
var hmacCoinbase = Scheme{
	Type:   "hmac-coinbase",
	Title:  "Coinbase Exchange (HMAC-SHA256 with passphrase)",
	Docs:   "https://docs.cdp.coinbase.com/exchange/rest-api/authentication",
	Fields: []Field{apiKey, base64Secret, passphrase},
	sign:   signCoinbase,
	writes: fields("CB-ACCESS-KEY", "CB-ACCESS-SIGN", "CB-ACCESS-TIMESTAMP",
		"CB-ACCESS-PASSPHRASE"),
	derived: decodedForms("apiSecret"),
}

func signCoinbase(c Credential, r Request, m Moment) (Signed, error) {
	text := m.seconds() + strings.ToUpper(r.Method) + r.target() + string(r.Body)
	signature := base64.StdEncoding.EncodeToString(mac(sha256.New,
		decoded(c["apiSecret"].Reveal()), text))
	return Signed{Headers: []wire.Header{
		{Name: "CB-ACCESS-KEY", Value: c["apiKey"].Reveal()},
		{Name: "CB-ACCESS-SIGN", Value: signature},
		{Name: "CB-ACCESS-TIMESTAMP", Value: m.seconds()},
		{Name: "CB-ACCESS-PASSPHRASE", Value: c["passphrase"].Reveal()},
	}, Secrets: proof(signature), Trace: []Note{{"string to sign", text}}}, nil
}
