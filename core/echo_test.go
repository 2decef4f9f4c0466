package core

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/wire"
)

var echoKeys = sync.OnceValue(func() map[string]string {
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	keys := map[string]string{}
	for name, key := range map[string]any{"rsa": rsaKey, "ec": ecKey} {
		der, _ := x509.MarshalPKCS8PrivateKey(key)
		keys[name] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	return keys
})

// echoed says, of every auth type, what its fields are, which of them are secret, and where in the
// request stands what is as good as they.
var echoed = map[string]struct {
	secret, open map[string]string
	proof        string // of which the groups are secret; "": nothing but the fields
}{
	"bearer": {secret: map[string]string{"key": "sk_echo+key/0001="},
		open: map[string]string{"scheme": "Bot"}},
	"basic": {secret: map[string]string{
		"username": "aladdin-echo", "password": `open "sesame" & <more>`,
	}, proof: `Basic (\S+)`},
	"headers": {secret: map[string]string{"headers.X-Api-Key": "Token token=k1-echo-value"}},
	"query": {secret: map[string]string{"key": "q/echo+value&=1"},
		open: map[string]string{"param": "api_key"}, proof: `api_key=(\S+)`},
	"telegram": {secret: map[string]string{"key": "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"}},
	"digest": {secret: map[string]string{
		"username": "Mufasa-echo", "password": "Circle of Life",
	}, proof: `response="(\w+)"`},
	"hmac-bybit": {secret: map[string]string{
		"apiKey": "bybitKEYecho", "apiSecret": "bybitSECRETecho",
	}, proof: `X-BAPI-SIGN: (\S+)`},
	"hmac-okx": {secret: map[string]string{
		"apiKey": "okxKEYecho", "apiSecret": "okxSECRETecho", "passphrase": "okx passphrase",
	}, proof: `OK-ACCESS-SIGN: (\S+)`},
	"hmac-mexc": {secret: map[string]string{
		"apiKey": "mexcKEYecho", "apiSecret": "mexcSECRETecho",
	}, proof: `signature=(\w+)`},
	"oauth1a-twitter": {secret: map[string]string{
		"consumerKey": "9f2c-KEY-echo", "consumerSecret": "7a1b-SECRET-echo",
		"accessToken":       "5d3e-TOKEN-echo",
		"accessTokenSecret": "1c8f-SECRET2-echo",
	}, proof: `oauth_signature="([^"]+)"`},
	"aws-sigv4": {secret: map[string]string{
		"accessKeyId": "AKIDECHO", "secretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYECHOECHOKEY",
		"sessionToken": "AQoDYXdz//echo==",
	},
		open:  map[string]string{"region": "eu-west-1", "awsService": "s3"},
		proof: `Signature=(\w+)`},
	"oauth1a": {secret: map[string]string{
		"consumerKey": "9f2c-KEY-echo", "consumerSecret": "7a1b-SECRET-echo",
	}, proof: `oauth_signature="([^"]+)"`},
	"hmac-binance": {secret: map[string]string{
		"apiKey": "binanceKEYecho", "apiSecret": "binanceSECRETecho",
	}, proof: `signature=(\w+)`},
	"hmac-kraken": {secret: map[string]string{
		"apiKey": "krakenKEYecho", "apiSecret": "a3Jha2VuIGVjaG8gc2VjcmV0",
	}, proof: `API-Sign: (\S+)`},
	"hmac-coinbase": {secret: map[string]string{
		"apiKey": "coinbaseKEYecho", "apiSecret": "Y29pbmJhc2UgZWNobyBzZWNyZXQ=",
		"passphrase": "coinbase phrase",
	}, proof: `CB-ACCESS-SIGN: (\S+)`},
	"jwt-es256": {secret: map[string]string{"privateKey": echoKeys()["ec"]},
		open: map[string]string{"keyName": "organizations/o/apiKeys/k"}, proof: `Bearer (\S+)`},
	"service-account": {secret: map[string]string{"credentials": accountJSON(echoKeys()["rsa"])},
		open:  map[string]string{"scopes": "[a, b]"},
		proof: `Bearer (\S+)`},
	"github-app": {secret: map[string]string{"privateKey": echoKeys()["rsa"]},
		open:  map[string]string{"appId": "'1234'", "installationId": "'5678'"},
		proof: `Bearer (\S+)`},
	"oauth2-client-credentials": {secret: map[string]string{"clientSecret": "client+secret/echo"},
		open:  map[string]string{"clientId": "me", "tokenUrl": "https://idp.example/token"},
		proof: `Bearer (\S+)`},
	"azure-sharedkey": {secret: map[string]string{"key": "YXp1cmUgc3RvcmFnZSBlY2hvIGtleQ=="},
		open: map[string]string{"account": "echoaccount1"}, proof: `SharedKey echoaccount1:(\S+)`},
	"azure-cosmos": {secret: map[string]string{"key": "YXp1cmUgY29zbW9zIGVjaG8ga2V5"},
		proof: `sig%3D(\S+)`},
	"http-message-signature": {secret: map[string]string{"key": "aHR0cCBtZXNzYWdlIGVjaG8ga2V5"},
		open:  map[string]string{"keyId": "test-key", "algorithm": "hmac-sha256"},
		proof: `Signature: sig1=:(\S+):`},
	"hmac": {secret: map[string]string{
		"apiKey": "hmacKEYecho", "apiSecret": "686d616320736563726574",
		"passphrase": "hmac passphrase",
	},
		open: map[string]string{
			"payload": "timestamp method path", "secretEncoding": "hex", "keyIn": "header X-Key",
			"timestampIn": "query ts", "passphraseIn": "header X-Pass",
			"signatureIn": "query sig",
		}, proof: `sig=(\w+)`},
}

func accountJSON(key string) string {
	text, _ := json.Marshal(map[string]string{"type": "service_account",
		"client_email": "a@b.example", "private_key": key,
		"private_key_id": "key_id_of_the_echo_tests",
		"token_uri":      "https://oauth2.googleapis.com/token"})
	return string(text)
}

// echoForms are ways in which a server may write what it was sent.
var echoForms = map[string]func(string) string{
	"raw":    func(s string) string { return s },
	"base64": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"mime": func(s string) string {
		return columns(base64.StdEncoding.EncodeToString([]byte(s)), 76, "\r\n")
	},
	"base64 in json": func(s string) string {
		return columns(strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(s)), "/", `\/`),
			64, `\n`)
	},
	"url":    func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"hex":    func(s string) string { return hex.EncodeToString([]byte(s)) },
	"dump":   func(s string) string { return fmt.Sprintf("% X", s) },
	"query":  url.QueryEscape,
	"twice":  func(s string) string { return url.QueryEscape(url.PathEscape(s)) },
	"html":   html.EscapeString,
	"json":   jsonString,
	"json 2": func(s string) string { return jsonString(jsonString(s)) },
	"utf-16": func(s string) string { return strings.Join(strings.Split(s, ""), "\x00") },
}

func jsonString(s string) string { b, _ := json.Marshal(s); return string(b) }

func columns(s string, width int, end string) string {
	var out strings.Builder
	for ; len(s) > width; s = s[width:] {
		out.WriteString(s[:width] + end)
	}
	return out.String() + s
}

// An upstream shows all that it was sent, and the credential itself, in every form: in the body, a
// header's value, a header's name.
func TestEveryAuthTypeUnderEcho(t *testing.T) {
	for _, authType := range sign.Types() {
		t.Run(authType, func(t *testing.T) {
			c, ok := echoed[authType]
			if !ok {
				t.Fatal("the type is not among those that are tried")
			}
			for form, write := range echoForms {
				echo(t, authType, form, write, c.secret, c.proof)
			}
		})
	}
}

func echo(
	t *testing.T, authType, form string, write func(string) string,
	fields map[string]string, proof string,
) {
	h := newHouse(t, echoConfig(authType))
	var secrets []string
	h.reply = func(s Send) (Head, []string, Ended) {
		if s.Flight != "" {
			return Head{
					Status: 201},
				[]string{`{"token":"tok_of_the_echo_tests",` +
					`"access_token":"tok_of_the_echo_tests","expires_in":3600,"expires_at":"2030-01-01T00:00:00Z"}`}, Ended{}
		}
		if _, ok := wire.Get(s.Headers, "Authorization"); authType == "digest" && !ok {
			return challengeHead(`Digest realm="cam", nonce="abc", qop="auth"`), nil, Ended{}
		}
		request := s.Method + " " + s.Target + "\n"
		for _, f := range s.Headers {
			request += f.Name + ": " + f.Value + "\n"
		}
		secrets = nil
		if proof != "" {
			found := regexp.MustCompile(proof).FindStringSubmatch(request)
			if found == nil {
				t.Fatalf("no %s in %q", proof, request)
			}
			secrets = append(secrets, found[1:]...)
		}
		for _, v := range fields {
			secrets = append(secrets, pieces(v)...)
			request += "stored: " + v + "\n"
		}
		said := write(request)
		flat := strings.NewReplacer("\r", " ", "\n", " ", "\x00", "").Replace(said)
		return Head{
				Status: 302, Headers: []Header{
					{Name: "X-Echo", Value: flat},
					{Name: "Location", Value: "https://elsewhere.example/?from=" + flat},
				},
			},
			[]string{said[:len(said)/2], said[len(said)/2:]}, Ended{}
	}
	call := get("it", "/v1/x?a=1")
	call.Args.Method, call.Args.Body, call.Args.MaxBytes = "POST", []byte("nonce=1"), 1<<20
	res, body := h.allowed(call)
	seen := string(res.Text([]byte(body))) + body
	for _, f := range res.Headers {
		seen += f.Value
	}
	for _, s := range secrets {
		leaks(t, form, seen, s, write)
	}
	if res.Redactions == 0 {
		t.Errorf("%s: nothing was masked", form)
	}
}

// pieces are the parts of a credential by which it would be known. The armor of a PEM key is no
// secret.
func pieces(value string) (all []string) {
	if !strings.Contains(value, "BEGIN") {
		return []string{value}
	}
	for _, line := range strings.Split(strings.ReplaceAll(value, `\n`, "\n"), "\n") {
		if len(line) == 64 && !strings.Contains(line, "{") {
			all = append(all, line)
		}
	}
	return all
}

// leaks looks for any twelve bytes in a row of what write makes of the secret, at each of the
// offsets that base64 knows.
func leaks(t *testing.T, form, seen, secret string, write func(string) string) {
	t.Helper()
	const enough = 12
	for offset := range 3 {
		written := strings.Trim(write(strings.Repeat("\x00", offset)+secret), "=")
		for i := 4 * offset; i+enough <= len(written)-4; i++ {
			if part := written[i : i+enough]; strings.Contains(seen, part) &&
				!strings.ContainsAny(part, "\r\n") {
				t.Fatalf("%s: %q of %q is seen", form, part, secret)
			}
		}
	}
}

func echoConfig(authType string) string {
	c := echoed[authType]
	out := "services:\n  it:\n    baseUrl: https://api.example.com\n    auth:\n      type: " +
		authType + "\n"
	for field, v := range c.secret {
		out += echoField(field, jsonString(v))
	}
	for field, v := range c.open {
		out += echoField(field, v)
	}
	return out + "capabilities:\n  it: {service: it, headers: all}\n"
}

func echoField(field, value string) string {
	if name, ok := strings.CutPrefix(field, "headers."); ok {
		return "      headers: {" + name + ": " + value + "}\n"
	}
	return "      " + field + ": " + value + "\n"
}
