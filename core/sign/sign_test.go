package sign

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/wire"
)

// complete is a credential for every scheme with all that it takes. A scheme that is not here fails
// TestEveryScheme.
var complete = map[string]map[string]string{
	"bearer":     {"key": "sk_test_key0001", "scheme": "Bot"},
	"basic":      {"username": "aladdin-user", "password": "open sesame"},
	"headers":    {"headers.X-Api-Key": "k1-secret-value"},
	"query":      {"param": "api_key", "key": "q/secret+value&=1"},
	"telegram":   {"key": "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"},
	"digest":     {"username": "Mufasa", "password": "Circle of Life"},
	"hmac-bybit": {"apiKey": "bybitKEYexample", "apiSecret": "bybitSECRETexample"},
	"hmac-okx": {"apiKey": "okxKEYexample", "apiSecret": "okxSECRETexample",
		"passphrase": "okx passphrase"},
	"hmac-mexc": {"apiKey": "mexcKEYexample", "apiSecret": "mexcSECRETexample"},
	"oauth1a-twitter": {"consumerKey": "consumerKEYexample",
		"consumerSecret": "consumerSECRETexample", "accessToken": "accessTOKENexample",
		"accessTokenSecret": "tokenSECRETexample"},
	"aws-sigv4": {"accessKeyId": "AKIDEXAMPLE",
		"secretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		"sessionToken":    "AQoDYXdz//token==", "region": "eu-west-1", "awsService": "s3",
		"unsignedPayload": "true"},
	"oauth1a": {"consumerKey": "consumerKEYexample", "consumerSecret": "consumerSECRETexample",
		"accessToken": "accessTOKENexample", "accessTokenSecret": "tokenSECRETexample",
		"signatureMethod": "HMAC-SHA256",
		"realm":           "12345"},
	"hmac-binance": {"apiKey": "binanceKEYexample", "apiSecret": "binanceSECRETexample"},
	"hmac-kraken":  {"apiKey": "krakenKEYexample", "apiSecret": "a3Jha2VuIGV4YW1wbGUgc2VjcmV0"},
	"hmac-coinbase": {"apiKey": "coinbaseKEYexample",
		"apiSecret": "Y29pbmJhc2UgZXhhbXBsZSBzZWNyZXQ=", "passphrase": "coinbase phrase"},
	"jwt-es256": {"keyName": "organizations/o/apiKeys/k", "privateKey": keys()["p256"]},
	"azure-sharedkey": {"account": "devstoreaccount1",
		"key": "YXp1cmUgc3RvcmFnZSBleGFtcGxlIGtleQ=="},
	"azure-cosmos": {"key": "YXp1cmUgY29zbW9zIGV4YW1wbGUga2V5"},
	"http-message-signature": {"keyId": "test-key", "algorithm": "hmac-sha256",
		"key":        "aHR0cCBtZXNzYWdlIGV4YW1wbGUga2V5",
		"components": "@method @target-uri content-digest",
		"label":      "sig-1"},
	"hmac": {"apiKey": "hmacKEYexample", "apiSecret": "686d616320736563726574",
		"passphrase": "hmac passphrase", "payload": "timestamp nonce method path 'x'",
		"algorithm": "sha512", "encoding": "base64url", "secretEncoding": "hex", "timestamp": "iso",
		"keyIn": "header X-Key", "timestampIn": "query ts", "nonceIn": "header X-Nonce",
		"passphraseIn": "header X-Phrase", "signatureIn": "query sig"},
}

// paired are optional fields that others cannot do without, by the one that the error names.
var paired = map[string]string{
	"oauth1a accessToken": "accessTokenSecret", "oauth1a accessTokenSecret": "accessToken",
	"hmac payload": "algorithm", "hmac signatureIn": "payload", "hmac timestampIn": "payload",
	"hmac nonceIn": "payload", "hmac passphraseIn": "passphrase", "hmac passphrase": "passphraseIn",
}

var request = Request{
	Method: "POST",
	Host:   "api.example.com",
	Path:   "/v1/x",
	Query:  "a=1",
	Body:   []byte("nonce=1"),
}

func credential(values map[string]string) Credential {
	c := Credential{}
	for path, v := range values {
		c[path] = secret.New(v)
	}
	return c
}

func without(values map[string]string, path string) Credential {
	c := credential(values)
	delete(c, path)
	return c
}

func scheme(t *testing.T, authType string) *Scheme {
	t.Helper()
	s, ok := Lookup(authType)
	if !ok {
		t.Fatalf("no scheme %q", authType)
	}
	return s
}

// fieldError wants err to be a *FieldError for field that shows none of the values.
func fieldError(t *testing.T, err error, field string, values map[string]string) {
	t.Helper()
	var got *FieldError
	if !errors.As(err, &got) || got.Field != field {
		t.Fatalf("got %v, want an error in %q", err, field)
	}
	for _, v := range values {
		if v != "" && strings.Contains(err.Error(), v) {
			t.Errorf("the error shows a value: %v", err)
		}
	}
}

func TestTypes(t *testing.T) {
	want := []string{
		"bearer", "basic", "headers", "query", "hmac-bybit", "hmac-okx", "hmac-mexc",
		"oauth1a-twitter", "aws-sigv4", "oauth1a", "hmac-binance", "hmac-kraken", "hmac-coinbase",
		"jwt-es256", "service-account", "github-app", "oauth2-client-credentials",
		"azure-sharedkey", "azure-cosmos", "http-message-signature", "hmac", "telegram", "digest",
	}
	if got := Types(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, unknown := range []string{"", "Bearer", "bearer ", "none"} {
		if _, ok := Lookup(unknown); ok {
			t.Errorf("there is a scheme %q", unknown)
		}
	}
}

func TestEveryScheme(t *testing.T) {
	for _, authType := range Types() {
		t.Run(authType, func(t *testing.T) {
			s, values := scheme(t, authType), complete[authType]
			if s.Exchanges() {
				t.Skip("see TestEveryExchange")
			}
			if s.Title == "" || !strings.HasPrefix(s.Docs, "https://") {
				t.Error("no title or no specification")
			}
			signed, err := signAnyhow(s, credential(values))
			if err != nil || len(signed.Headers) == 0 && signed.Query == "" && signed.Path == "" {
				t.Fatalf("nothing signed: %v", err)
			}
			everyField(t, s, values)
			everySecret(t, s, values)
			_, err = signAnyhow(s, credential(map[string]string{}))
			fieldError(t, err, s.Fields[0].Name, nil)
			_, err = signAnyhow(s, nil)
			fieldError(t, err, s.Fields[0].Name, nil)
		})
	}
}

// signAnyhow signs, with a challenge where the scheme wants one.
func signAnyhow(s *Scheme, c Credential) (Signed, error) {
	if s.Challenged() {
		return s.Answer(c, request, Moment{}, []string{`Digest realm="r", nonce="n", qop="auth"`})
	}
	return s.Sign(c, request, Moment{UnixMs: 1})
}

func everyField(t *testing.T, s *Scheme, values map[string]string) {
	for _, f := range s.Fields {
		if f.Label == "" {
			t.Errorf("field %s has no label", f.Name)
		}
		path := f.Name
		if f.Map {
			path = credential(values).under(f.Name)[0]
		}
		_, err := signAnyhow(s, without(values, path))
		if f.Required {
			fieldError(t, err, f.Name, values)
			c := credential(values)
			c[path] = secret.Text{}
			fieldError(t, s.Check(c), path, values)
		} else if other := paired[s.Type+" "+f.Name]; other != "" {
			fieldError(t, err, other, values)
		} else if err != nil {
			t.Errorf("%s is not required: %v", f.Name, err)
		}
		injections(t, s, values, path)
	}
	c := credential(values)
	c["kee"] = secret.New("value-of-unknown-field")
	fieldError(t, s.Check(c), "kee", map[string]string{"": "value-of-unknown-field"})
}

// injections wants a value refused that could end a header field or would be sent as something else
// than the person sees.
func injections(t *testing.T, s *Scheme, values map[string]string, path string) {
	for _, v := range []string{
		"abc\r\nX-Evil: 1", "abc\nX-Evil: 1", "abc\rdef", "abc\x00def",
		"abc\x7fdef", "abc\tdef\u0085x", "sk_live_x\n", " sk_live_x", "sk_live_x ",
		"\tsk_live_x", "sk_live_x\u00a0", "\n", "abc\xffdef",
	} {
		c := credential(values)
		c[path] = secret.New(v)
		signed, err := signAnyhow(s, c)
		fieldError(t, err, path, map[string]string{"": v})
		if signed.Headers != nil {
			t.Errorf("%q in %s was signed", v, path)
		}
	}
}

func everySecret(t *testing.T, s *Scheme, values map[string]string) {
	found := reveal(s.Secrets(credential(values)))
	for _, f := range s.Fields {
		for _, path := range credential(values).paths(f) {
			if slices.Contains(found, values[path]) != f.Secret {
				t.Errorf("%s: secret is %v, but in the list of secrets: %v", path,
					f.Secret, !f.Secret)
			}
		}
	}
	if got := s.Secrets(nil); len(got) != 0 {
		t.Errorf("%d secrets in no credential", len(got))
	}
}

func reveal(texts []secret.Text) (all []string) {
	for _, text := range texts {
		all = append(all, text.Reveal())
	}
	return all
}

func TestSecrets(t *testing.T) {
	for _, c := range []struct {
		authType string
		values   map[string]string
		want     []string
	}{
		{"basic", map[string]string{"username": "Aladdin", "password": "open sesame"},
			[]string{"Aladdin", "open sesame", "Aladdin:open sesame",
				"QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}},
		{"basic", map[string]string{"username": "EXAMPLEKEY123"},
			[]string{"EXAMPLEKEY123", "EXAMPLEKEY123:", "RVhBTVBMRUtFWTEyMzo="}},
		{"headers", map[string]string{"headers.B": "2", "headers.Authorization": "Token abc def"},
			[]string{"Token abc def", "2", "abc def", "def"}},
		{"headers", map[string]string{"headers.Authorization": `Token token="abc"`},
			[]string{`Token token="abc"`, `token="abc`, "abc"}},
		{"headers", map[string]string{"headers.Authorization": `OAuth key="id", token="abc"`},
			[]string{`OAuth key="id", token="abc"`, `key="id", token="abc`, `token="abc`, "abc"}},
		{"headers", map[string]string{"headers.Authorization": "id:abc="},
			[]string{"id:abc=", "abc="}},
		{"bearer", map[string]string{"key": "not sendable\n"}, []string{"not sendable\n"}},
	} {
		if got := reveal(scheme(t, c.authType).Secrets(credential(c.values))); !slices.Equal(got,
			c.want) {
			t.Errorf("%s: got %q, want %q", c.authType, got, c.want)
		}
	}
}

func TestBearerScheme(t *testing.T) {
	s := scheme(t, "bearer")
	for word, want := range map[string]string{
		"": "Bearer k", "Bot": "Bot k", "token": "token k", "none": "k",
	} {
		signed, err := s.Sign(credential(map[string]string{"key": "k", "scheme": word}),
			request, Moment{})
		if got, _ := wire.Get(signed.Headers, "Authorization"); err != nil || got != want {
			t.Errorf("%q: got %q, %v", word, got, err)
		}
	}
	for _, word := range []string{"Two words", "Bearer:", "Bär", "a,b"} {
		fieldError(t, s.Check(credential(map[string]string{"key": "k", "scheme": word})),
			"scheme", nil)
	}
	fieldError(t, s.Check(credential(map[string]string{"key": "Bearer sk_live_x"})), "key",
		map[string]string{"": "sk_live_x"})
	fieldError(t, s.Check(credential(map[string]string{"key": "schlüssel"})), "key",
		map[string]string{"": "schlüssel"})
}

func TestBasicTakesText(t *testing.T) {
	signed, err := scheme(t, "basic").Sign(credential(map[string]string{"username": "test",
		"password": "123£"}), request, Moment{})
	// RFC 7617 section 2.1 gives this pair in UTF-8.
	if got, _ := wire.Get(signed.Headers, "Authorization"); err != nil ||
		got != "Basic dGVzdDoxMjPCow==" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestHeaderNames(t *testing.T) {
	s := scheme(t, "headers")
	for _, name := range []string{
		"", "X Key", "X-Key:", "X\r\nEvil", "Ключ", "Host", "content-length", "Transfer-Encoding",
		"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade",
		"Expect", "Accept-Encoding",
	} {
		fieldError(t, s.Check(credential(map[string]string{"headers." + name: "v"})),
			"headers."+name, nil)
	}
	fieldError(t,
		s.Check(credential(map[string]string{"headers.X-Key": "1", "headers.x-key": "2"})),
		"headers.x-key", nil)
	signed, err := s.Sign(credential(map[string]string{"headers.b.c": "1", "headers.Cookie": "a=b",
		"headers.a": "3"}), request, Moment{})
	want := []wire.Header{
		{Name: "Cookie", Value: "a=b"}, {Name: "a", Value: "3"}, {Name: "b.c", Value: "1"},
	}
	if err != nil || !slices.Equal(signed.Headers, want) {
		t.Errorf("got %+v, %v", signed.Headers, err)
	}
}

// A scheme that puts a field together wrongly must not send it, even if every part was fine.
func TestSignLooksAtWhatItSends(t *testing.T) {
	for _, h := range []wire.Header{
		{Name: "A", Value: "b\r\nEvil: 1"}, {Name: "A\r\nB", Value: "c"}, {Name: "", Value: "c"},
		{Name: "A", Value: "b "},
	} {
		s := Scheme{Type: "broken", sign: func(Credential, Request, Moment) (Signed, error) {
			return Signed{Headers: []wire.Header{h}}, nil
		}}
		if signed, err := s.Sign(nil, request, Moment{}); err == nil || signed.Headers != nil {
			t.Errorf("%q was signed", h)
		}
	}
}

func TestSignedDoesNotPrint(t *testing.T) {
	signed := Signed{
		Headers: []wire.Header{{Name: "Authorization", Value: "Bearer sk_live_x"}},
		Query:   "signature=sk_live_x",
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{signed, &signed, []Signed{signed}, struct{ S Signed }{signed}} {
			if got := fmt.Sprintf(verb, v); !strings.Contains(got, "[signed]") ||
				strings.Contains(got, "sk_live_x") {
				t.Errorf("%s: %s", verb, got)
			}
		}
	}
}

// TestFieldWithoutFault holds that a field which names no grammar of its own has that of every
// value.
func TestFieldWithoutFault(t *testing.T) {
	s := Scheme{Fields: []Field{{Name: "key"}}}
	for value, bad := range map[string]bool{"a b": false, "ä": false, " a": true, "a\nb": true} {
		if err := s.Check(credential(map[string]string{"key": value})); (err != nil) != bad {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestBybitPayload(t *testing.T) {
	r := Request{Query: "q=1", Body: []byte("body")}
	for method, want := range map[string]string{
		"GET": "1k5000q=1", "DELETE": "1k5000q=1", "HEAD": "1k5000q=1", "OPTIONS": "1k5000q=1",
		"POST": "1k5000body", "PUT": "1k5000body", "PATCH": "1k5000body",
	} {
		r.Method = method
		if got := bybitSigned("k", "", "1", bybitWindow, r).Trace[0].Text; got != want {
			t.Errorf("%s: got %q, want %q", method, got, want)
		}
	}
}
