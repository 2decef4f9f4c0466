package policy

import (
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// Headers sorts the fields an agent wants to send: kept in their order and spelling, and the names of those left out.
// What is not on the list of harmless fields is dropped: credentials, Host, framing, hop-by-hop and forwarding fields come from the broker or not at all.
// It is an error if a name or value is malformed (RFC 9110 section 5), a name comes twice, or a field asks the receiver to act on another method or path than the one judged.
func Headers(agent []wire.Header) (kept []wire.Header, dropped []string, err error) {
	seen := make(map[string]bool, len(agent))
	for _, h := range agent {
		if !wire.ValidName(h.Name) {
			return nil, nil, fmt.Errorf("checking headers: %q is not a header name", h.Name)
		}
		if !wire.ValidValue(h.Value) {
			return nil, nil, fmt.Errorf("checking headers: the value of %s holds a byte that no header may hold, or begins or ends in a blank", h.Name)
		}
		name := canonicalName(h.Name)
		if seen[name] {
			return nil, nil, fmt.Errorf("checking headers: %s comes twice", h.Name)
		}
		seen[name] = true
		switch {
		case overriding[name]:
			return nil, nil, fmt.Errorf("checking headers: %s changes method or path behind the rules: give them as arguments", h.Name)
		case harmless(name):
			kept = append(kept, h)
		default:
			dropped = append(dropped, h.Name)
		}
	}
	return kept, dropped, nil
}

// canonicalName folds what receivers fold: CGI and its heirs make "X-Real-IP" and "X_Real.IP" one variable.
func canonicalName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r | 0x20
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, name)
}

// overriding fields make Rails, Django, ASP.NET, Symfony, IIS and others serve another method or path than the one on the request line.
var overriding = set("x-http-method-override", "x-http-method", "x-method-override", "x-original-method", "x-forwarded-method",
	"x-original-url", "x-original-uri", "x-rewrite-url", "x-rewrite-uri", "x-override-url", "x-forwarded-uri", "x-http-path-override")

// Range is not among them: asked for in pieces, a reply that repeats the key would come back too short for the scrubber to know it.
var harmlessNames = set("accept", "accept-language", "content-type", "content-language", "idempotency-key", "prefer", "user-agent",
	"if-match", "if-none-match", "if-modified-since", "if-unmodified-since",
	"anthropic-beta", "anthropic-version", "intercom-version", "notion-version", "openai-beta", "openai-organization", "openai-project",
	"paypal-request-id", "square-version", "stripe-version", "x-goog-user-project", "x-idempotency-key")

func harmless(name string) bool {
	return harmlessNames[name] || strings.HasPrefix(name, "x-") && !reserved(name)
}

// reservedPrefixes are families of x- fields that belong to signers, proxies and this broker.
var reservedPrefixes = []string{"x-janee-", "x-amz-", "x-bapi-", "x-forward", "x-envoy-", "x-proxy-", "x-original-", "x-remote-", "x-ssl-",
	"x-client-cert", "x-middleware-"} // the last: CVE-2025-29927, authorization skipped by a field

// reservedWords mark a field that carries a credential or an identity (X-Api-Key, X-Vault-Token, X-Auth-User, X-MS-Client-Principal,
// X-Goog-IAP-JWT-Assertion, X-Consumer-Username) or moves the request elsewhere (X-Script-Name, X-Backend-Host), whoever the vendor is.
var reservedWords = []string{"key", "token", "secret", "auth", "sign", "password", "passphrase", "credential", "session", "cookie",
	"user", "principal", "consumer", "jwt", "iap", "role", "group", "admin", "impersonat",
	"host", "script", "backend", "override", "rewrite", "upstream", "internal"}

var reservedNames = set("x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-originating-ip", "x-true-client-ip", "x-host", "x-http-host-override",
	"x-ms-date", "x-sendfile-type", "x-accel-mapping")

func reserved(name string) bool {
	for _, prefix := range reservedPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	for _, word := range reservedWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return reservedNames[name]
}

// SameHeader reports whether two names are one field to some receiver: without regard to case, and with "_" and "." read as "-".
func SameHeader(a, b string) bool { return canonicalName(a) == canonicalName(b) }

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}
