package upstream

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// certificate makes one that signs itself, for 127.0.0.1.
func certificate(t testing.TB, until time.Time) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test"},
		NotBefore:             time.Now().Add(-48 * time.Hour),
		NotAfter:              until,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func tomorrow() time.Time { return time.Now().Add(24 * time.Hour) }

// writeCA stores the certificate as PEM at path, with an age that differs at each write.
func writeCA(t testing.TB, path string, cert tls.Certificate) string {
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tlsServer counts the requests that reach it.
func tlsServer(t testing.TB, config *tls.Config, http2 bool) (origin string, served *atomic.Int64) {
	served = new(atomic.Int64)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		w.Header().Set("X-Seen", r.Proto+" "+r.RequestURI+" "+r.Host+" "+r.UserAgent())
		io.Copy(w, r.Body)
	}))
	s.TLS, s.EnableHTTP2, s.Config.ErrorLog = config, http2, log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, served
}

func TestTLS(t *testing.T) {
	good, other := certificate(t, tomorrow()), certificate(t, tomorrow())
	expired := certificate(t, time.Now().Add(-time.Hour))
	dir := t.TempDir()
	goodCA, otherCA := writeCA(t, filepath.Join(dir, "good"), good), writeCA(t,
		filepath.Join(dir, "other"), other)
	expiredCA := writeCA(t, filepath.Join(dir, "expired"), expired)
	emptyCA := filepath.Join(dir, "empty")
	if err := os.WriteFile(emptyCA, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		config     *tls.Config
		caFile     string
		host       string // in place of 127.0.0.1
		err, cause string
	}{
		"self-signed": {&tls.Config{}, "", "", Unreachable,
			"certificate signed by unknown authority"},
		"with caFile": {&tls.Config{}, goodCA, "", "", ""},
		"other caFile": {&tls.Config{}, otherCA, "", Unreachable,
			"certificate signed by unknown authority"},
		"wrong host": {&tls.Config{}, goodCA, "localhost", Unreachable,
			"certificate is for another host"},
		"expired": {&tls.Config{Certificates: []tls.Certificate{expired}}, expiredCA, "",
			Unreachable, "certificate has expired or is not valid yet"},
		"TLS 1.1": {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			goodCA, "", Unreachable, "the server refused the TLS handshake"},
		"TLS 1.2": {&tls.Config{MaxVersion: tls.VersionTLS12}, goodCA, "", "", ""},
		"caFile missing": {&tls.Config{}, filepath.Join(dir, "none"), "", Unreachable,
			"the service's caFile cannot be read"},
		"caFile is dir": {&tls.Config{}, dir, "", Unreachable,
			"the service's caFile cannot be read"},
		"caFile empty": {&tls.Config{}, emptyCA, "", Unreachable,
			"the service's caFile holds no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			config := tt.config.Clone()
			if config.Certificates == nil {
				config.Certificates = []tls.Certificate{good}
			}
			origin, served := tlsServer(t, config, false)
			if tt.host != "" {
				origin = strings.Replace(origin, "127.0.0.1", tt.host, 1)
			}
			x := request("GET", origin, "/")
			x.CAFile = tt.caFile
			out, _ := do(t, newClient(t), x)
			want(t, out, tt.err, tt.cause)
			if wanted := int64(len(tt.err)) == 0; (served.Load() == 1) != wanted {
				t.Errorf("%d requests served", served.Load())
			}
		})
	}
}

func TestPlainServerOnTLSPort(t *testing.T) {
	origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		r.Peek(1)
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		awaitClose(r)
	})
	out, _ := do(t, newClient(t), request("GET", "https"+strings.TrimPrefix(origin, "http"), "/"))
	want(t, out, Unreachable, "the server does not speak TLS on this port")
}

// TestOtherCertificateFault: a certificate that may not be used by a server.
func TestOtherCertificateFault(t *testing.T) {
	err := &tls.CertificateVerificationError{
		Err: x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}}
	if got := beforeReply(err); got != "certificate is not valid" {
		t.Error(got)
	}
}

// TestNewCAFile replaces the file's content: the next request uses it, on a connection of its
// own.
func TestNewCAFile(t *testing.T) {
	good := certificate(t, tomorrow())
	path := writeCA(t, filepath.Join(t.TempDir(), "ca"), certificate(t, tomorrow()))
	origin, _ := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{good}}, false)
	c, x := newClient(t), request("GET", origin, "/")
	x.CAFile = path
	out, _ := do(t, c, x)
	want(t, out, Unreachable, "certificate signed by unknown authority")
	writeCA(t, path, good)
	touch(t, path, time.Minute)
	out, _ = do(t, c, x)
	want(t, out, "", "")
	writeCA(t, path, certificate(t, tomorrow()))
	touch(t, path, 2*time.Minute)
	out, _ = do(t, c, x)
	want(t, out, Unreachable, "certificate signed by unknown authority")
}

func touch(t testing.TB, path string, ahead time.Duration) {
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(ahead)); err != nil {
		t.Fatal(err)
	}
}

func TestHTTP2(t *testing.T) {
	cert := certificate(t, tomorrow())
	origin, served := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{cert}}, true)
	c, target := newClient(t), "/a%2fb?x[]=1|{}"
	for _, body := range []string{"", "some body"} {
		x := request("POST", origin, target, headerOf("Host", origin[8:]))
		x.CAFile, x.Body = writeCA(t, filepath.Join(t.TempDir(), "ca"), cert), []byte(body)
		out, r := do(t, c, x)
		want(t, out, "", "")
		i := len(r.headers) - 1
		if got := r.headers[i].Value; got != "HTTP/2.0 "+target+" "+origin[8:]+" janee" ||
			string(r.body) != body {
			t.Errorf("seen %q, body %q", got, r.body)
		}
	}
	if served.Load() != 2 {
		t.Errorf("%d requests", served.Load())
	}
}

// TestCADigest sends nothing on the word of authorities that nobody agreed to, whenever the file
// was changed, and keeps to those that were read when only the file's times were put back.
func TestCADigest(t *testing.T) {
	good := certificate(t, tomorrow())
	path := writeCA(t, filepath.Join(t.TempDir(), "ca"), good)
	origin, _ := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{good}}, false)
	_, digest, err := home.Guard{}.ReadAuthority(path)
	if err != nil {
		t.Fatal(err)
	}
	c, x := newClient(t), request("GET", origin, "/")
	x.CAFile, x.CADigest = path, digest
	out, _ := do(t, c, x)
	want(t, out, "", "")

	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	more := writeCA(t, filepath.Join(t.TempDir(), "other"), certificate(t, tomorrow()))
	other, err := os.ReadFile(more)
	if err != nil {
		t.Fatal(err)
	}
	for i, content := range [][]byte{append(kept, other...), other} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		touch(t, path, time.Duration(i+1)*time.Minute)
		out, _ = do(t, c, x)
		want(t, out, Untrusted, errUntrusted.detail)
	}
	if err := os.WriteFile(path, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	touch(t, path, 5*time.Minute)
	out, _ = do(t, c, x)
	want(t, out, "", "")

	// Package managers give every file the same time, and certificates of a kind have the same
	// size.
	was, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(kept[:len(kept)-1], ' '), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, was.ModTime()); err != nil {
		t.Fatal(err)
	}
	if _, x.CADigest, err = (home.Guard{}).ReadAuthority(path); err != nil {
		t.Fatal(err)
	}
	out, _ = do(t, c, x)
	want(t, out, "", "")
	x.CADigest = digest
	out, _ = do(t, c, x)
	want(t, out, Untrusted, errUntrusted.detail)
}
