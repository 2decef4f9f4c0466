package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"debug/macho"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

const password = "secret"

// signer writes a file like the one that Apple's developers have: a key with its certificate, and
// the certificate of who made that.
func signer(t *testing.T) string {
	t.Helper()
	authority := certificate(t, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
	leaf := certificate(t, &x509.Certificate{Subject: pkix.Name{CommonName: "developer"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}, &authority)
	text, err := pkcs12.Modern.Encode(leaf.key, leaf.cert, []*x509.Certificate{authority.cert},
		password)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "developer.p12")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func certificate(t *testing.T, c *x509.Certificate, by *pair) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(1)
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if by == nil {
		by = &pair{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pair{made, key}
}

// unsigned is a release of one program, for macOS on Intel: the Go command signs none for it.
func unsigned(t *testing.T) *Release {
	t.Helper()
	p := Platform{"darwin", "amd64"}
	r := &Release{Version: "1.2.3", Root: "..", Out: t.TempDir(), Platforms: []Platform{p}}
	if err := os.MkdirAll(filepath.Dir(r.binary(p)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.binary(p), program(t, p.Arch), 0o755); err != nil {
		t.Fatal(err)
	}
	return r
}

// isSigned looks for the load command LC_CODE_SIGNATURE (mach-o/loader.h).
func isSigned(t *testing.T, r *Release) bool {
	t.Helper()
	f, err := macho.Open(r.binary(r.Platforms[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, l := range f.Loads {
		if bytes.HasPrefix(l.Raw(), []byte{0x1d, 0, 0, 0}) {
			return true
		}
	}
	return false
}

func TestWithoutKeyNothingIsSigned(t *testing.T) {
	t.Setenv("QUILL_SIGN_P12", "")
	r := unsigned(t)
	if err := signatures(r); err != nil || isSigned(t, r) {
		t.Errorf("signed: %v, %v", isSigned(t, r), err)
	}
}

// TestSigningWithTheKeysThatThereAre: what is left out is said.
func TestSigningWithTheKeysThatThereAre(t *testing.T) {
	for keys, want := range map[string][2]string{
		"":                                 {"", "signed: QUILL_SIGN_P12"},
		"QUILL_NOTARY_KEY":                 {"", "signed: QUILL_SIGN_P12"},
		"QUILL_SIGN_P12":                   {"sign", "notarised: QUILL_NOTARY_KEY"},
		"QUILL_SIGN_P12, QUILL_NOTARY_KEY": {"sign-and-notarize", ""},
	} {
		command, lacks := signCommand(func(name string) string {
			if strings.Contains(keys, name) {
				return "key"
			}
			return ""
		})
		if got := [2]string{command, lacks}; got != want {
			t.Errorf("%q: got %q, want %q", keys, got, want)
		}
	}
}

func TestSigning(t *testing.T) {
	t.Setenv("QUILL_SIGN_P12", signer(t))
	t.Setenv("QUILL_SIGN_PASSWORD", password)
	r := unsigned(t)
	// without the time of Apple's server, which is not on this machine
	err := quill(r, "sign", "--timestamp-server", "", r.binary(r.Platforms[0]))
	if err != nil || !isSigned(t, r) {
		t.Errorf("signed: %v, %v", isSigned(t, r), err)
	}
}

// TestSigningFailsWithTheRelease: a key that does not open must not give an unsigned release.
func TestSigningFailsWithTheRelease(t *testing.T) {
	t.Setenv("QUILL_SIGN_P12", signer(t))
	t.Setenv("QUILL_SIGN_PASSWORD", "another")
	t.Setenv("QUILL_NOTARY_KEY", "")
	if err := signatures(unsigned(t)); err == nil {
		t.Error("no error")
	}
}
