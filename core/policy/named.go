package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// named judges the path that a field names beside the one on the request line, as it would judge a
// request of its own.
func (c headerCall) named(h wire.Header, line *headerLine) Decision {
	var methods []string
	switch line.class {
	case selectorField:
		return Decision{Outcome: Allowed}
	case copySource, copySourceURL:
		methods = []string{"GET"}
	case moveSource:
		methods = []string{"GET", "DELETE"}
	case destination:
		methods = []string{"PUT"}
	}
	targets, f := c.targets(h, line)
	if f != nil {
		d := f.decision()
		d.Reason = fmt.Sprintf("checking headers: %s: %s", h.Name, d.Reason)
		return d
	}
	for _, method := range methods {
		for _, target := range targets {
			if _, d := Judge(c.Policy, c.Options, method, target); d.Outcome != Allowed {
				d.Reason = fmt.Sprintf("the header %s %s: %s", h.Name, line.why, d.Reason)
				return d
			}
		}
	}
	return Decision{Outcome: Allowed}
}

// targets reads the path of this service that a field names, with its query, in the one spelling
// that rules are written in. If a value can be read in two ways, both must be allowed; anything
// outside the base URL is refused.
func (c headerCall) targets(h wire.Header, line *headerLine) ([]string, *fault) {
	raw, query, hasQuery := strings.Cut(h.Value, "?")
	path, f := c.local(raw, line)
	if f != nil {
		return nil, f
	}
	decoded, ok := percentDecoded(path)
	switch {
	case !ok:
		return nil, faultf("write a percent sign as %25",
			"it contains a percent sign without two hex digits after it")
	case strings.Contains(path, "+"):
		return nil, faultf("write a plus as %2B and a blank as %20",
			"it contains a plus, which some receivers read as a blank")
	case strings.Contains(path, "#") || strings.Contains(decoded, "?"):
		return nil, faultf("leave it out",
			"it contains a # or an encoded ?, at which some receivers cut the path")
	case !strings.HasPrefix(decoded, "/"):
		decoded = "/" + decoded // "bucket/key", as most SDKs write it
	}
	paths, f := c.under(decoded, canonicalName(h.Name))
	if f != nil {
		return nil, f
	}
	if name := signedBy(query); name != "" {
		return nil, faultf("name the source without it",
			"its query contains %s, which is a credential", name)
	}
	for i := range paths {
		if paths[i] = rawPath(paths[i]); hasQuery {
			paths[i] += "?" + query
		}
	}
	return paths, nil
}

// local returns the path of a value that may name a host, which must be that of the base URL.
func (c headerCall) local(raw string, line *headerLine) (string, *fault) {
	elsewhere := func() (string, *fault) {
		return "", faultf("name something at "+c.Base.Origin(),
			"it names a place outside the base URL of the service")
	}
	rest := raw
	if line.class == copySourceURL && !strings.Contains(raw, "://") {
		rest = c.Base.scheme + "://" + raw
	}
	if scheme, after, ok := strings.Cut(rest, "://"); ok {
		authority, path, _ := strings.Cut(after, "/")
		base, err := ParseBase(scheme+"://"+authority, true)
		if err != nil || base.Origin() != c.Base.Origin() {
			return elsewhere()
		}
		return "/" + path, nil
	}
	decoded, _ := percentDecoded(rest)
	name := strings.ToLower(strings.TrimLeft(decoded, "/"))
	if strings.HasPrefix(name, "arn:") || strings.HasPrefix(rest, "//") {
		return elsewhere()
	}
	return rest, nil
}

// under removes from a path what the base URL already says. Stores whose host name contains the
// bucket still name it in the source; if the host does not tell, both readings count.
func (c headerCall) under(path, header string) ([]string, *fault) {
	if header == "x-copy-from" {
		return []string{c.underAccount(path)}, nil
	}
	rest, ok := strings.CutPrefix(path, c.Base.path)
	if !ok || !strings.HasPrefix(rest, "/") {
		return nil, faultf("name something under "+c.Base.String(),
			"it names a place outside the base URL of the service")
	}
	if header == "destination" || c.Base.path != "" {
		return []string{rest}, nil
	}
	bucket, key, _ := strings.Cut(rest[1:], "/")
	own := bucket != "" && strings.HasPrefix(c.Base.host, strings.ToLower(bucket)+".")
	switch {
	case bucketInHost(c.Base.host) && !own:
		return nil, faultf("name something in the bucket of "+c.Base.Origin(),
			"it names a bucket other than that of the base URL of the service")
	case bucketInHost(c.Base.host):
		return []string{"/" + key}, nil
	case own:
		return []string{rest, "/" + key}, nil
	}
	return []string{rest}, nil
}

// underAccount puts the account before a container of OpenStack Swift, as in the request's own
// path.
func (c headerCall) underAccount(path string) string {
	if segments := strings.SplitN(c.path, "/", 4); len(segments) == 4 && segments[1] == "v1" {
		return "/v1/" + segments[2] + path
	}
	return path
}

// storeLabels begin the label of a host name that says which store it is, after that of a bucket.
var storeLabels = []string{"s3-", "s3express-", "cos-", "obs-", "oss-", "tos-"}

// bucketInHost reports whether a host name begins with a bucket.
func bucketInHost(host string) bool {
	host, _, _ = strings.Cut(host, ":")
	labels := strings.Split(host, ".")
	if slices.Contains(labels, "svc") {
		return false // Kubernetes: "minio.s3.svc" is a service in a namespace
	}
	for i, label := range labels {
		switch label {
		case "storage":
			return i > 0 && (strings.HasSuffix(host, ".googleapis.com") ||
				strings.HasSuffix(host, ".yandexcloud.net"))
		case "digitaloceanspaces", "linodeobjects": // after a region
			return i > 1
		case "r2": // after an account, and perhaps a jurisdiction
			return i > 1 && labels[1] != "eu" && labels[1] != "fedramp"
		}
		if i > 0 && slices.ContainsFunc(storeLabels, func(begin string) bool {
			return strings.HasPrefix(label+"-", begin)
		}) {
			return true
		}
	}
	return false
}

// signedBy returns the parameter with which a URL carries its own credential, "" if none does.
func signedBy(query string) string {
	for _, raw := range queryKeys(query, "&;") {
		switch name := foldedKey(raw); name {
		case "sig", "signature", "x-amz-signature", "x-goog-signature", "x-oss-signature",
			"x-amz-security-token", "q-signature", "token":
			return name
		}
	}
	return ""
}

func percentDecoded(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, true
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out = append(out, s[i])
			continue
		}
		c, ok := escape(s, i)
		if !ok {
			return "", false
		}
		out = append(out, c)
		i += 2
	}
	return string(out), true
}

// rawPath escapes what may not appear raw in a path.
func rawPath(decoded string) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(decoded))
	for i := 0; i < len(decoded); i++ {
		if c := decoded[i]; class[c]&inPath != 0 {
			out = append(out, c)
		} else {
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}
