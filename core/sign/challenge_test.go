package sign

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

var mufasa = credential(complete["digest"])

const rfc7616Nonce = `nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"`

func answer(r Request, fields ...string) (Signed, error) {
	return digestAuth.Answer(mufasa, r, Moment{Nonce: []byte("0123456789abcdefghij")}, fields)
}

// The challenge is that of RFC 7616 section 3.9.1; what is hashed has vectors of its own.
func TestDigestAnswers(t *testing.T) {
	const rest = `, qop="auth, auth-int", algorithm=`
	const head = `Digest realm="http-auth@example.org", ` + rfc7616Nonce
	get := Request{Method: "GET", Path: "/dir/index.html", Query: "a=1"}
	d := digest{
		username: "Mufasa",
		password: "Circle of Life",
		realm:    "http-auth@example.org",
		nonce:    "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
	}
	for name, c := range map[string]struct {
		fields         []string
		algorithm, qop string
	}{
		"the stronger of two fields": {[]string{head + rest + `MD5, opaque="o"`,
			head + rest + `SHA-256, opaque="o"`}, "SHA-256", "auth"},
		"of two in one field": {[]string{head + rest + `SHA-256, opaque="o", ` + head +
			rest + `MD5`}, "SHA-256", "auth"},
		"beside others": {[]string{`Negotiate`, `Basic realm="a, Digest b", ` + head +
			rest + `md5-sess, opaque="o", Negotiate abc==`}, "md5-sess", "auth"},
		"one that cannot be answered": {[]string{head + rest + "SHA-1",
			head + `, qop=auth , opaque="o"`}, "", "auth"},
		"the old kind": {[]string{head + `,,opaque="o"`}, "", ""},
	} {
		signed, err := answer(get, c.fields...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d.algorithm, d.qop, d.nc, d.cnonce = c.algorithm, c.qop, "00000001",
			"30313233343536373839616263646566"
		response := d.response("GET", "/dir/index.html?a=1", nil)
		want := `Digest username="Mufasa", realm="http-auth@example.org", ` + rfc7616Nonce +
			`, uri="/dir/index.html?a=1", response="` + response + `"`
		if c.algorithm != "" {
			want += ", algorithm=" + c.algorithm
		}
		want += `, opaque="o"`
		if c.qop != "" {
			want += `, qop=auth, nc=00000001, cnonce="30313233343536373839616263646566"`
		}
		if got, _ := wire.Get(signed.Headers, "Authorization"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		if found := reveal(signed.Secrets); !slices.Contains(found, response) ||
			!slices.Contains(found, d.key()) {
			t.Errorf("%s: the response and its key are not masked", name)
		}
	}
}

func TestDigestRefuses(t *testing.T) {
	get := Request{Method: "GET", Path: "/"}
	for field, text := range map[string]string{
		`Digest realm="r", nonce="n", qop="auth-int"`:                "no qop=auth",
		`Digest realm="r", nonce="n", qop=""`:                        "no qop=auth",
		`Digest realm="r", nonce="n", algorithm=MD5-sess`:            "no qop=auth",
		`Digest realm="r", nonce="n", qop="auth", algorithm="SHA-1"`: "is not SHA-256",
		`Digest realm="r", qop="auth"`:                               "no realm or no nonce",
		`Digest nonce="n", qop="auth"`:                               "no realm or no nonce",
		`Digest realm="r", nonce="", qop="auth"`:                     "no realm or no nonce",
		`Digest realm="r\"x", nonce="n", qop="auth"`:                 "the realm of",
		`Digest realm="r", nonce="n\\", qop="auth"`:                  "the nonce of",
		"Digest realm=\"r\", nonce=\"n\r\nX: 1\", qop=\"auth\"":      "the nonce of",
		"Digest realm=\"r\x00\", nonce=\"n\", qop=\"auth\"":          "the realm of",
		"Digest realm=\"r\u00fc\", nonce=\"n\", qop=\"auth\"":        "the realm of",
		"Digest realm=\"r\", nonce=\"n\", opaque=\"\x7f\"":           "the opaque of",
		`Digest realm="r"x"y", nonce="n"`:                            "the realm of",
		`Digest realm="r, nonce="n`:                                  "the realm of",
		`Digest realm="r, nonce=n`:                                   "left open",
		`Digest realm="r", nonce="n", Nonce="m"`:                     "a parameter twice",
		`Basic realm="r"`:                                            "no digest challenge",
		`realm="r", nonce="n"`:                                       "no digest challenge",
		``:                                                           "no digest challenge",
	} {
		signed, err := answer(get, field)
		if err == nil || !strings.Contains(err.Error(), text) || signed.Headers != nil {
			t.Errorf("%q: %v, want %q", field, err, text)
		}
	}
	if _, err := answer(get); !errors.Is(err, ErrNoChallenge) {
		t.Errorf("without a challenge: %v", err)
	}
	_, err := answer(Request{Method: "GET", Path: "/", Query: `a="b`},
		`Digest realm="r", nonce="n"`)
	if err == nil || !strings.Contains(err.Error(), "%22") {
		t.Errorf("a quotation mark in the query: %v", err)
	}
	if _, err := digestAuth.Sign(mufasa, get, Moment{}); err == nil ||
		!strings.Contains(err.Error(), "challenge first") {
		t.Errorf("signed without a challenge: %v", err)
	}
	for _, name := range []string{`a"b`, `a\b`, "a:b", "ü"} {
		fieldError(t,
			digestAuth.Check(credential(map[string]string{"username": name, "password": "p"})),
			"username", nil)
	}
}

func FuzzChallenges(f *testing.F) {
	f.Add(`Basic realm="a, b", Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256`)
	f.Fuzz(func(t *testing.T, field string) {
		signed, err := answer(request, field)
		if err != nil {
			return
		}
		if value, _ := wire.Get(signed.Headers, "Authorization"); !wire.ValidValue(value) ||
			strings.Count(value, `"`)%2 != 0 {
			t.Errorf("%q: %q", field, value)
		}
	})
}
