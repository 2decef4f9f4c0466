package policy

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

// TestPathsInHeaders holds what a field names to the rules, though an owner lists the field.
func TestPathsInHeaders(t *testing.T) {
	const allow, deny = "GET /pub/*|PUT /pub/*|DELETE /pub/old/*|GET /pub/*?versionId",
		"GET /pub/secret*|* /private/*"
	s3, _ := NamedOperations("s3")
	for _, c := range []struct{ base, name, value, want string }{
		{"https://s3.eu-west-1.amazonaws.com", "X-Amz-Copy-Source", "/pub/a", "allow"},
		{"", "x_amz_copy_source", "pub/a", "allow"},
		{"", "X-Amz-Copy-Source", "pub%2Fa%20b", "allow"},
		{"", "X-Amz-Copy-Source", "/pub/a?versionId=1", "allow"},
		{"", "X-Amz-Copy-Source", "/pub/a?versionId=1&acl", "deny"},
		{"", "X-Amz-Copy-Source", "/pub/a?X-Amz-Signature=1", "reject"},
		{"", "X-Amz-Copy-Source", "/pub/secret", "deny"},
		{"", "X-Amz-Copy-Source", "pub%2fSECRET", "deny"},
		{"", "X-Amz-Copy-Source", "/pub/%73ecret", "deny"},
		{"", "X-Amz-Copy-Source", "/pub/a/../secret", "reject"},
		{"", "X-Amz-Copy-Source", "/pub/a%2f..%2fsecret", "reject"},
		{"", "X-Amz-Copy-Source", "/pub/%2573ecret", "reject"},
		{"", "X-Amz-Copy-Source", "//private/a", "reject"},
		{"", "X-Amz-Copy-Source", "/pub//private", "reject"},
		{"", "X-Amz-Copy-Source", "/pub/a+b", "reject"},
		{"", "X-Amz-Copy-Source", "/pub/a#b", "reject"},
		{"", "X-Amz-Copy-Source", "/pub/a%3FversionId=1", "reject"},
		{"", "X-Amz-Copy-Source", "/pub/a%zz", "reject"},
		{"", "X-Amz-Copy-Source", "/private/a", "deny"},
		{"", "X-Amz-Copy-Source", "/other/a", "deny"},
		{"", "X-Amz-Copy-Source", "arn:aws:s3:eu-west-1:1:accesspoint/p/object/pub/a", "reject"},
		{"", "X-Amz-Copy-Source", "arn%3Aaws:s3:eu-west-1:1:accesspoint/p/object/pub/a", "reject"},
		{"", "X-Amz-Copy-Source", "%61rn:aws:s3:eu-west-1:1:accesspoint/p/object/pub/a", "reject"},
		{"", "X-Amz-Copy-Source", "/arn%3aaws:s3:eu-west-1:1:accesspoint/p/object/pub/a", "reject"},
		{"", "X-Amz-Copy-Source", "https://other.example/pub/a", "reject"},
		{"", "X-Oss-Copy-Source", "/private/a", "deny"},
		{"", "X-Amz-Rename-Source", "/pub/a", "deny"}, // renaming deletes it
		{"", "X-Amz-Rename-Source", "/pub/old/a", "allow"},
		{"", "X-Copy-From", "/pub/a", "allow"},
		// The bucket in the host name.
		{"https://pub.s3.eu-west-1.amazonaws.com", "X-Amz-Copy-Source", "/other/pub/a", "reject"},
		{"", "X-Amz-Copy-Source", "/pub/a", "deny"},
		{"", "X-Amz-Copy-Source", "/pub/pub/a", "allow"},
		{"", "X-Amz-Copy-Source", "/pub/private/a", "deny"},
		{"https://b--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", "X-Amz-Copy-Source",
			"/pub/a", "reject"},
		{"https://b.acct.r2.cloudflarestorage.com", "X-Amz-Copy-Source", "/pub/a", "reject"},
		{"https://b.acct.eu.r2.cloudflarestorage.com", "X-Amz-Copy-Source", "/pub/a", "reject"},
		{"https://b.nyc3.digitaloceanspaces.com", "X-Amz-Copy-Source", "/pub/a", "reject"},
		{"https://b.tos-cn-beijing.volces.com", "X-Tos-Copy-Source", "/pub/a", "reject"},
		{"https://b.storage.googleapis.com", "X-Goog-Copy-Source", "/pub/a", "reject"},
		// And one that only looks like it.
		{"https://acct.r2.cloudflarestorage.com", "X-Amz-Copy-Source", "/pub/a", "allow"},
		{"https://acct.eu.r2.cloudflarestorage.com", "X-Amz-Copy-Source", "/pub/a", "allow"},
		{"https://nyc3.digitaloceanspaces.com", "X-Amz-Copy-Source", "/pub/a", "allow"},
		{"https://minio.storage.svc.cluster.local", "X-Amz-Copy-Source", "/pub/a", "allow"},
		{"https://minio.s3.svc.cluster.local", "X-Amz-Copy-Source", "/pub/a", "allow"},
		{"https://minio.storage.example.com", "X-Amz-Copy-Source", "/pub/a", "allow"},
		// A host that begins like a bucket: both readings count.
		{"https://pub.example.com", "X-Amz-Copy-Source", "/pub/pub/a", "allow"},
		{"", "X-Amz-Copy-Source", "/pub/a", "deny"},
		{"", "X-Amz-Copy-Source", "/pub/secret/pub/a", "deny"},
		// Sources and destinations as URLs: nothing but the service's own.
		{"https://acct.blob.core.windows.net", "X-Ms-Copy-Source",
			"https://acct.blob.core.windows.net/pub/a", "allow"},
		{"", "X-Ms-Copy-Source", "HTTPS://ACCT.blob.core.windows.net:443/pub/a", "allow"},
		{"", "X-Ms-Copy-Source", "https://acct.blob.core.windows.net/private/a", "deny"},
		{"", "X-Ms-Copy-Source", "https://acct.blob.core.windows.net/pub/a?sv=1&SIG=x", "reject"},
		{"", "X-Ms-Copy-Source", "https://other.blob.core.windows.net/pub/a", "reject"},
		{"", "X-Ms-Copy-Source", "http://acct.blob.core.windows.net/pub/a", "reject"},
		{"", "X-Ms-Copy-Source", `https://acct.blob.core.windows.net\pub/a`, "reject"},
		{"", "X-Ms-Copy-Source", "https://acct.blob.core.windows.net@evil.example/pub/a", "reject"},
		{"", "X-Ms-Copy-Source", "/acct/pub/a", "reject"},
		{"", "X-Cos-Copy-Source", "acct.blob.core.windows.net/pub/a", "allow"},
		{"", "X-Cos-Copy-Source", "other.cos.ap-1.myqcloud.com/pub/a", "reject"},
		{"", "X-Ms-Rename-Source", "/pub/old/a", "allow"},
		{"", "X-Ms-Rename-Source", "/private/a", "deny"},
		// WebDAV, below a base path.
		{"https://dav.example.com/remote", "Destination", "https://dav.example.com/remote/pub/a",
			"allow"},
		{"", "Destination", "/remote/pub/a", "allow"},
		{"", "Destination", "/remote/private/a", "deny"},
		{"", "Destination", "https://dav.example.com/pub/a", "reject"},
		{"", "Destination", "/remotely/pub/a", "reject"},
		{"", "Destination", "https://evil.example/remote/pub/a", "reject"},
		{"", "Destination", "//evil.example/remote/pub/a", "reject"},
	} {
		if c.base != "" {
			lastBase = c.base
		}
		p := HeaderPolicy{Policy: restricted(t, allow, deny), Options: Options{Operations: s3},
			Base: base(t, lastBase), Allow: names(t, c.name)}
		s := p.Sort("PUT", "/pub/new", []wire.Header{{Name: c.name, Value: c.value}})
		if got := s.Outcome.String(); got != c.want || (got == "allow") != (len(s.Kept) == 1) {
			t.Errorf("%s: %s: %s: %s (%s), want %s", lastBase, c.name, c.value, got, s.Reason,
				c.want)
		}
		if s.Outcome != Allowed && (s.Hint == "" || !strings.Contains(s.Reason, c.name)) {
			t.Errorf("%s: %+v", c.value, s.Decision)
		}
	}
}

var lastBase string

// TestSwiftSource: the source of a copy has no account, the request does.
func TestSwiftSource(t *testing.T) {
	p := HeaderPolicy{Policy: restricted(t, "GET /v1/acct/pub/*", ""), Base: base(t,
		"https://swift.example.com"), Allow: names(t, "X-Copy-From")}
	for value, want := range map[string]Outcome{"/pub/a": Allowed, "pub/a": Allowed,
		"/private/a": Denied} {
		s := p.Sort("PUT", "/v1/acct/pub/b", []wire.Header{{Name: "X-Copy-From", Value: value}})
		if s.Outcome != want {
			t.Errorf("%s: %+v", value, s)
		}
	}
}
