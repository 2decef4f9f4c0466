package sign

import (
	"crypto/sha1"
	"net/url"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

type oauthCase struct {
	ID, Shape, Source, Note, Nonce, Timestamp string
	ConsumerKey                               string `json:"consumer_key"`
	ConsumerSecret                            string `json:"consumer_secret"`
	Token                                     *string
	TokenSecret                               *string           `json:"token_secret"`
	VersionSent                               bool              `json:"oauth_version_sent"`
	Extra                                     map[string]string `json:"extra_oauth_params"`
	Request                                   struct {
		Method, URL, Body string
		ContentType       *string `json:"content_type"`
	}
	Want struct {
		BaseString string `json:"signature_base_string"`
		Signature  string
		Params     map[string]string `json:"authorization_params"`
		Field      string            `json:"authorization"`
	}
}

func (c oauthCase) request(t *testing.T) Request {
	u, err := url.Parse(c.Request.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{
		Method: c.Request.Method,
		Host:   u.Host,
		Path:   u.EscapedPath(),
		Query:  u.RawQuery,
		Body:   []byte(c.Request.Body),
		HTTP:   u.Scheme == "http",
	}
	if c.Request.ContentType != nil {
		r.Headers = []wire.Header{{Name: "Content-Type", Value: *c.Request.ContentType}}
	}
	return r
}

func (c oauthCase) signer() oauth {
	o := oauth{consumerSecret: c.ConsumerSecret, hash: sha1.New}
	o.protocol = []param{
		{"oauth_consumer_key", c.ConsumerKey}, {"oauth_nonce", c.Nonce},
		{"oauth_signature_method", "HMAC-SHA1"}, {"oauth_timestamp", c.Timestamp},
	}
	if c.Token != nil {
		o.protocol = append(o.protocol, param{"oauth_token", *c.Token})
	}
	if c.TokenSecret != nil {
		o.tokenSecret = *c.TokenSecret
	}
	if c.VersionSent {
		o.protocol = append(o.protocol, param{"oauth_version", "1.0"})
	}
	for name, v := range c.Extra {
		o.protocol = append(o.protocol, param{name, v})
	}
	return o
}

func TestVectorsOAuth1a(t *testing.T) {
	for _, c := range vectors.Load[oauthCase](t, "oauth1a", 7) {
		t.Run(c.ID, func(t *testing.T) {
			signed, err := c.signer().signed(c.request(t))
			if err != nil {
				t.Fatal(err)
			}
			note(t, signed, "signature base string", c.Want.BaseString)
			if c.Want.Field != "" {
				header(t, signed, "Authorization", c.Want.Field)
			}
			sameMap(t, oauthParams(t, signed), c.Want.Params)
			if c.Want.Params["oauth_signature"] != c.Want.Signature {
				t.Error("the case contradicts itself")
			}
		})
	}
}

// oauthParams reads the field back as RFC 5849 section 3.5.1 says.
func oauthParams(t *testing.T, s Signed) map[string]string {
	t.Helper()
	field, _ := wire.Get(s.Headers, "Authorization")
	list, ok := strings.CutPrefix(field, "OAuth ")
	if !ok {
		t.Fatalf("the field is %q", field)
	}
	found := map[string]string{}
	for part := range strings.SplitSeq(list, ", ") {
		name, value, _ := strings.Cut(part, "=")
		if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
			t.Fatalf("parameter %q", part)
		}
		found[unescape(name)] = unescape(value[1 : len(value)-1])
	}
	return found
}

func sameMap(t *testing.T, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d entries %v, want %d", len(got), got, len(want))
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %q, want %q", k, got[k], v)
		}
	}
}
