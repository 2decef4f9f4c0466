package upstream

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"

	"github.com/true-and-useful/janee/core/egress"
)

// guarded judges the address of each connection after the name is resolved and before anything is
// sent. At an earlier check the name could resolve to another address than at the dial (DNS
// rebinding).
func guarded(g egress.Guard) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return &fault{Blocked, "no IP address"}
		}
		if err := g.Permit(to); err != nil {
			return &fault{Blocked, err.Error()}
		}
		return nil
	}
}

// proxyOf returns the proxy for every request of t, or nil. Unlike http.ProxyFromEnvironment it
// makes no exception for loopback addresses.
func proxyOf(t Target) (func(*http.Request) (*url.URL, error), error) {
	if t.Proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(t.Proxy)
	if err != nil || u.User != nil || u.Host == "" ||
		u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, &fault{Rejected, "the service's proxy cannot be used"}
	}
	return http.ProxyURL(u), nil
}

// proxyAnswered says in words of our own that the proxy refused to connect. What the proxy says
// could be anything.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return &fault{Unreachable, "the proxy refused to connect to the API"}
	}
	return nil
}
