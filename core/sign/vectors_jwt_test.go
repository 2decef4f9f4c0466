package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

type jwk struct{ Kty, Kid, Use, Alg, Crv, N, E, D, P, Q, DP, DQ, QI, X, Y string }

type jwtCase struct {
	ID, Kind, Source, Note string
	JWK                    *jwk
	PEM                    string `json:"private_key_pem"`
	Protected, Payload     string
	ClientEmail            string `json:"client_email"`
	TokenURI               string `json:"token_uri"`
	Scopes                 []string
	Subject                *string
	KeyID                  *string `json:"private_key_id"`
	AppID                  string  `json:"app_id"`
	Now                    int64
	Method, URL, Kid       string
	Want                   struct {
		Compact     string
		Header      map[string]any
		Claims      map[string]any
		Assertion   string            `json:"one_valid_assertion"`
		BodyParams  map[string]string `json:"token_request_body_params"`
		ClaimsRule  *githubRule       `json:"claims_rule"`
		Example     map[string]any    `json:"example_claims"`
		Parses      *bool
		Fingerprint string `json:"spki_sha256"`
	}
}

type githubRule struct {
	Iss            string
	IatMax         int64 `json:"iat_max"`
	IatRecommended int64 `json:"iat_recommended"`
	ExpMax         int64 `json:"exp_max"`
}

func TestVectorsJWT(t *testing.T) {
	kinds := map[string]func(*testing.T, jwtCase){
		"jws-compact": compactCase, "google-service-account": googleCase, "github-app": githubCase,
		"coinbase-cdp": cdpCase, "pem-parse": pemCase,
	}
	for _, c := range vectors.Load[jwtCase](t, "jwt", 5) {
		t.Run(c.ID, func(t *testing.T) {
			check := kinds[c.Kind]
			if check == nil {
				t.Fatalf("unknown kind %q", c.Kind)
			}
			check(t, c)
		})
	}
}

// compactCase wants the same bytes of RS256; of ES256, whose published signatures are random, that
// both verify.
func compactCase(t *testing.T, c jwtCase) {
	key := any(nil)
	if c.PEM != "" {
		key = mustPEM(t, c.PEM)
	} else {
		key = mustPEM(t, c.JWK.pem(t))
	}
	got, err := compact(key, []byte(c.Protected), []byte(c.Payload))
	if err != nil {
		t.Fatal(err)
	}
	if _, random := key.(*ecdsa.PrivateKey); random {
		opened(t, got, key)
		opened(t, c.Want.Compact, key)
	} else if got != c.Want.Compact {
		t.Errorf("got %s", got)
	}
	if key, ok := key.(*rsa.PrivateKey); ok && c.JWK != nil && key.N.Cmp(number(t, c.JWK.N)) != 0 {
		t.Error("the case has two keys")
	}
}

// pem writes an EC key as openssl does.
func (k jwk) pem(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), unbase64(t, k.D))
	if err != nil || key.X.Cmp(number(t, k.X)) != 0 || key.Y.Cmp(number(t, k.Y)) != 0 {
		t.Fatalf("the case's key is not one: %v", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

func googleCase(t *testing.T, c jwtCase) {
	file := map[string]any{
		"type": "service_account", "client_email": c.ClientEmail, "private_key": c.PEM,
		"token_uri": c.TokenURI,
	}
	values := map[string]string{"scopes": strings.Join(c.Scopes, " ")}
	if c.KeyID != nil {
		file["private_key_id"] = *c.KeyID
	}
	if c.Subject != nil {
		values["subject"] = *c.Subject
	}
	text, _ := json.Marshal(file)
	values["credentials"] = string(text)
	x := exchange(t, &serviceAccount, values, 1000*c.Now)
	form, err := url.ParseQuery(string(x.Body))
	if err != nil || x.Method != "POST" || x.URL != c.TokenURI ||
		len(form) != len(c.Want.BodyParams)+1 {
		t.Fatalf("%s %s, %v", x.Method, x.URL, err)
	}
	for name, want := range c.Want.BodyParams {
		if form.Get(name) != want {
			t.Errorf("%s=%q, want %q", name, form.Get(name), want)
		}
	}
	for _, assertion := range []string{form.Get("assertion"), c.Want.Assertion} {
		header, claims := opened(t, assertion, mustPEM(t, c.PEM))
		sameJSON(t, header, c.Want.Header)
		sameJSON(t, claims, c.Want.Claims)
	}
}

func githubCase(t *testing.T, c jwtCase) {
	x := exchange(t, &githubApp, map[string]string{"appId": c.AppID, "privateKey": c.PEM,
		"installationId": "42"}, 1000*c.Now)
	if x.Method != "POST" || x.URL != "https://api.github.com/app/installations/42/access_tokens" ||
		len(x.Body) != 0 {
		t.Errorf("%s %s", x.Method, x.URL)
	}
	header, claims := opened(t, bearerOf(t, x.Headers), mustPEM(t, c.PEM))
	sameJSON(t, header, c.Want.Header)
	if c.Want.Example != nil {
		sameJSON(t, claims, c.Want.Example)
	}
	rule, iat, exp := c.Want.ClaimsRule, int64(claims["iat"].(float64)),
		int64(claims["exp"].(float64))
	if rule == nil || claims["iss"] != rule.Iss || iat > rule.IatMax ||
		iat != rule.IatRecommended || exp > rule.ExpMax || len(claims) != 3 {
		t.Errorf("claims %v against %+v", claims, rule)
	}
}

func cdpCase(t *testing.T, c jwtCase) {
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	key := mustPEM(t, c.JWK.pem(t))
	values := map[string]string{"keyName": c.Kid, "privateKey": c.JWK.pem(t)}
	r := Request{Method: c.Method, Host: u.Host, Path: u.Path, Query: u.RawQuery}
	signed := mustSign(t, "jwt-es256", values, r, 1000*c.Now)
	header, claims := opened(t, bearerOf(t, signed.Headers), key)
	sameJSON(t, header, map[string]any{"alg": "ES256", "typ": "JWT", "kid": c.Kid,
		"nonce": strings.Repeat("0", 32)})
	sameJSON(t, claims, c.Want.Claims)
	if again := mustSign(t, "jwt-es256", values, r, 1000*c.Now); bearerOf(t,
		again.Headers) != bearerOf(t, signed.Headers) {
		t.Error("two signatures of one moment differ")
	}
}

func pemCase(t *testing.T, c jwtCase) {
	key, err := parsePEM(c.PEM)
	if c.Want.Parses == nil || *c.Want.Parses != (err == nil) {
		t.Fatalf("parsed: %v", err)
	}
	if err != nil {
		return
	}
	der, err := x509.MarshalPKIXPublicKey(key.(crypto.Signer).Public())
	if sum := sha256.Sum256(der); err != nil || hex.EncodeToString(sum[:]) != c.Want.Fingerprint {
		t.Errorf("another key came out: %v", err)
	}
}

// opened verifies a token with the standard library and returns both its parts.
func opened(t *testing.T, jwt string, key any) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("token %q", jwt)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature := unbase64(t, parts[2])
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
			t.Error(err)
		}
	case *ecdsa.PrivateKey:
		if len(signature) != 64 || !ecdsa.Verify(&key.PublicKey, sum[:],
			new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
			t.Error("the signature does not verify")
		}
	}
	for i, to := range []*map[string]any{&header, &claims} {
		if err := json.Unmarshal(unbase64(t, parts[i]), to); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func bearerOf(t *testing.T, headers []wire.Header) string {
	t.Helper()
	field, _ := wire.Get(headers, "Authorization")
	word, ok := strings.CutPrefix(field, "Bearer ")
	if !ok {
		t.Fatalf("the field is %q", field)
	}
	return word
}

func exchange(t *testing.T, s *Scheme, values map[string]string, ms int64) Exchange {
	t.Helper()
	x, needed, err := s.Exchange(credential(values), Moment{UnixMs: ms, Nonce: make([]byte, 32)})
	if err != nil || !needed {
		t.Fatalf("needed %v, %v", needed, err)
	}
	return x
}

func mustPEM(t *testing.T, text string) any {
	t.Helper()
	key, err := parsePEM(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func number(t *testing.T, text string) *big.Int { return new(big.Int).SetBytes(unbase64(t, text)) }

func sameJSON(t *testing.T, got, want map[string]any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
