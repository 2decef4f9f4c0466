package sign

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/wire"
)

// FuzzCanonicalQuery: the canonical form holds only unreserved bytes and escapes, is sorted, is its
// own canonical form, and says what net/url reads.
func FuzzCanonicalQuery(f *testing.F) {
	for _, seed := range []string{
		"", "a=1&b=2", "b&a=", "a=%zz&%C3%BC=+", "=&==&&;", "a=%", "\xff=\x00", "a%3Db=c%26d",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		all := params(query)
		text := canonical(all)
		if strings.Trim(text,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%=&") != "" {
			t.Errorf("%q", text)
		}
		if again := canonical(params(text)); again != text {
			t.Errorf("%q becomes %q", text, again)
		}
		read, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		for name, values := range read {
			slices.Sort(values)
			var found []string
			for _, p := range all {
				if p.name == name {
					found = append(found, p.value)
				}
			}
			slices.Sort(found)
			if !slices.Equal(found, values) {
				t.Errorf("%q: %q, net/url reads %q", name, found, values)
			}
		}
	})
}

// FuzzSign: no scheme panics or changes the request; what is signed can be sent and is the same the
// second time.
func FuzzSign(f *testing.F) {
	f.Add(uint8(8), "GET", "h:1", "/a/../%c3%bc", "a=1&a", "x-a", " b  c ",
		[]byte("nonce=1"), int64(1))
	f.Add(uint8(19), "put", "", "", "%", "Content-Type", "application/x-www-form-urlencoded",
		[]byte("a=b&oauth_token=1"), int64(-1))
	f.Fuzz(func(t *testing.T, which uint8, method, host, path, q, name,
		value string, body []byte, ms int64) {
		s, _ := Lookup(Types()[int(which)%len(schemes)])
		r := Request{
			Method:  method,
			Host:    host,
			Path:    path,
			Query:   q,
			Headers: []wire.Header{{Name: name, Value: value}},
			Body:    body,
		}
		before := bytes.Clone(body)
		m := Moment{UnixMs: ms, Nonce: make([]byte, 32)}
		signed, err := s.Sign(credential(complete[s.Type]), r, m)
		if !bytes.Equal(before, body) || r.Headers[0] != (wire.Header{Name: name, Value: value}) {
			t.Error("the request was changed")
		}
		if err != nil {
			return
		}
		if strings.ContainsAny(signed.Query, " #\r\n?") {
			t.Errorf("query %q", signed.Query)
		}
		again, err := s.Sign(credential(complete[s.Type]), r, m)
		if err != nil || !slices.Equal(again.Headers, signed.Headers) ||
			again.Query != signed.Query {
			t.Errorf("%s signs the same call in two ways: %v", s.Type, err)
		}
	})
}

// FuzzPEM: no text makes the reader panic, errors show none of it, and a key that is read can sign.
func FuzzPEM(f *testing.F) {
	for _, text := range keys() {
		f.Add(text)
		f.Add(strings.ReplaceAll(text, "\n", `\n`))
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parsePEM(text)
		bodyLines(text)
		if err != nil {
			return
		}
		switch key := key.(type) {
		case *rsa.PrivateKey:
			_, err = rs256(key, "text")
		case *ecdsa.PrivateKey:
			_, err = es256(key, "text")
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// FuzzServiceAccount: no file makes the reader panic, and what passes goes to Google alone.
func FuzzServiceAccount(f *testing.F) {
	f.Add(accountFile(nil))
	f.Add(accountFile(
		map[string]any{"token_uri": "https://oauth2.googleapis.com.evil.example/token"}))
	f.Add(`{"type":"service_account","private_key":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		c := Credential{"credentials": secret.New(text), "scopes": secret.New("a")}
		serviceAccount.Secrets(c)
		x, _, err := serviceAccount.Exchange(c, Moment{UnixMs: 1})
		if err != nil {
			return
		}
		u, err := url.Parse(x.URL)
		if err != nil || u.Scheme != "https" ||
			u.Host != "googleapis.com" && !strings.HasSuffix(u.Host, ".googleapis.com") {
			t.Errorf("goes to %q", x.URL)
		}
	})
}

// FuzzToken: no answer makes the reader panic, and a token that is read can be sent and has not
// expired.
func FuzzToken(f *testing.F) {
	f.Add(200, `{"access_token":"tok","expires_in":3600}`)
	f.Add(201, `{"token":"tok","expires_at":"2020-01-01T00:00:00Z"}`)
	f.Add(400, `{"error":"invalid_grant","error_description":"é\u0000"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		for _, x := range []Exchange{{read: readOAuth}, {read: readGitHub}} {
			got, err := x.Token(Reply{Status: status, Body: []byte(body)}, 1000)
			if err == nil && (got.Expires <= 1000 || got.Expires > 1000+maxTokenLife ||
				!wire.ValidValue(got.Text.Reveal())) {
				t.Errorf("expires %d", got.Expires)
			}
		}
	})
}

// FuzzPayload: a payload is refused with a reason or signs.
func FuzzPayload(f *testing.F) {
	for _, t := range templates {
		f.Add(t["payload"])
	}
	f.Add(`'\n\\\'' path'x''y'`)
	f.Fuzz(func(t *testing.T, payload string) {
		values := with(complete["hmac"], "payload", payload)
		signed, err := scheme(t, "hmac").Sign(credential(values), request,
			Moment{UnixMs: 1, Nonce: make([]byte, 32)})
		if (err == nil) != (len(signed.Trace) == 1) {
			t.Errorf("%q: %v", payload, err)
		}
	})
}
