package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

const (
	connectTimeout = 10 * time.Second // for the dial, and again for the TLS handshake
	idleTimeout    = 90 * time.Second
	maxConns       = 64 // a service
	maxHeaderBytes = 64 << 10
)

// pools keeps one transport a target, so that no connection, and no trust in a private CA, passes from one service to another.
type pools struct {
	mu       sync.Mutex
	all      map[Target]*pool
	closed   bool
	resolver *net.Resolver // nil: the system's; tests set their own
}

type pool struct {
	transport *http.Transport
	ca        stamp
	used      time.Time
}

// stamp tells whether the CA file was written since the pool was made.
type stamp struct{ size, modified int64 }

func (p *pools) get(t Target) (*http.Transport, error) {
	ca, err := caStamp(t.CAFile)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, &fault{Cancelled, "the client is closed"}
	}
	now := time.Now()
	if known := p.all[t]; known != nil && known.ca == ca {
		known.used = now
		return known.transport, nil
	}
	transport, err := newTransport(t, p.resolver)
	if err != nil {
		return nil, err
	}
	p.sweep(t, now)
	p.all[t] = &pool{transport: transport, ca: ca, used: now}
	return transport, nil
}

// sweep drops the pool that t had and those that nobody uses any more, such as of a service whose origin was edited.
func (p *pools) sweep(t Target, now time.Time) {
	for key, old := range p.all {
		if key == t || now.Sub(old.used) > 2*idleTimeout {
			old.transport.CloseIdleConnections()
			delete(p.all, key)
		}
	}
}

func (p *pools) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, old := range p.all {
		old.transport.CloseIdleConnections()
	}
	clear(p.all)
}

// newTransport leaves Proxy nil where the target names none: one named by the environment would see every host, and every secret sent over plain http.
func newTransport(t Target, resolver *net.Resolver) (*http.Transport, error) {
	roots, err := loadRoots(t.CAFile)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyOf(t)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: connectTimeout, Resolver: resolver, ControlContext: guarded(t.Guard)}).DialContext,
		Proxy:                  proxy,
		OnProxyConnectResponse: proxyAnswered,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    connectTimeout,
		DisableCompression:     true, // decoder does it, with limits
		MaxIdleConns:           maxConns,
		MaxIdleConnsPerHost:    maxConns,
		MaxConnsPerHost:        maxConns,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ForceAttemptHTTP2:      true,
		// Without pings a connection that died in the machine's sleep swallows every call until its timeout.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
	}, nil
}

// loadRoots returns nil, which is the system's pool, when there is no caFile.
func loadRoots(caFile string) (*x509.CertPool, error) {
	if caFile == "" {
		return nil, nil
	}
	roots, err := x509.SystemCertPool() // a copy
	if err != nil {
		return nil, &fault{Unreachable, "the system's certificates cannot be read"}
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, errCAFile
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, &fault{Unreachable, "the service's caFile holds no certificate"}
	}
	return roots, nil
}

var errCAFile = &fault{Unreachable, "the service's caFile cannot be read"}

func caStamp(caFile string) (stamp, error) {
	if caFile == "" {
		return stamp{}, nil
	}
	info, err := os.Stat(caFile)
	if err != nil {
		return stamp{}, errCAFile
	}
	return stamp{info.Size(), info.ModTime().UnixNano()}, nil
}
