package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
)

// keys are made once for all tests: PEM text by name.
var keys = sync.OnceValue(func() map[string]string {
	made := map[string]string{}
	put := func(name, kind string, der []byte, err error) {
		if err != nil {
			panic(err)
		}
		made[name] = string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	long, _ := rsa.GenerateKey(rand.Reader, 2048)
	short, _ := rsa.GenerateKey(rand.Reader, 1024)
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	put("rsa1", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(long), nil)
	put("rsa1024", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short), nil)
	for name, key := range map[string]any{
		"rsa": long, "p256": p256, "p384": p384, "ed25519": private,
	} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		put(name, "PRIVATE KEY", der, err)
	}
	der, err := x509.MarshalECPrivateKey(p256)
	put("p256sec1", "EC PRIVATE KEY", der, err)
	der, err = x509.MarshalECPrivateKey(p384)
	put("p384sec1", "EC PRIVATE KEY", der, err)
	der, err = x509.MarshalPKIXPublicKey(public)
	put("public", "PUBLIC KEY", der, err)
	return made
})

func TestPEMForms(t *testing.T) {
	for name, like := range map[string]string{
		"rsa": "rsa1", "rsa1": "rsa", "p256": "p256sec1", "p256sec1": "p256", "ed25519": "ed25519",
	} {
		want := mustPEM(t, keys()[like]).(crypto.Signer).Public()
		text := keys()[name]
		for how, form := range map[string]string{
			"as it is":              text,
			"without the last line": strings.TrimSpace(text),
			"CRLF":                  strings.ReplaceAll(text, "\n", "\r\n"),
			`\n`:                    strings.ReplaceAll(text, "\n", `\n`),
			`\r\n`:                  strings.ReplaceAll(text, "\n", `\r\n`),
			"blanks":                strings.ReplaceAll(text, "\n", " "),
			"blank lines":           "\n\n" + strings.ReplaceAll(text, "\n", "\n\n"),
			"indented": "    " +
				strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    "),
			"after parameters": "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n" +
				"-----END EC PARAMETERS-----\n" + text,
		} {
			key, err := parsePEM(form)
			if err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
			} else if got := key.(crypto.Signer).Public(); !got.(interface {
				Equal(
					crypto.PublicKey,
				) bool
			}).Equal(want) {
				t.Errorf("%s, %s: another key", name, how)
			}
		}
	}
}

func TestPEMRefusals(t *testing.T) {
	body := strings.Split(keys()["rsa"], "\n")
	block := func(kind string) string {
		return strings.ReplaceAll(keys()["rsa"], "PRIVATE KEY", kind)
	}
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"empty", "", errNotPEM},
		{"only base64", strings.Join(body[1:len(body)-2], "\n"), errNotPEM},
		{"no end", strings.Join(body[:len(body)-2], "\n"), errNotPEM},
		{"bad base64",
			strings.Replace(keys()["rsa"], body[3], body[3][:20]+"*"+body[3][21:], 1), errNotPEM},
		{"far too long", strings.Repeat(keys()["rsa"], 20), errNotPEM},
		{"encrypted PKCS #8", block("ENCRYPTED PRIVATE KEY"), errEncrypted},
		{"encrypted PKCS #1", strings.Replace(keys()["rsa1"], "-----\n",
			"-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1), errEncrypted},
		{"OpenSSH", block("OPENSSH PRIVATE KEY"), errOpenSSH},
		{"public", keys()["public"], errPublic},
		{"RSA public", block("RSA PUBLIC KEY"), errPublic},
		{"certificate", block("CERTIFICATE"), errPublic},
		{"another kind", block("DSA PRIVATE KEY"), errKind},
		{"P-384", keys()["p384"], errKind},
		{"P-384 by itself", keys()["p384sec1"], errKind},
		{"wrong words",
			strings.ReplaceAll(keys()["p256"], "PRIVATE KEY", "RSA PRIVATE KEY"), errDamaged},
		{"cut short", "-----BEGIN PRIVATE KEY-----\n" + strings.Join(body[1:10], "\n") +
			"\n-----END PRIVATE KEY-----", errDamaged},
	} {
		if _, err := parsePEM(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := parsePEM(keys()["rsa1024"]); err == nil || !strings.Contains(err.Error(), "2048") {
		t.Errorf("a short key: %v", err)
	}
}

// Keys that are whole as ASN.1 and wrong as keys.
func TestPEMDamagedKeys(t *testing.T) {
	type algorithm struct {
		ID    asn1.ObjectIdentifier
		Curve asn1.ObjectIdentifier `asn1:"optional"`
	}
	type pkcs8 struct {
		Version   int
		Algorithm algorithm
		Key       []byte
	}
	type pkcs1 struct {
		Version             int
		N                   *big.Int
		E                   int
		D, P, Q, Dp, Dq, Qi *big.Int
	}
	type sec1 struct {
		Version int
		Scalar  []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	}
	der := func(v any) []byte {
		b, err := asn1.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := mustPEM(t, keys()["rsa"]).(*rsa.PrivateKey)
	rsaWith := func(change func(*pkcs1)) []byte {
		k := pkcs1{
			0, good.N, good.E, good.D, good.Primes[0], good.Primes[1], good.Precomputed.Dp,
			good.Precomputed.Dq, good.Precomputed.Qinv,
		}
		change(&k)
		return der(k)
	}
	one, long := big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 9000)
	for name, c := range map[string]struct {
		kind string
		der  []byte
		want error
	}{
		"unknown algorithm": {"PRIVATE KEY",
			der(pkcs8{0, algorithm{ID: asn1.ObjectIdentifier{1, 2, 3}}, nil}), errKind},
		"EC without a curve": {"PRIVATE KEY", der(pkcs8{0, algorithm{ID: oidEC}, nil}), errKind},
		"Ed25519 not wrapped": {"PRIVATE KEY",
			der(pkcs8{0, algorithm{ID: oidEd25519}, make([]byte, 32)}), errDamaged},
		"Ed25519 short": {"PRIVATE KEY",
			der(pkcs8{0, algorithm{ID: oidEd25519}, der(make([]byte, 31))}), errDamaged},
		"EC no key": {"PRIVATE KEY",
			der(pkcs8{0, algorithm{oidEC, oidP256}, []byte{1}}), errDamaged},
		"EC zero": {"EC PRIVATE KEY", der(sec1{1, make([]byte, 32), oidP256}), errDamaged},
		"EC too long": {"EC PRIVATE KEY",
			der(sec1{1, slices.Repeat([]byte{1}, 33), oidP256}), errDamaged},
		"EC above the order": {"EC PRIVATE KEY",
			der(sec1{1, slices.Repeat([]byte{255}, 32), oidP256}), errDamaged},
		"RSA of another D": {"RSA PRIVATE KEY", rsaWith(func(k *pkcs1) { k.D = one }), errDamaged},
		"RSA of another P": {"RSA PRIVATE KEY", rsaWith(func(k *pkcs1) {
			k.P = new(big.Int).Add(k.P, one)
		}), errDamaged},
		"RSA negative": {"RSA PRIVATE KEY", rsaWith(func(k *pkcs1) {
			k.Q = new(big.Int).Neg(k.Q)
		}), errDamaged},
		"RSA zero": {"RSA PRIVATE KEY", rsaWith(func(k *pkcs1) {
			k.P = new(big.Int)
		}), errDamaged},
		"RSA even exponent": {"RSA PRIVATE KEY", rsaWith(func(k *pkcs1) { k.E = 4 }), errDamaged},
		"RSA far too long": {"RSA PRIVATE KEY", rsaWith(func(k *pkcs1) {
			k.N = long
		}), errDamaged},
		"RSA of many primes": {"RSA PRIVATE KEY", rsaWith(func(k *pkcs1) {
			k.Version = 1
		}), errDamaged},
	} {
		_, err := parsePEM(string(pem.EncodeToMemory(&pem.Block{Type: c.kind, Bytes: c.der})))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	short := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY",
		Bytes: der(sec1{1, []byte{7}, oidP256})})
	if _, err := parsePEM(string(short)); err != nil {
		t.Errorf("a scalar without its zeros: %v", err)
	}
}

func TestPEMFieldsWantTheirKind(t *testing.T) {
	for _, c := range []struct {
		scheme *Scheme
		values map[string]string
		good   string
	}{
		{&jwtES256, map[string]string{"keyName": "k"}, "p256"},
		{&githubApp, map[string]string{"appId": "1", "installationId": "2"}, "rsa"},
	} {
		for name, text := range keys() {
			err := c.scheme.Check(credential(with(c.values, "privateKey", text)))
			if strings.HasPrefix(name, c.good) && name != "rsa1024" {
				if err != nil {
					t.Errorf("%s %s: %v", c.scheme.Type, name, err)
				}
				continue
			}
			fieldError(t, err, "privateKey", map[string]string{"": text})
		}
	}
}

// A key that was pasted in one line is shown by a server in lines, or the other way about.
func TestPEMLinesAreMasked(t *testing.T) {
	flat := strings.ReplaceAll(keys()["rsa"], "\n", " ")
	found := githubApp.Secrets(credential(map[string]string{"privateKey": flat}))
	lines := strings.Split(strings.TrimSpace(keys()["rsa"]), "\n")
	for _, line := range lines[1 : len(lines)-1] {
		if !slices.Contains(reveal(found), line) {
			t.Errorf("line %q is not masked", line)
		}
	}
	clean, _ := secret.NewScrubber(found...).Clean("the key is " + keys()["rsa"])
	if strings.Contains(clean, lines[3]) || strings.Contains(clean, lines[7][:20]) {
		t.Errorf("a reply shows %q", clean)
	}
}
