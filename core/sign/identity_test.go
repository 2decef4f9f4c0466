package sign

import (
	"slices"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
)

const (
	sid   = "AC0123456789abcdef0123456789abcdef"
	email = "user.name+work@mail.example.com"
)

// An agent that is shown a mark where an account's name was writes the mark back, or cannot name
// the account.
func TestIdentitiesAreShown(t *testing.T) {
	for _, c := range []struct {
		authType, field string
		values          map[string]string
		shown           bool
	}{
		{"basic", "username",
			map[string]string{"username": email, "password": "token_0123456789"}, true},
		{"basic", "username", map[string]string{"username": email, "password": "correct"}, true},
		{"basic", "username",
			map[string]string{"username": sid, "password": "token_0123456789"}, true},
		{"basic", "username",
			map[string]string{"username": "SK" + sid[2:], "password": "token_0123456789"}, true},
		{"basic", "username", map[string]string{"username": "some.account",
			"password": "token_0123456789", "showIdentity": "true"}, true},
		{"digest", "username",
			map[string]string{"username": email, "password": "token_0123456789"}, true},
		{"aws-sigv4", "accessKeyId", map[string]string{"accessKeyId": "AKIAIOSFODNN7EXAMPLE",
			"secretAccessKey": "wJalrXUtnFEMI"}, true},
		{"aws-sigv4", "accessKeyId", map[string]string{"accessKeyId": "ASIAIOSFODNN7EXAMPLE",
			"secretAccessKey": "wJalrXUtnFEMI"}, true},
		{"aws-sigv4", "accessKeyId", map[string]string{"accessKeyId": "GOOG1EXAMPLEXAMPLEXAMPLE",
			"secretAccessKey": "wJalrXUtnFEMI"}, true},
		{"aws-sigv4", "accessKeyId", map[string]string{"accessKeyId": "minioadmin",
			"secretAccessKey": "wJalrXUtnFEMI", "showIdentity": "true"}, true},
		{"headers", "headers.X-Auth-Email", map[string]string{"headers.X-Auth-Email": email,
			"headers.X-Auth-Key": "0123456789abcdef"}, true},

		// Any other name may be the key, as may all that nothing goes with.
		{"basic", "username",
			map[string]string{"username": "some.account", "password": "token_0123456789"}, false},
		{"basic", "username", map[string]string{"username": "some.account",
			"password": "token_0123456789", "showIdentity": "false"}, false},
		{"basic", "username", map[string]string{"username": "sk_live_0123456789abcdef",
			"password": "token_0123456789"}, false},
		{"basic", "username", map[string]string{"username": "sk_live_0123456789abcdef"}, false},
		{"basic", "username", map[string]string{"username": "sk_live_0123456789abcdef",
			"showIdentity": "true"}, false},
		{"basic", "username", map[string]string{"username": email}, false},
		{"basic", "username", map[string]string{"username": sid}, false},
		{"basic", "username", map[string]string{"username": sid, "password": ""}, false},
		{"basic", "username", map[string]string{"username": "sk_live_0123456789abcdef",
			"password": "x", "showIdentity": "true"}, false},
		{"basic", "username", map[string]string{"username": "ghp_0123456789abcdef",
			"password": "x-oauth-basic", "showIdentity": "true"}, false},
		{"basic", "username", map[string]string{"username": "AOI6-LFKL-VM1Q-IEX9",
			"password": "footastic", "showIdentity": "true"}, false},
		{"basic", "username",
			map[string]string{"username": sid + "0", "password": "token_0123456789"}, false},
		{"basic", "username", map[string]string{"username": "ACG123456789abcdef0123456789abcdef",
			"password": "token_0123456789"}, false},
		{"basic", "username", map[string]string{"username": "https//key@example.com",
			"password": "token_0123456789"}, false},
		{"basic", "username", map[string]string{"username": "key0123456789@localhost",
			"password": "token_0123456789"}, false},
		{"basic", "username", map[string]string{"username": "a@b@example.com",
			"password": "token_0123456789"}, false},
		{"basic", "password", map[string]string{"username": "0123456789abcdef",
			"password": "api_token"}, true},
		{"basic", "password", map[string]string{"username": "some.account", "password": email,
			"showIdentity": "true"}, false},
		{"bearer", "key", map[string]string{"key": sid}, false},
		{"query", "key", map[string]string{"param": "k", "key": email}, false},
		{"headers", "headers.X-Api-Key", map[string]string{"headers.X-Api-Key": email}, false},
		{"headers", "headers.X-Api-Key",
			map[string]string{"headers.X-Api-Key": email, "headers.X-Sid": sid}, false},
		{"hmac-binance", "apiKey",
			map[string]string{"apiKey": sid, "apiSecret": "token_0123456789"}, false},
	} {
		found := reveal(scheme(t, c.authType).Secrets(credential(c.values)))
		if masked := slices.Contains(found, c.values[c.field]); masked == c.shown {
			t.Errorf("%s %v: %s is masked: %v", c.authType, c.values, c.field, masked)
		}
	}
}

// What is sent in the place of an identity and its secret gives the secret away, and stays masked.
func TestPairOfAnIdentityIsMasked(t *testing.T) {
	c := credential(map[string]string{"username": sid, "password": "token_0123456789=="})
	s := secret.NewScrubber(scheme(t, "basic").Secrets(c)...)
	_, pair := basicPair(c)
	for in, want := range map[string]string{
		"/Accounts/" + sid + "/Messages.json":            "/Accounts/" + sid + "/Messages.json",
		"Basic " + pair:                                  "Basic " + secret.Marker,
		"token_0123456789==":                             secret.Marker,
		"token_0123456789":                               secret.Marker,
		sid + ":token_0123456789==":                      secret.Marker,
		"https://" + sid + ":token_0123456789%3D%3D@x.y": "https://" + secret.Marker + "@x.y",
	} {
		if got, _ := s.Clean(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

// Halves of credentials as vendors make them: ids are shown, what follows them is not.
func TestHalvesOfCredentials(t *testing.T) {
	for _, c := range []struct{ authType, field, id, half string }{
		{"telegram", "key", "123456789:", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"},
		{"bearer", "key", "17|", "qWeRtYuIoPaSdFgHjKlZxCvBnM0123456789"},
		{"bearer", "key", "ACid:", "qWeRtYuIoPaSdFgHjKlZxCvBnM0123456789"},
		{"bearer", "key", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.",
			"dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"},
		{"headers", "headers.X-Api-Key", "id:", "qWeRtYuIoPaSdFgH"},
		{"query", "key", "id:", "kV9xT2mQ4hJpL0sWc8Rz=="},
	} {
		s := secret.NewScrubber(
			scheme(t, c.authType).Secrets(credential(map[string]string{c.field: c.id + c.half}))...)
		if got, _ := s.Clean(c.id + " " + c.half + " bot" + c.id); got != c.id+" "+
			secret.Marker+" bot"+c.id {
			t.Errorf("%s%s is shown as %q", c.id, c.half, got)
		}
	}
}
