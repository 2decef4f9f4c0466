package sign

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// hmacKraken signs for Kraken Spot: base64 HMAC-SHA512 over the path and the SHA-256 of nonce and
// body, under the decoded secret.
var hmacKraken = Scheme{
	Type:    "hmac-kraken",
	Title:   "Kraken Spot (HMAC-SHA512)",
	Docs:    "https://docs.kraken.com/api/docs/guides/spot-rest-auth",
	Fields:  []Field{apiKey, base64Secret},
	sign:    signKraken,
	writes:  fields("API-Key", "API-Sign"),
	derived: decodedForms("apiSecret"),
}

// signKraken takes the nonce from the body, because a signer adds fields and parameters but never
// changes what an agent sends.
func signKraken(c Credential, r Request, m Moment) (Signed, error) {
	nonce := krakenNonce(r.Body)
	if nonce == "" {
		return Signed{}, fmt.Errorf(
			"the body contains no nonce: put nonce=%s into the form, a higher number in every call",
			m.millis())
	}
	sum := sha256.Sum256([]byte(nonce + string(r.Body)))
	signature := base64.StdEncoding.EncodeToString(mac(sha512.New, decoded(c["apiSecret"].Reveal()),
		r.path()+string(sum[:])))
	return Signed{
		Headers: []wire.Header{
			{Name: "API-Key", Value: c["apiKey"].Reveal()},
			{Name: "API-Sign", Value: signature},
		},
		Secrets: proof(signature),
		Trace: []Note{
			{"string to hash", nonce + string(r.Body)},
			{"string to sign", fmt.Sprintf("%s and the bytes %x", r.path(), sum)},
		},
	}, nil
}

// krakenNonce returns the nonce of a body: a member in JSON or, since Kraken accepts that too, a
// parameter in form encoding.
func krakenNonce(body []byte) string {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		var call struct{ Nonce json.RawMessage }
		if json.Unmarshal(body, &call) != nil {
			return ""
		}
		return strings.Trim(string(call.Nonce), `"`)
	}
	for _, p := range params(string(body)) {
		if p.name == "nonce" {
			return p.value
		}
	}
	return ""
}
