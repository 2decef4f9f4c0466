package sign

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// hmacTemplate signs for any API whose signature is an HMAC over parts of the request. payload
// lists the parts in their order:
//
//	timestamp nonce key passphrase method host path query body
//	target        path, and "?" with the query if there is one
//	query|body    the body of a POST, PUT or PATCH, else the query
//	'text'        the text itself; \n, \\ and \' are a line end, a backslash and a quote
//
// They are joined without anything between them. The fields whose names end in In say where a value
// goes: "header X-Signature" or "query sign". What goes into the query counts as part of it, except
// for the signature. Bybit, as an example:
//
//	payload: timestamp key '5000' query|body
//
// Without payload the type means MEXC, as it did in configurations of older versions.
var hmacTemplate = Scheme{
	Type:  "hmac",
	Title: "HMAC over parts that you choose (without payload: MEXC)",
	Docs:  "https://www.rfc-editor.org/rfc/rfc2104",
	Fields: []Field{apiKey, apiSecret,
		{Name: "passphrase", Secret: true, Label: "Passphrase, if there is one",
			fault: headerFault},
		{Name: "payload", Label: "What is signed, e.g. timestamp method path query|body",
			fault: payloadFault},
		{Name: "algorithm", Label: "sha256 (if empty), sha1, sha384 or sha512",
			fault: oneOf("sha1", "sha256", "sha384", "sha512")},
		{Name: "encoding", Label: "Signature in hex (if empty), base64 or base64url",
			fault: oneOf("hex", "base64", "base64url")},
		{Name: "secretEncoding", Label: "Secret as text (if empty), or decoded from base64 or hex",
			fault: oneOf("text", "base64", "hex")},
		{Name: "timestamp", Label: "Time in ms (if empty), s or iso",
			fault: oneOf("ms", "s", "iso")},
		{Name: "keyIn", Label: "Where the key goes, e.g. header X-Api-Key", fault: placeFault},
		{Name: "timestampIn", Label: "Where the time goes, e.g. header X-Timestamp",
			fault: placeFault},
		{Name: "nonceIn", Label: "Where the nonce goes, e.g. header X-Nonce", fault: placeFault},
		{Name: "passphraseIn", Label: "Where the passphrase goes, e.g. header X-Passphrase",
			fault: placeFault},
		{Name: "signatureIn", Label: "Where the signature goes, e.g. header X-Signature",
			fault: placeFault},
	},
	sign:    signTemplate,
	whole:   templateWhole,
	derived: templateForms,
	writes:  templateWritten,
}

// placed are the values that can be sent, in the order in which they are appended to a query; the
// signature comes last.
var placed = []string{"key", "timestamp", "nonce", "passphrase"}

// templateWhole says which fields a template lacks, given the others. It blames a field that is
// there.
func templateWhole(c Credential) *FieldError {
	if !c.given("payload") {
		return withoutPayload(c)
	}
	words, _ := parsePayload(c["payload"].Reveal())
	signs := func(word string) bool { return slices.Contains(words, part{word: word}) }
	for _, name := range []string{"timestamp", "nonce"} {
		if signs(name) && !c.given(name+"In") {
			return &FieldError{"payload",
				"needs the field " + name + "In beside it: the server has to learn the " + name}
		}
	}
	switch {
	case !c.given("signatureIn"):
		return &FieldError{"payload", "needs the field signatureIn beside it"}
	case c.given("passphrase") && !c.given("passphraseIn") && !signs("passphrase"):
		return &FieldError{"passphrase",
			"needs the field passphraseIn beside it, or passphrase in payload"}
	case !c.given("passphrase") && c.given("passphraseIn"):
		return &FieldError{"passphraseIn", "needs the field passphrase beside it"}
	case !c.given("passphrase") && signs("passphrase"):
		return &FieldError{"payload", "needs the field passphrase beside it"}
	}
	if _, err := templateSecret(c); err != nil {
		return &FieldError{"apiSecret", "is not in the encoding that secretEncoding names"}
	}
	return samePlace(c)
}

// withoutPayload allows only the two fields that MEXC has.
func withoutPayload(c Credential) *FieldError {
	for _, f := range slices.Sorted(maps.Keys(c)) {
		if f != "apiKey" && f != "apiSecret" && c.given(f) {
			return &FieldError{f,
				"needs the field payload beside it: without one, hmac signs as hmac-mexc"}
		}
	}
	return nil
}

func samePlace(c Credential) *FieldError {
	seen := map[string]bool{}
	for _, name := range append(placed[:len(placed):len(placed)], "signature") {
		where := strings.ToLower(c[name+"In"].Reveal())
		if where != "" && seen[where] {
			return &FieldError{name + "In", "names a place that is taken"}
		}
		seen[where] = true
	}
	return nil
}

func templateSecret(c Credential) ([]byte, error) {
	value := c["apiSecret"].Reveal()
	switch c["secretEncoding"].Reveal() {
	case "base64":
		return base64.StdEncoding.DecodeString(value)
	case "hex":
		return hex.DecodeString(value)
	}
	return []byte(value), nil
}

func templateForms(c Credential) []string {
	key, err := templateSecret(c)
	if err != nil || len(key) == 0 || string(key) == c["apiSecret"].Reveal() {
		return nil
	}
	return []string{string(key)}
}

func signTemplate(c Credential, r Request, m Moment) (Signed, error) {
	if !c.given("payload") {
		return signParameters("X-MEXC-APIKEY", c, r, m), nil
	}
	values := map[string]string{
		"key": c["apiKey"].Reveal(), "nonce": m.word(), "passphrase": c["passphrase"].Reveal(),
		"timestamp": m.millis(),
	}
	switch c["timestamp"].Reveal() {
	case "s":
		values["timestamp"] = m.seconds()
	case "iso":
		values["timestamp"] = m.iso()
	}
	var s Signed
	for _, name := range placed {
		where := c[name+"In"].Reveal()
		if given, ok := brought(r, parsePlace(where)); ok && name == "timestamp" {
			values[name] = given
		} else {
			s.put(where, values[name])
		}
	}
	r.Query = appended(r.Query, s.Query)
	text := payloadText(c["payload"].Reveal(), values, r)
	key, err := templateSecret(c)
	if err != nil {
		return Signed{}, &FieldError{
			"apiSecret", "is not in the encoding that secretEncoding names",
		}
	}
	signature := templateEncode(c, mac(templateHash(c), key, text))
	s.put(c["signatureIn"].Reveal(), signature)
	s.Secrets, s.Trace = proof(signature), []Note{{"string to sign", text}}
	return s, nil
}

// brought returns the parameter that the call itself has at a place in the query, or in a form. Its
// time counts, as with hmac-mexc.
func brought(r Request, at place) (string, bool) {
	if at.kind == "query" {
		for _, p := range append(params(r.Query), params(string(r.Body))...) {
			if strings.EqualFold(p.name, at.name) {
				return p.value, true
			}
		}
	}
	return "", false
}

// put sends a value where the field says, or nowhere.
func (s *Signed) put(where, value string) {
	switch p := parsePlace(where); p.kind {
	case "header":
		s.Headers = append(s.Headers, wire.Header{Name: p.name, Value: value})
	case "query":
		s.Query = appended(s.Query, percent(p.name, "")+"="+percent(value, ""))
	}
}

func templateHash(c Credential) func() hash.Hash {
	switch c["algorithm"].Reveal() {
	case "sha1":
		return sha1.New
	case "sha384":
		return sha512.New384
	case "sha512":
		return sha512.New
	}
	return sha256.New
}

func templateEncode(c Credential, signature []byte) string {
	switch c["encoding"].Reveal() {
	case "base64":
		return base64.StdEncoding.EncodeToString(signature)
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(signature)
	}
	return hex.EncodeToString(signature)
}
