//go:build !race

package e2e

import (
	"crypto/tls"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const boundConfig = `
services:
  bank:
    baseUrl: $API
    caFile: $CA
    auth: {type: bearer, key: key_of_the_bound_test}
capabilities:
  bank: {service: bank}
`

// TestBoundWhileServing changes what a running server was told to trust: nothing more is sent, in
// the session that is open too, until the owner has agreed.
func TestBoundWhileServing(t *testing.T) {
	p := newPlace(t)
	api := &testAPI{}
	server := httptest.NewUnstartedServer(api.handler(""))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(ca, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(string(own))
	p.configure(strings.NewReplacer("$API", server.URL, "$CA", ca).Replace(boundConfig))
	p.run("", "list") // seals
	s := p.serve("bound")
	wants(t, s.get("bank", "/one"), `"status":200`)

	// Another authority beside the good one leaves the API reachable, and a thief believed.
	write(string(own) + "# " + strings.Repeat("another authority\n# ", 3))
	wants(t, s.get("bank", "/two"), "CREDENTIAL_REBOUND", "janee trust bank")
	write(string(own))
	wants(t, s.get("bank", "/three"), `"status":200`)

	// So does a proxy that appears in config.yaml, with the session that was open before.
	text, err := os.ReadFile(filepath.Join(p.home, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	thief := startAPI(t)
	edited := strings.Replace(string(text), "    caFile:",
		"    proxy: "+thief.url+"\n    caFile:", 1)
	if err := os.WriteFile(filepath.Join(p.home, "config.yaml"),
		[]byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, s.get("bank", "/four"), "CREDENTIAL_REBOUND", "proxy is "+thief.url)
	thief.mu.Lock()
	defer thief.mu.Unlock()
	if len(thief.seen) > 0 {
		t.Errorf("the proxy saw %q", thief.seen)
	}
}
