package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// api is a small HTTPS API on the loopback interface. It answers 401 unless the real key arrives.
type api struct {
	server *http.Server
	url    string
	calls  atomic.Int64
	keyed  atomic.Int64 // calls that carried the real key
}

func startAPI(key, caFile string) (*api, error) {
	cert, err := selfSigned(caFile)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for the demo API: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the demo API: %w", err)
	}
	a := &api{url: "https://" + l.Addr().String()}
	a.server = &http.Server{Handler: a.handler(key), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		_ = a.server.Serve(tls.NewListener(l,
			&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}))
	}()
	return a, nil
}

func (a *api) handler(key string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintln(w, `{"error":"the key is missing or wrong"}`)
			return
		}
		a.keyed.Add(1)
		// the response repeats the key, as careless APIs do, and the agent must not see it
		fmt.Fprintf(w, `{"available":4200,"currency":"eur","authorized_by":%q}`+"\n", key)
	})
}

// selfSigned makes a certificate for 127.0.0.1 and writes it to caFile, which the service names.
func selfSigned(caFile string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "Janee demo API"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	cert := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return cert, os.WriteFile(caFile, block, 0o600)
}
