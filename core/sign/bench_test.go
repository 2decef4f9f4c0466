package sign

import (
	"crypto/rsa"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

func BenchmarkSign(b *testing.B) {
	r := Request{
		Method: "POST",
		Host:   "api.example.com",
		Path:   "/v1/a%20b",
		Query:  "b=2&a=1",
		Body:   []byte(`nonce=1&text=hello`),
		Headers: []wire.Header{
			{Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
			{Name: "Accept", Value: "*/*"},
		},
	}
	for _, authType := range []string{
		"bearer", "hmac-bybit", "hmac", "oauth1a-twitter", "aws-sigv4", "jwt-es256",
	} {
		b.Run(authType, func(b *testing.B) {
			s, _ := Lookup(authType)
			c := credential(complete[authType])
			b.ReportAllocs()
			for b.Loop() {
				_, err := s.Sign(c, r, Moment{UnixMs: 1_700_000_000_000, Nonce: make([]byte, 32)})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// RS256 is paid once per token; reading the key is most of the rest.
func BenchmarkRS256(b *testing.B) {
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := parsePEM(keys()["rsa"]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sign", func(b *testing.B) {
		key, _ := parsePEM(keys()["rsa"])
		for b.Loop() {
			if _, err := rs256(key.(*rsa.PrivateKey), "header.claims"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("exchange", func(b *testing.B) {
		c := credential(map[string]string{"appId": "1", "privateKey": keys()["rsa"],
			"installationId": "2"})
		for b.Loop() {
			if _, _, err := githubApp.Exchange(c, Moment{UnixMs: 1_700_000_000_000}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
