package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
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
	for name, key := range map[string]any{"rsa": long, "p256": p256, "p384": p384, "ed25519": private} {
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
	for name, like := range map[string]string{"rsa": "rsa1", "rsa1": "rsa", "p256": "p256sec1", "p256sec1": "p256", "ed25519": "ed25519"} {
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
			"indented":              "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    "),
			"after parameters":      "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + text,
		} {
			key, err := parsePEM(form)
			if err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
			} else if got := key.(crypto.Signer).Public(); !got.(interface{ Equal(crypto.PublicKey) bool }).Equal(want) {
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
		{"bad base64", strings.Replace(keys()["rsa"], body[3], body[3][:20]+"*"+body[3][21:], 1), errNotPEM},
		{"far too long", strings.Repeat(keys()["rsa"], 20), errNotPEM},
		{"encrypted PKCS #8", block("ENCRYPTED PRIVATE KEY"), errEncrypted},
		{"encrypted PKCS #1", strings.Replace(keys()["rsa1"], "-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1), errEncrypted},
		{"OpenSSH", block("OPENSSH PRIVATE KEY"), errOpenSSH},
		{"public", keys()["public"], errPublic},
		{"RSA public", block("RSA PUBLIC KEY"), errPublic},
		{"certificate", block("CERTIFICATE"), errPublic},
		{"another kind", block("DSA PRIVATE KEY"), errKind},
		{"P-384", keys()["p384"], errKind},
		{"P-384 by itself", keys()["p384sec1"], errKind},
		{"wrong words", strings.ReplaceAll(keys()["p256"], "PRIVATE KEY", "RSA PRIVATE KEY"), errDamaged},
		{"cut short", "-----BEGIN PRIVATE KEY-----\n" + strings.Join(body[1:10], "\n") + "\n-----END PRIVATE KEY-----", errDamaged},
	} {
		if _, err := parsePEM(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := parsePEM(keys()["rsa1024"]); err == nil || !strings.Contains(err.Error(), "2048") {
		t.Errorf("a short key: %v", err)
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
