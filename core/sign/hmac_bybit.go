package sign

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/true-and-useful/janee/core/wire"
)

// bybitWindow is how many milliseconds after its timestamp Bybit accepts a request: its own
// default.
const bybitWindow = "5000"

// hmacBybit signs for Bybit's API v5: hex HMAC-SHA256 over timestamp, key, window and what the call
// carries.
var hmacBybit = Scheme{
	Type:   "hmac-bybit",
	Title:  "Bybit API v5 (HMAC-SHA256)",
	Docs:   "https://bybit-exchange.github.io/docs/v5/guide#authentication",
	Fields: []Field{apiKey, apiSecret},
	sign:   signBybit,
	writes: fields("X-BAPI-API-KEY", "X-BAPI-TIMESTAMP", "X-BAPI-RECV-WINDOW", "X-BAPI-SIGN"),
}

// The fields of a key as exchanges issue it.
var (
	apiKey = Field{
		Name:     "apiKey",
		Secret:   true,
		Required: true,
		Label:    "API key",
		fault:    tokenFault,
	}
	apiSecret = Field{
		Name:     "apiSecret",
		Secret:   true,
		Required: true,
		Label:    "API secret",
	}
	base64Secret = Field{
		Name:     "apiSecret",
		Secret:   true,
		Required: true,
		Label:    "API secret (base64)",
		fault:    base64Fault,
	}
	passphrase = Field{
		Name:     "passphrase",
		Secret:   true,
		Required: true,
		Label:    "Passphrase of the API key",
		fault:    headerFault,
	}
)

func signBybit(c Credential, r Request, m Moment) (Signed, error) {
	return bybitSigned(c["apiKey"].Reveal(), c["apiSecret"].Reveal(), m.millis(),
		bybitWindow, r), nil
}

func bybitSigned(key, apiSecret, timestamp, window string, r Request) Signed {
	text := timestamp + key + window + queryOrBody(r)
	signature := hex.EncodeToString(mac(sha256.New, []byte(apiSecret), text))
	return Signed{Headers: []wire.Header{
		{Name: "X-BAPI-API-KEY", Value: key},
		{Name: "X-BAPI-TIMESTAMP", Value: timestamp},
		{Name: "X-BAPI-RECV-WINDOW", Value: window},
		{Name: "X-BAPI-SIGN", Value: signature},
	}, Secrets: proof(signature), Trace: []Note{{"string to sign", text}}}
}

// queryOrBody returns what the call carries. For methods with a body that is the bytes of the body,
// for all others the query; neither is sorted or encoded again, since the exchange computes the
// signature from the request as it arrives.
func queryOrBody(r Request) string {
	switch r.Method {
	case "POST", "PUT", "PATCH":
		return string(r.Body)
	}
	return r.Query
}
