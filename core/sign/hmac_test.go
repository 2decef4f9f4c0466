package sign

import (
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

// templates express what other schemes do. The window of Bybit is the same for every call, so it is
// a header of the service.
var templates = map[string]map[string]string{
	"hmac-bybit": {"payload": "timestamp key '5000' query|body", "keyIn": "header X-BAPI-API-KEY",
		"timestampIn": "header X-BAPI-TIMESTAMP",
		"signatureIn": "header X-BAPI-SIGN"},
	"hmac-okx": {"payload": "timestamp method target body", "timestamp": "iso",
		"encoding": "base64", "keyIn": "header OK-ACCESS-KEY",
		"timestampIn": "header OK-ACCESS-TIMESTAMP", "passphraseIn": "header OK-ACCESS-PASSPHRASE",
		"signatureIn": "header OK-ACCESS-SIGN"},
	"hmac-mexc": {"payload": "query body", "keyIn": "header X-MEXC-APIKEY",
		"timestampIn": "query timestamp", "signatureIn": "query signature"},
	"hmac-binance": {"payload": "query body", "keyIn": "header X-MBX-APIKEY",
		"timestampIn": "query timestamp", "signatureIn": "query signature"},
	"hmac-coinbase": {"payload": "timestamp method target body", "timestamp": "s",
		"encoding": "base64", "secretEncoding": "base64", "keyIn": "header CB-ACCESS-KEY",
		"timestampIn": "header CB-ACCESS-TIMESTAMP", "passphraseIn": "header CB-ACCESS-PASSPHRASE",
		"signatureIn": "header CB-ACCESS-SIGN"},
}

// sameAsTemplate signs twice, by the scheme and by its template, and wants the same bytes to go
// out.
func sameAsTemplate(t *testing.T, authType string, values map[string]string, r Request, ms int64) {
	t.Helper()
	own, template := mustSign(t, authType, values, r, ms), map[string]string{}
	for _, from := range []map[string]string{values, templates[authType]} {
		for k, v := range from {
			template[k] = v
		}
	}
	got := mustSign(t, "hmac", template, r, ms)
	if authType == "hmac-bybit" {
		got.Headers = append(got.Headers,
			wire.Header{Name: "X-BAPI-RECV-WINDOW", Value: bybitWindow})
	}
	fields := func(s Signed) (lines []string) {
		for _, h := range s.Headers {
			lines = append(lines, h.Name+": "+h.Value)
		}
		slices.Sort(lines)
		return lines
	}
	if !slices.Equal(fields(got), fields(own)) || got.Query != own.Query {
		t.Errorf("%s by template:\n%q %q, want\n%q %q", authType, fields(got), got.Query,
			fields(own), own.Query)
	}
	note(t, got, "string to sign", own.Trace[0].Text)
}

func TestVectorsByTemplate(t *testing.T) {
	for _, c := range vectors.Load[bybitCase](t, "bybit", 5) {
		if c.APISecret == nil {
			c.APISecret = &c.APIKey // the exchange's page keeps the secret to itself
		}
		r := Request{
			Method: c.Request.Method,
			Path:   c.Request.Path,
			Query:  c.Request.Query,
			Body:   []byte(c.Request.Body),
		}
		t.Run("bybit/"+c.ID, func(t *testing.T) {
			sameAsTemplate(t, "hmac-bybit", map[string]string{"apiKey": c.APIKey,
				"apiSecret": *c.APISecret}, r, millis(t, c.Timestamp))
		})
	}
	for _, c := range vectors.Load[okxCase](t, "okx", 4) {
		t.Run("okx/"+c.ID, func(t *testing.T) {
			r, ms := c.request(t)
			sameAsTemplate(t, "hmac-okx", c.values(), r, ms)
		})
	}
	for _, c := range vectors.Load[mexcCase](t, "mexc", 3) {
		t.Run("mexc/"+c.ID, func(t *testing.T) {
			sameAsTemplate(t, "hmac-mexc", map[string]string{"apiKey": c.APIKey,
				"apiSecret": c.APISecret}, c.request(), millis(t, c.Timestamp))
		})
	}
	for _, c := range vectors.Load[binanceCase](t, "binance", 2) {
		t.Run("binance/"+c.ID, func(t *testing.T) {
			query, ms, ok := c.split(t)
			if !ok {
				t.Skip("the case has no time to add")
			}
			r := Request{Method: "POST", Path: "/api/v3/order", Query: query}
			sameAsTemplate(t, "hmac-binance",
				map[string]string{"apiKey": c.APIKey, "apiSecret": c.APISecret}, r, ms)
		})
	}
}

func TestCallsByTemplate(t *testing.T) {
	for authType := range templates {
		for _, r := range []Request{
			{Method: "GET", Path: "/a%20b"},
			{Method: "GET", Path: "/a", Query: "b=%2A&a=1"},
			{Method: "POST", Path: "/a", Query: "b=1", Body: []byte(`{"c":"ü"}`)},
			{Method: "PATCH", Path: "/a", Body: []byte("x=1")},
			{Method: "POST", Path: "/a", Query: "b=1&timestamp=5"},
			{Method: "POST", Path: "/a", Query: "b=1", Body: []byte("timestamp=5&c=2")},
			{Method: "DELETE", Path: "/a", Query: "b=1", Body: []byte("x=1")},
		} {
			sameAsTemplate(t, authType, complete[authType], r, 1_700_000_000_123)
		}
	}
}

func TestTemplateParts(t *testing.T) {
	values := map[string]string{
		"apiKey": "K", "apiSecret": "S",
		"passphrase": "P",
		"payload": `method' 'host path '\n'query 'it\'s\\' body nonce key timestamp ` +
			`passphrase target`, "keyIn": "query k", "timestampIn": "query t", "nonceIn": "query n",
		"passphraseIn": "query p", "signatureIn": "query s", "algorithm": "sha512",
		"encoding": "base64",
	}
	r := Request{Method: "get", Host: "h:1", Path: "/p", Query: "q=1", Body: []byte("B")}
	signed := mustSign(t, "hmac", values, r, 7)
	nonce := strings.Repeat("0", 32)
	query := "q=1&k=K&t=7&n=" + nonce + "&p=P"
	text := "GET h:1/p\n" + query + `it's\B` + nonce + "K7P/p?" + query
	note(t, signed, "string to sign", text)
	want := query + "&s=" +
		percent(base64.StdEncoding.EncodeToString(mac(sha512.New, []byte("S"), text)), "")
	if got := appended(r.Query, signed.Query); got != want {
		t.Errorf("query %s, want %s", got, want)
	}
}

func TestTemplateEncodings(t *testing.T) {
	lengths := map[string]int{}
	for _, algorithm := range []string{"", "sha1", "sha256", "sha384", "sha512"} {
		for _, encoding := range []string{"", "hex", "base64", "base64url"} {
			values := map[string]string{
				"apiKey": "K", "apiSecret": "S", "payload": "path", "signatureIn": "header X-S",
				"algorithm": algorithm, "encoding": encoding,
			}
			s, _ := wire.Get(mustSign(t, "hmac", values, request, 7).Headers, "x-s")
			lengths[algorithm+" "+encoding] = len(s)
		}
	}
	for name, want := range map[string]int{
		" ": 64, "sha1 hex": 40, "sha384 hex": 96, "sha512 ": 128, " base64": 44,
		"sha256 base64url": 43, "sha1 base64": 28,
	} {
		if lengths[name] != want {
			t.Errorf("%q: %d characters, want %d", name, lengths[name], want)
		}
	}
}

func TestTemplateFields(t *testing.T) {
	whole := map[string]string{
		"apiKey": "K", "apiSecret": "not-base64-nor-hex", "payload": "path",
		"signatureIn": "header X-S",
	}
	for _, c := range []struct{ field, value, blamed string }{
		{"payload", "timestamp path", "payload"},
		{"payload", "nonce path", "payload"},
		{"payload", "passphrase path", "payload"},
		{"payload", "recvWindow", "payload"},
		{"payload", "path 'open", "payload"},
		{"payload", `'\t'`, "payload"},
		{"payload", "path,query", "payload"},
		{"payload", "body|query", "payload"},
		{"passphrase", "phrase", "passphrase"},
		{"passphraseIn", "header X-P", "passphraseIn"},
		{"secretEncoding", "base64", "apiSecret"},
		{"secretEncoding", "hex", "apiSecret"},
		{"secretEncoding", "base32", "secretEncoding"},
		{"algorithm", "md5", "algorithm"},
		{"encoding", "HEX", "encoding"},
		{"timestamp", "us", "timestamp"},
		{"keyIn", "header x-s", "signatureIn"},
		{"keyIn", "header X S", "keyIn"},
		{"keyIn", "header", "keyIn"},
		{"keyIn", "body X-S", "keyIn"},
		{"keyIn", "query a&b", "keyIn"},
		{"keyIn", "query ", "keyIn"},
		{"keyIn", "header Host", "keyIn"},
		{"keyIn", "header Content-Length", "keyIn"},
		{"signatureIn", "", "payload"},
	} {
		fieldError(t, scheme(t, "hmac").Check(credential(with(whole, c.field, c.value))), c.blamed,
			map[string]string{"": "not-base64"})
	}
	r := request
	r.Query = "X-S=mine"
	refused(t, "hmac", with(whole, "signatureIn", "query x-s"), r, "leave it out")
}
