//go:build !race

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Three agents at once, all calling themselves the same: the token decides what each may do, what
// it sees and what is recorded.
func TestHTTPSeveralAgentsAtOnce(t *testing.T) {
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	tokens := map[string]string{}
	for _, name := range []string{"alice", "bob", "carol"} {
		tokens[name] = strings.TrimSpace(p.run("", "agent", "add", name))
		p.run("", "cap", "add", "only_"+name, "-s", "bank", "--allow", "GET *",
			"--allowed-agents", name)
	}
	s := p.site()
	if s.token != "" {
		t.Errorf("an agent was made beside those that there are")
	}
	var wg sync.WaitGroup
	for name, token := range tokens {
		wg.Go(func() {
			c := s.client(t, token, "claude-ai")
			for range 10 {
				wants(t, c.call("whoami", nil), fmt.Sprintf("%q:%q", "agentId", name))
				for other := range tokens {
					got := c.call("execute", map[string]any{"capability": "only_" + other,
						"method": "GET", "path": "/of/" + name})
					if want := map[bool]string{true: `"status":200`,
						false: "AGENT_NOT_ALLOWED"}[name == other]; !strings.Contains(got, want) {
						t.Errorf("%s with only_%s: %s", name, other, got)
					}
				}
			}
		})
	}
	wg.Wait()
	for name := range tokens {
		if n := api.count("GET /of/" + name); n != 10 {
			t.Errorf("%s reached the API %d times", name, n)
		}
	}
	p.run("", "logs", "verify")
}

// A rotated or removed token ends at the next request, and with it the session it opened.
func TestHTTPTokensEndAtOnce(t *testing.T) {
	p := newPlace(t)
	alice := strings.TrimSpace(p.run("", "agent", "add", "alice"))
	bob := strings.TrimSpace(p.run("", "agent", "add", "bob"))
	s := p.site()
	a, b := s.client(t, alice, "c"), s.client(t, bob, "c")
	rotated := strings.TrimSpace(p.run("", "agent", "rotate", "alice"))
	p.run("", "agent", "remove", "bob", "--yes")
	for name, c := range map[string]*webClient{"rotated": a, "removed": b} {
		if got := c.call("whoami", nil); !strings.HasPrefix(got, "401 ") {
			t.Errorf("%s: %s", name, got)
		}
	}
	a.token = rotated
	if got := a.call("whoami", nil); !strings.HasPrefix(got, "404 ") {
		t.Errorf("the new token in the session of the old: %s", got)
	}
	wants(t, s.client(t, rotated, "c").call("whoami", nil), `"agentId":"alice"`)
}

func TestHTTPOverTLS(t *testing.T) {
	p := newPlace(t)
	roots := p.certificate("cert.pem", "key.pem")
	s := p.site("--host", "0.0.0.0", "--tls-cert", filepath.Join(p.dir, "cert.pem"), "--tls-key",
		filepath.Join(p.dir, "key.pem"))
	if !strings.HasPrefix(s.url, "https://0.0.0.0:") ||
		strings.Contains(s.stderr.String(), "warning") {
		t.Errorf("it says %s", s.stderr.String())
	}
	address := "127.0.0.1" + s.url[strings.LastIndex(s.url, ":"):]
	for _, version := range []uint16{tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		transport := &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: version, MaxVersion: version}}
		res, err := (&http.Client{Transport: transport}).Get("https://" + address + "/healthz")
		if version < tls.VersionTLS12 {
			if err == nil {
				t.Errorf("TLS 1.1 is spoken")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != 200 || res.ProtoMajor != 1 {
			t.Errorf("%s %s", res.Proto, res.Status)
		}
	}
	if res, err := http.Get("http://" + address + "/healthz"); err == nil {
		if res.Body.Close(); res.StatusCode != 400 {
			t.Errorf("plain HTTP: %s", res.Status)
		}
	}
}

// certificate writes a certificate for 127.0.0.1 and its key, and returns who trusts it.
func (p *place) certificate(cert, key string) *x509.CertPool {
	p.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		p.t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		p.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8},
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name),
			pem.EncodeToMemory(block), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}
