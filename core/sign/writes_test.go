package sign

import (
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/wire"
)

// TestWrites: a scheme writes no field that it does not name, also where its secrets are still
// sealed.
func TestWrites(t *testing.T) {
	for authType, values := range complete {
		s, sealed := scheme(t, authType), Credential{}
		for _, e := range s.Entries(credential(values)) {
			if sealed[e.Path] = credential(values)[e.Path]; e.Secret {
				sealed[e.Path] = secret.Text{}
			}
		}
		signed, err := signAnyhow(s, credential(values))
		if err != nil {
			t.Fatal(err)
		}
		written := s.Writes(sealed)
		for _, h := range signed.Headers {
			named := slices.ContainsFunc(written,
				func(name string) bool { return strings.EqualFold(name, h.Name) })
			if !named && !strings.EqualFold(h.Name, "x-ms-version") && !strings.EqualFold(h.Name,
				"Content-Digest") {
				t.Errorf("%s writes %s, and names %q", authType, h.Name, written)
			}
		}
	}
	for _, authType := range []string{"service-account", "github-app",
		"oauth2-client-credentials"} {
		if got := scheme(t, authType).Writes(nil); !slices.Equal(got, []string{"Authorization"}) {
			t.Errorf("%s writes %q", authType, got)
		}
	}
}

func TestOperations(t *testing.T) {
	for _, c := range []struct{ authType, service, want string }{{"aws-sigv4", "s3", "s3"},
		{"aws-sigv4", "s3express", "s3"}, {"aws-sigv4", "dynamodb", ""},
		{"aws-sigv4", "", ""}, {"azure-sharedkey", "", "azure"}, {"azure-cosmos", "", ""},
		{"bearer", "s3", ""}} {
		got := scheme(t, c.authType).Operations(Credential{"awsService": secret.New(c.service)})
		if got != c.want {
			t.Errorf("%v: %q", c, got)
		}
	}
}

// TestSentFieldsAreSigned: whatever an agent sends along is in the signature where the scheme signs
// fields by name.
func TestSentFieldsAreSigned(t *testing.T) {
	sent := []wire.Header{{Name: "Content-MD5", Value: "bWQ1"}, {Name: "Content-Type",
		Value: "application/xml"}, {Name: "X-Amz-Target", Value: "DynamoDB_20120810.ListTables"},
		{Name: "X-Amz-Copy-Source", Value: "/b/k"}, {Name: "X-Amz-Acl", Value: "private"},
		{Name: "x-amz-meta-a", Value: "1"}, {Name: "X-Amz-Server-Side-Encryption-Customer-Key",
			Value: "a2V5"},
		{Name: "Range", Value: "bytes=0-1"}, {Name: "If-Match", Value: `"a"`},
		{Name: "Content-Encoding", Value: "gzip"}, {Name: "Stripe-Account", Value: "acct_1"},
		{Name: "x-ms-copy-source", Value: "https://a.example/c/b"}, {Name: "x-ms-blob-type",
			Value: "BlockBlob"}, {Name: "x-ms-range", Value: "bytes=0-1"}, {Name: "x-ms-meta-a",
			Value: "1"}}
	r := request
	r.Headers = sent
	for authType, signs := range map[string]func(name string) bool{
		"aws-sigv4": func(string) bool { return true },
		"azure-sharedkey": func(name string) bool {
			return strings.HasPrefix(name, "x-ms-") || slices.ContainsFunc(storageFields,
				func(f string) bool { return strings.EqualFold(f, name) })
		},
	} {
		signed, err := scheme(t, authType).Sign(credential(complete[authType]), r, Moment{})
		if err != nil {
			t.Fatal(err)
		}
		text := signed.Trace[0].Text
		for _, h := range sent {
			name := strings.ToLower(h.Name)
			if signs(name) && !strings.Contains(text, h.Value) {
				t.Errorf("%s: %s is sent unsigned:\n%s", authType, h.Name, text)
			}
			if authType == "aws-sigv4" && !strings.Contains(text, "\n"+name+":"+h.Value+"\n") {
				t.Errorf("%s is not a line of the canonical request:\n%s", h.Name, text)
			}
		}
	}
}
