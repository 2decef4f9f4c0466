package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/true-and-useful/janee/core/wire"
)

// bybitWindow is for how many milliseconds after its timestamp Bybit takes a request: its own default.
const bybitWindow = "5000"

// hmacBybit signs as Bybit's API v5 wants it: hex HMAC-SHA256 over timestamp, key, window and what the call carries.
var hmacBybit = Scheme{
	Type:  "hmac-bybit",
	Title: "Bybit API v5 (HMAC-SHA256)",
	Docs:  "https://bybit-exchange.github.io/docs/v5/guide#authentication",
	Fields: []Field{
		{Name: "apiKey", Secret: true, Required: true, Label: "API key", fault: tokenFault},
		{Name: "apiSecret", Secret: true, Required: true, Label: "API secret", fault: plainFault},
	},
	sign: signBybit,
}

func signBybit(c Credential, r Request, m Moment) Signed {
	return bybitHeaders(c["apiKey"].Reveal(), c["apiSecret"].Reveal(), strconv.FormatInt(m.UnixMs, 10), bybitWindow, r)
}

func bybitHeaders(key, apiSecret, timestamp, window string, r Request) Signed {
	mac := hmac.New(sha256.New, []byte(apiSecret))
	mac.Write(bybitText(key, timestamp, window, r))
	return Signed{Headers: []wire.Header{
		{Name: "X-BAPI-API-KEY", Value: key},
		{Name: "X-BAPI-TIMESTAMP", Value: timestamp},
		{Name: "X-BAPI-RECV-WINDOW", Value: window},
		{Name: "X-BAPI-SIGN", Value: hex.EncodeToString(mac.Sum(nil))},
	}}
}

// bybitText is the string to sign. Methods that carry a body are signed over its bytes, all others over the query; neither is
// sorted or encoded again, since Bybit computes it from the request as it arrives.
func bybitText(key, timestamp, window string, r Request) []byte {
	text := []byte(timestamp + key + window)
	switch r.Method {
	case "POST", "PUT", "PATCH":
		return append(text, r.Body...)
	}
	return append(text, r.Query...)
}
