package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

const (
	connectTimeout = 10 * time.Second // for the dial, and again for the TLS handshake
	idleTimeout    = 90 * time.Second
	maxConns       = 64 // per service and agent
	maxIdleConns   = 32
	maxHeaderBytes = 64 << 10
	// streamWindow bounds what net/http buffers of an HTTP/2 reply while the Receiver keeps it
	// waiting: no budget counts that.
	streamWindow = 512 << 10
)

// pools keeps one transport per target. So services share neither connections nor trust in a
// private CA, and agents share no connections: calls that hang use up only those of their own
// agent.
type pools struct {
	mu       sync.Mutex
	all      map[Target]*pool
	closed   bool
	files    home.Guard
	resolver *net.Resolver // nil: the system's; tests set their own
}

type pool struct {
	transport *http.Transport
	ca        stamp
	digest    string // of what was read from the CA file
	used      time.Time
}

// stamp shows whether the CA file was written after the pool was made.
type stamp struct{ size, modified int64 }

// get returns the transport for t. If there is a digest, its authorities have that digest. They are
// read once, so that nothing can be swapped between the comparison and the use.
func (p *pools) get(t Target, digest string) (*http.Transport, error) {
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
	known := p.all[t]
	other := func() bool { return digest != "" && digest != known.digest }
	if known == nil || known.ca != ca || other() { // two contents may have one stamp
		if known, err = p.open(t, ca, now); err != nil {
			return nil, err
		}
	}
	if other() {
		return nil, errUntrusted
	}
	known.used = now
	return known.transport, nil
}

func (p *pools) open(t Target, ca stamp, now time.Time) (*pool, error) {
	roots, digest, err := p.roots(t.CAFile)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(t, roots, p.resolver)
	if err != nil {
		return nil, err
	}
	p.sweep(t, now)
	fresh := &pool{transport: transport, ca: ca, digest: digest, used: now}
	p.all[t] = fresh
	return fresh, nil
}

// sweep drops the old pool of t, and pools that nobody uses any more, such as that of a service
// whose origin was edited.
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

// newTransport uses no proxy unless the target names one: a proxy of the environment would see
// every host, and every secret that is sent over plain http.
func newTransport(t Target, roots *x509.CertPool, resolver *net.Resolver) (*http.Transport, error) {
	proxy, err := proxyOf(t)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		DialContext: (&net.Dialer{Timeout: connectTimeout, Resolver: resolver,
			ControlContext: guarded(t.Guard)}).DialContext,
		Proxy:                  proxy,
		OnProxyConnectResponse: proxyAnswered,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    connectTimeout,
		DisableCompression:     true, // decoder does it, with limits
		MaxIdleConns:           maxIdleConns,
		MaxIdleConnsPerHost:    maxIdleConns,
		MaxConnsPerHost:        maxConns,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ForceAttemptHTTP2:      true,
		// Without pings, a connection that died while the machine slept swallows every call until
		// its timeout.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second,
			MaxReceiveBufferPerStream: streamWindow},
	}, nil
}

// roots returns nil, which means the system's pool, if there is no caFile.
func (p *pools) roots(caFile string) (roots *x509.CertPool, digest string, err error) {
	if caFile == "" {
		return nil, "", nil
	}
	if roots, err = x509.SystemCertPool(); err != nil { // a copy
		return nil, "", &fault{Unreachable, "the system's certificates cannot be read"}
	}
	pem, digest, err := p.files.ReadAuthority(caFile)
	switch {
	case errors.Is(err, home.ErrOpenToOthers):
		return nil, "",
			&fault{Unreachable, "the service's caFile, or a directory or link that leads " +
				"to it, can be changed by other users; `janee doctor` says how to close it"}
	case err != nil:
		return nil, "", errCAFile
	case !roots.AppendCertsFromPEM(pem):
		return nil, "", &fault{Unreachable, "the service's caFile holds no certificate"}
	}
	return roots, digest, nil
}

var errUntrusted = &fault{Untrusted,
	"the service's caFile holds other certificate authorities than its owner agreed to"}

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
