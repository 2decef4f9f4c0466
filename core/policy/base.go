package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// Base is the base URL of a service in its one canonical form. The zero value is of no use:
// JoinUnder refuses it.
type Base struct{ scheme, host, path string }

// ParseBase reads a base URL: http or https, a host with an optional port, and an optional path
// prefix that follows the grammar of Judge; one trailing "/" is removed. Userinfo, query and
// fragment are errors. Plain http goes only to a loopback address or localhost, unless allowHTTP is
// set. Errors quote the host and the scheme but never the whole URL, which may contain a password.
func ParseBase(raw string, allowHTTP bool) (Base, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" {
		return Base{}, errors.New("reading base URL: want https://HOST or http://HOST")
	}
	authority, path := rest, ""
	if at := strings.IndexAny(rest, `/?#\`); at >= 0 {
		authority, path = rest[:at], rest[at:]
	}
	if strings.Contains(authority, "@") {
		return Base{}, errors.New(
			"reading base URL: it may not contain a user name or password: " +
				"put credentials under auth")
	}
	host, loopback, err := parseAuthority(authority, scheme)
	if err != nil {
		return Base{}, fmt.Errorf("reading base URL: %w", err)
	}
	if scheme == "http" && !loopback && !allowHTTP {
		return Base{}, fmt.Errorf("reading base URL: plain http to %q would send the credential "+
			"in the clear: use https, or write allowHttp: true under the service in config.yaml",
			host)
	}
	if path != "" {
		if f := checkBasePath(path); f != nil {
			return Base{}, fmt.Errorf("reading base URL: %s", f.reason)
		}
	}
	return Base{scheme, host, strings.TrimSuffix(path, "/")}, nil
}

func checkBasePath(path string) *fault {
	if at := strings.IndexAny(path, "?#"); at >= 0 {
		return faultf("", "it may not contain a query or a fragment")
	}
	if len(path) > wire.MaxTarget {
		return faultf("", "the path is longer than %d bytes", wire.MaxTarget)
	}
	return checkPath(path, Options{})
}

// parseAuthority returns the host in lower case with its port, unless that is the default one, and
// whether it is this machine.
func parseAuthority(authority, scheme string) (host string, loopback bool, err error) {
	host, port := authority, ""
	if at := strings.LastIndexByte(authority, ':'); at >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:at], authority[at+1:]
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
			return "", false, errors.New("the port is not a number from 1 to 65535")
		}
	}
	host, loopback, err = parseHost(strings.ToLower(host))
	if err != nil {
		return "", false, err
	}
	if port != "" && port != map[string]string{"http": "80", "https": "443"}[scheme] {
		host += ":" + port
	}
	return host, loopback, nil
}

// parseHost accepts a DNS name, a dotted IPv4 address or an IPv6 address in brackets. Other
// spellings of IPv4 (0x7f.1, 2130706433) are refused: resolvers read them, and the egress check
// would not.
func parseHost(host string) (string, bool, error) {
	bad := fmt.Errorf("%q is not a host name (international names in their xn-- form) or address",
		host)
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if !ok || err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", false, bad
		}
		return "[" + addr.String() + "]", addr.IsLoopback(), nil
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is4() {
		return host, addr.IsLoopback(), nil
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !validLabel(label) {
			return "", false, bad
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' || len(host) > 253 {
		return "", false, bad
	}
	return host, host == "localhost", nil
}

func validLabel(label string) bool {
	for i := 0; i < len(label); i++ {
		if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return label != "" && len(label) <= 63
}

// Origin returns the scheme, the host and any port that is not the default:
// "https://api.example.com:8443".
func (b Base) Origin() string {
	if b.host == "" {
		return ""
	}
	return b.scheme + "://" + b.host
}

// Host returns the value of the Host field: "api.example.com:8443".
func (b Base) Host() string { return b.host }

// Path returns the path prefix without a trailing slash, "" or "/api/v2".
func (b Base) Path() string { return b.path }

// String returns the canonical base URL.
func (b Base) String() string { return b.Origin() + b.path }

// JoinUnder returns the URL to dial and the request target that must go out on the wire: the base
// path, prefix, the judged target, and then signed. prefix is a path that a signer adds, such as
// "/bot123:secret", and signed the raw query parameters that it adds; "" is none. Both results are
// "" if b or j is the zero value, if prefix is not a path of the grammar or signed not a query, or
// if a URL parser would send something else than target.
func (b Base) JoinUnder(prefix string, j Judged, signed string) (dial, target string) {
	if b.host == "" || j.method == "" || checkQuery(signed, Options{}) != nil ||
		prefix != "" && checkBasePath(prefix) != nil {
		return "", ""
	}
	target = b.path + prefix + j.target
	if signed != "" {
		switch {
		case len(j.path) == len(j.target):
			target += "?"
		case j.query != "":
			target += "&"
		}
		target += signed
	}
	dial = b.Origin() + target
	// http.Transport sends what RequestURI says (RFC 9112 section 3.2); setting URL.Opaque instead
	// would put the absolute form on the wire.
	u, err := url.Parse(dial)
	if err != nil || u.Host != b.host || u.RequestURI() != target {
		return "", ""
	}
	return dial, target
}
