package directory

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/directory/directorytest"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/wire"
)

// filledIn is a template with a sample for each part that the owner has to give, as janee add makes
// a service of it.
func filledIn(e Template) (base *url.URL, parts map[string]string, c sign.Credential) {
	scheme, _ := sign.Lookup(e.Auth.Type)
	words := sampleWords(e)
	base, _ = url.Parse(Fill(e.BaseURL, words))
	parts, c = map[string]string{}, sign.Credential{}
	for _, part := range e.Needs() {
		if strings.Trim(part, "<>") == part {
			parts[part] = directorytest.Value(e.Auth.Type, part)
			c[part] = secret.New(parts[part])
		}
	}
	if len(e.Auth.Headers) > 0 {
		c = sign.Credential{}
		for path, value := range e.Auth.Compose(parts["key"], parts["secret"]) {
			c[path] = secret.New(value)
		}
	}
	for name, value := range e.Auth.Filled(words).Fixed {
		c[name] = secret.New(value)
	}
	for word, value := range words {
		if _, known := field(scheme, word); known {
			c[word] = secret.New(value)
		}
	}
	return base, parts, c
}

// TestEveryTemplateSigns builds the request of each template with the real scheme, and looks for
// the credential where the template says that it goes.
func TestEveryTemplateSigns(t *testing.T) {
	moment := sign.Moment{UnixMs: 1764540000000, Nonce: []byte("0123456789abcdef0123456789abcdef")}
	for _, e := range All() {
		t.Run(e.Name, func(t *testing.T) {
			scheme, _ := sign.Lookup(e.Auth.Type)
			base, parts, c := filledIn(e)
			masked(t, e, scheme, parts, c)
			if scheme.Exchanges() {
				exchanges(t, e, scheme, parts, c, moment)
				return
			}
			path, query, _ := strings.Cut(e.TestPath, "?")
			r := sign.Request{Method: "GET", Host: base.Host, Path: base.Path + path, Query: query}
			if e.Auth.Type == "hmac-kraken" {
				r.Method, r.Body = "POST", []byte("nonce=1")
			}
			for name, value := range e.Headers {
				r.Headers = append(r.Headers, wire.Header{Name: name, Value: value})
			}
			var signed sign.Signed
			var err error
			if scheme.Challenged() {
				signed, err = scheme.Answer(c, r, moment,
					[]string{`Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256`})
			} else {
				signed, err = scheme.Sign(c, r, moment)
			}
			if err != nil {
				t.Fatal(err)
			}
			carries(t, e, parts, signed)
			for part, value := range parts {
				if strings.Contains(signed.Path+"?"+signed.Query, value) &&
					!slices.Contains([]string{"query", "telegram"}, e.Auth.Type) {
					t.Errorf("%s goes into the URL", part)
				}
			}
		})
	}
}

// carries checks what the request has got.
func carries(t *testing.T, e Template, parts map[string]string, signed sign.Signed) {
	fixed := e.Auth.Filled(sampleWords(e)).Fixed
	authorization, _ := wire.Get(signed.Headers, "Authorization")
	want := ""
	switch e.Auth.Type {
	case "bearer":
		switch scheme := fixed["scheme"]; scheme {
		case "none":
			want = parts["key"]
		case "":
			want = "Bearer " + parts["key"]
		default:
			want = scheme + " " + parts["key"]
		}
	case "basic":
		pair := fixed["username"] + parts["username"] + ":" + fixed["password"] + parts["password"]
		want = "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	case "query":
		if want := fixed["param"] + "=" + parts["key"]; signed.Query != want {
			t.Errorf("query %q, want %q", signed.Query, want)
		}
		return
	case "headers":
		fill := strings.NewReplacer("{key}", parts["key"], "{secret}", parts["secret"])
		for name, value := range e.Auth.Headers {
			if got, _ := wire.Get(signed.Headers, name); got != fill.Replace(value) {
				t.Errorf("%s: %q, want %q", name, got, fill.Replace(value))
			}
		}
		return
	case "telegram":
		if !strings.Contains(signed.Path, parts["key"]) {
			t.Errorf("path %q is without the token", signed.Path)
		}
		return
	default: // a signature: no secret, and something that proves it
		if len(signed.Secrets) == 0 {
			t.Error("the request has no signature")
		}
		return
	}
	if authorization != want {
		t.Errorf("Authorization: %q, want %q", authorization, want)
	}
}

// exchanges checks the request for a token.
func exchanges(t *testing.T, e Template, scheme *sign.Scheme, parts map[string]string,
	c sign.Credential, moment sign.Moment,
) {
	x, needed, err := scheme.Exchange(c, moment)
	if err != nil || !needed || !strings.HasPrefix(x.URL, "https://") {
		t.Fatalf("%v %v %s", err, needed, x.URL)
	}
	if want := e.Auth.Fixed["tokenUrl"]; want != "" && x.URL != want {
		t.Errorf("asks %s for a token, want %s", x.URL, want)
	}
	if s := parts["clientSecret"]; s != "" && strings.Contains(x.URL, s) {
		t.Error("the secret goes into the URL")
	}
}

// masked checks that replies do not show the credential, or the last part of a header: what is
// before that names an account.
func masked(t *testing.T, e Template, scheme *sign.Scheme, parts map[string]string,
	c sign.Credential,
) {
	var hidden []string
	for _, text := range scheme.Secrets(c) {
		hidden = append(hidden, text.Reveal())
	}
	if len(e.Auth.Headers) > 0 {
		last := "key"
		if e.Auth.NeedsSecret() {
			last = "secret"
		}
		if !slices.Contains(hidden, parts[last]) {
			t.Errorf("replies show the %s of a header", last)
		}
		return
	}
	for part, value := range parts {
		f, _ := field(scheme, part)
		shown := f.Identity && e.Auth.Fixed["showIdentity"] == "true"
		if f.Secret && slices.Contains(hidden, value) == shown {
			t.Errorf("%s: replies show it is %v", part, !shown)
		}
	}
	if short := scheme.Unmasked(c); len(short) > 0 {
		t.Errorf("janee add warns of a short %s", short)
	}
	for name, value := range e.Auth.Filled(sampleWords(e)).Fixed {
		if slices.Contains(hidden, value) {
			t.Errorf("the fixed %s is masked in replies", name)
		}
	}
}
