package httpserver

import (
	"net"
	"net/url"
	"strings"
)

// hosts are the names a server answers to: "name" with any port, or "name:port". Port forwarding
// and containers change ports, and no attack is stopped by them.
type hosts map[string]bool

func newHosts(allowed []string) hosts {
	h := hosts{"localhost": true, "127.0.0.1": true, "[::1]": true}
	for _, name := range allowed {
		h[bracketed(strings.ToLower(name))] = true
	}
	return h
}

// bracketed writes a bare IPv6 address as it stands in a Host header.
func bracketed(name string) string {
	if ip := net.ParseIP(name); ip != nil && strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}

// allow judges a Host header.
func (h hosts) allow(host string) bool {
	host = strings.ToLower(host)
	return h[host] || h[withoutPort(host)]
}

func withoutPort(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return bracketed(name)
	}
	return host
}

// allowOrigin judges an Origin header. "null" is what pages without a place of their own send:
// sandboxes, files, redirects.
func (h hosts) allowOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != origin {
		return false
	}
	return h.allow(u.Host)
}
