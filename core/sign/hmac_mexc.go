package sign

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/true-and-useful/janee/core/wire"
)

// hmacMEXC and hmacBinance sign the parameters of the call, first those of the query and then those
// of the body, and append the signature to the query. The two exchanges differ in the name of the
// field that carries the key.
var (
	hmacMEXC = Scheme{
		Type:  "hmac-mexc",
		Title: "MEXC Spot v3 (HMAC-SHA256)",
		Docs: "https://mexcdevelop.github.io/apidocs/spot_v3_en/" +
			"#signed-trade-and-user_data-endpoint-security",
		Fields: []Field{apiKey, apiSecret},
		sign: func(c Credential, r Request, m Moment) (Signed, error) {
			return signParameters("X-MEXC-APIKEY", c, r, m), nil
		},
		writes: fields("X-MEXC-APIKEY"),
	}
	hmacBinance = Scheme{
		Type:  "hmac-binance",
		Title: "Binance Spot (HMAC-SHA256)",
		Docs: "https://developers.binance.com/docs/binance-spot-api-docs/rest-api/" +
			"request-security",
		Fields: []Field{apiKey, apiSecret},
		sign: func(c Credential, r Request, m Moment) (Signed, error) {
			return signParameters("X-MBX-APIKEY", c, r, m), nil
		},
		writes: fields("X-MBX-APIKEY"),
	}
)

// signParameters adds the time unless the call has its own, because a second one would be refused.
func signParameters(keyHeader string, c Credential, r Request, m Moment) Signed {
	added := ""
	if !has(r.Query, "timestamp") && !has(string(r.Body), "timestamp") {
		added = "timestamp=" + m.millis()
	}
	text := appended(r.Query, added) + string(r.Body)
	signature := hex.EncodeToString(mac(sha256.New, []byte(c["apiSecret"].Reveal()), text))
	return Signed{
		Headers: []wire.Header{{Name: keyHeader, Value: c["apiKey"].Reveal()}},
		Query:   appended(added, "signature="+signature),
		Secrets: proof(signature),
		Trace:   []Note{{"string to sign", text}},
	}
}
