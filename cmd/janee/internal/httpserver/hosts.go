package httpserver

import (
	"net"
	"net/url"
	"strings"
)

// hosts are the names that a server answers to: "name" with any port, or "name:port". The port is
// optional because port forwarding and containers change it, and checking it stops no attack.
type hosts map[string]bool

func newHosts(allowed []string) hosts {
	h := hosts{"localhost": true, "127.0.0.1": true, "[::1]": true}
	for _, name := range allowed {
		h[bracketed(strings.ToLower(name))] = true
	}
	return h
}

// bracketed writes a bare IPv6 address as a Host header does.
func bracketed(name string) string {
	if ip := net.ParseIP(name); ip != nil && strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}

// allow reports whether a Host header is allowed.
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

// allowOrigin reports whether an Origin header is allowed. It refuses "null", which pages without
// an origin send: sandboxes, files, redirects.
func (h hosts) allowOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != origin {
		return false
	}
	return h.allow(u.Host)
}
