package sign

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// hmacOKX signs for OKX's API v5: base64 HMAC-SHA256 over time, method, target and body.
var hmacOKX = Scheme{
	Type:   "hmac-okx",
	Title:  "OKX API v5 (HMAC-SHA256 with passphrase)",
	Docs:   "https://www.okx.com/docs-v5/en/#overview-rest-authentication",
	Fields: []Field{apiKey, apiSecret, passphrase},
	sign:   signOKX,
	writes: fields("OK-ACCESS-KEY", "OK-ACCESS-SIGN", "OK-ACCESS-TIMESTAMP",
		"OK-ACCESS-PASSPHRASE"),
}

func signOKX(c Credential, r Request, m Moment) (Signed, error) {
	text := m.iso() + strings.ToUpper(r.Method) + r.target() + string(r.Body)
	signature := base64.StdEncoding.EncodeToString(mac(sha256.New,
		[]byte(c["apiSecret"].Reveal()), text))
	return Signed{Headers: []wire.Header{
		{Name: "OK-ACCESS-KEY", Value: c["apiKey"].Reveal()},
		{Name: "OK-ACCESS-SIGN", Value: signature},
		{Name: "OK-ACCESS-TIMESTAMP", Value: m.iso()},
		{Name: "OK-ACCESS-PASSPHRASE", Value: c["passphrase"].Reveal()},
	}, Secrets: proof(signature), Trace: []Note{{"string to sign", text}}}, nil
}
