package config

import (
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/egress"
)

const rangesHelp = "write [10.1.0.0/16], or with a port [127.0.0.1/32:9000]"

// egress reads allowPrivate and proxy, and makes the guard of the host that Janee connects to: the
// API's, or the proxy's if there is one.
func (r *configReader) egress(private, proxy, base *yaml.Node, what string, s *Service) {
	allow := r.ranges(private, what+": allowPrivate")
	if proxy != nil {
		r.proxy(proxy, what+": proxy", s, allow)
	}
	if s.Base.Host() == "" {
		return // base has said why
	}
	// Also with a proxy: it is not for this program to find out what the proxy would do with a
	// metadata address.
	g, err := egress.New(hostname(s.Base.Host()), allow...)
	switch {
	case err != nil:
		r.problem(base.Line, "%s: baseUrl: %v", what, err)
	case proxy == nil:
		s.Guard = g
	}
}

func hostname(hostport string) string { return (&url.URL{Host: hostport}).Hostname() }

func (r *configReader) ranges(n *yaml.Node, what string) (allow []egress.Range) {
	switch {
	case n == nil || n.Kind == yaml.AliasNode:
		return nil
	case n.Kind != yaml.SequenceNode:
		r.problem(n.Line, "%s must be a list, not %s: %s", what, shape(n), rangesHelp)
		return nil
	}
	for _, item := range n.Content {
		text, ok := r.text(item, what)
		if !ok {
			continue
		}
		one, err := egress.ParseRange(text)
		if err != nil {
			r.problem(item.Line, "%s: %v", what, err)
			continue
		}
		allow = append(allow, one)
	}
	return allow
}

// proxy refuses a user name and password, which would be in the file unsealed, and plain http
// without allowHttp, because the proxy would see the credential.
func (r *configReader) proxy(n *yaml.Node, what string, s *Service, allow []egress.Range) {
	text, ok := r.text(n, what)
	if !ok {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err == nil && u.User != nil:
		r.problem(n.Line,
			"%s: it may not contain a user name or password, which would be here unsealed", what)
	case err != nil || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) ||
		text != u.Scheme+"://"+u.Host:
		r.problem(n.Line,
			"%s: write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT", what)
	case strings.HasPrefix(s.Base.Origin(), "http:") && !s.AllowHTTP:
		r.problem(n.Line,
			"%s: it would see the credential, which goes to %s unencrypted: use https, or write "+
				"allowHttp: true under the service", what, s.Base.Origin())
	default:
		g, err := egress.New(u.Hostname(), allow...)
		if err != nil {
			r.problem(n.Line, "%s: %v", what, err)
			return
		}
		s.Proxy, s.Guard = text, g
	}
}
