package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

func TestStorageText(t *testing.T) {
	r := Request{
		Method: "PUT",
		Path:   "/c/a%20b",
		Query:  "comp=list&include=b&Include=a&x=%C3%BC",
		Body:   []byte("12345"),
		Headers: []wire.Header{
			{Name: "content-type", Value: "text/plain"}, {Name: "If-Match", Value: `"e"`},
			{Name: "Range", Value: "bytes=0-1"}, {Name: "Date", Value: "mine"},
			{Name: "X-MS-Date", Value: "mine"}, {Name: "x-ms-blob-type", Value: "BlockBlob"},
			{Name: "x-ms-a", Value: " b \t c "}, {Name: "x-ms", Value: "no"}},
	}
	signed := mustSign(t, "azure-sharedkey", complete["azure-sharedkey"], r, 0)
	note(t, signed,
		"string to sign",
		"PUT\n\n\n5\n\ntext/plain\n\n\n\"e\"\n\n\nbytes=0-1\nx-ms-a:b c\n"+
			"x-ms-blob-type:BlockBlob\nx-ms-date:Thu, 01 Jan 1970 00:00:00 GMT\n"+
			"x-ms-version:"+storageVersion+
			"\n/devstoreaccount1/c/a%20b\ncomp:list\ninclude:a,b\nx:ü")
	header(t, signed, "x-ms-date", "Thu, 01 Jan 1970 00:00:00 GMT")
	r.Headers = append(r.Headers, wire.Header{Name: "x-ms-version", Value: "2020-04-08"})
	signed = mustSign(t, "azure-sharedkey", complete["azure-sharedkey"], r, 0)
	if _, ok := wire.Get(signed.Headers, "x-ms-version"); ok ||
		!strings.Contains(signed.Trace[0].Text, "x-ms-version:2020-04-08\n") {
		t.Errorf("the call's version is not the one that counts: %s", signed.Trace[0].Text)
	}
}

func TestCosmosResources(t *testing.T) {
	for path, want := range map[string][2]string{
		"/":                              {"", ""},
		"/dbs":                           {"dbs", ""},
		"/dbs/ToDoList":                  {"dbs", "dbs/ToDoList"},
		"/dbs/ToDoList/":                 {"dbs", "dbs/ToDoList"},
		"/dbs/ToDoList/colls":            {"colls", "dbs/ToDoList"},
		"/dbs/D/colls/C/docs/a%20b":      {"docs", "dbs/D/colls/C/docs/a b"},
		"/dbs/D/colls/C/sprocs/S":        {"sprocs", "dbs/D/colls/C/sprocs/S"},
		"/offers":                        {"offers", ""},
		"/offers/R8L0":                   {"offers", "r8l0"},
		"/dbs/D/users/U/permissions/Per": {"permissions", "dbs/D/users/U/permissions/Per"},
	} {
		if kind, link := cosmosResource(path); kind != want[0] || link != want[1] {
			t.Errorf("%s: %q %q, want %q", path, kind, link, want)
		}
	}
}

func TestDigestVariants(t *testing.T) {
	// RFC 7616 section 3.9.1 gives the response for MD5 too; RFC 2069 section 2.4 with its erratum
	// that without qop.
	rfc7616 := digest{
		"MD5", "Mufasa", "Circle of Life", "http-auth@example.org",
		"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "auth", "00000001",
		"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	}
	got := rfc7616.response("GET", "/dir/index.html", nil)
	if got != "8ca523f5e9506fed4657c9700eebdbec" {
		t.Errorf("MD5: %s", got)
	}
	rfc2069 := digest{
		username: "Mufasa",
		password: "CircleOfLife",
		realm:    "testrealm@host.com",
		nonce:    "dcd98b7102dd2f0e8b11d0f600bfb0c093",
	}
	got = rfc2069.response("GET", "/dir/index.html", nil)
	if got != "1949323746fe6a43ef61f9606e7febea" {
		t.Errorf("without qop: %s", got)
	}
	seen := map[string]bool{}
	for _, algorithm := range []string{
		"MD5", "md5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess",
	} {
		for _, qop := range []string{"auth", "auth-int"} {
			rfc7616.algorithm, rfc7616.qop = algorithm, qop
			seen[rfc7616.response("GET", "/", []byte("body"))] = true
		}
	}
	if len(seen) != 12 {
		t.Errorf("%d responses of 12", len(seen))
	}
	if got := (digest{algorithm: "SHA-1"}).response("GET", "/", nil); got != "" {
		t.Errorf("an unknown algorithm gave %s", got)
	}
}

func TestMessageSignaturesVerify(t *testing.T) {
	for algorithm, name := range map[string]string{
		"ed25519": "ed25519", "ecdsa-p256-sha256": "p256", "rsa-v1_5-sha256": "rsa",
	} {
		values := map[string]string{"keyId": `k"\`, "algorithm": algorithm, "key": keys()[name]}
		signed := mustSign(t, "http-message-signature", values, request, 5000)
		field, _ := wire.Get(signed.Headers, "Signature")
		signature, err := base64.StdEncoding.DecodeString(
			strings.TrimSuffix(strings.TrimPrefix(field, "sig1=:"), ":"))
		if err != nil || !verifies(mustPEM(t, keys()[name]), signed.Trace[0].Text, signature) {
			t.Errorf("%s does not verify: %v", algorithm, err)
		}
		header(t, signed,
			"Signature-Input",
			`sig1=("@method" "@authority" "@path" "@query" "content-digest");created=5;keyid="k\"\\"`)
		header(t, signed, "Content-Digest",
			"sha-256=:"+base64.StdEncoding.EncodeToString(sha256Of("nonce=1"))+":")
	}
}

func sha256Of(text string) []byte {
	b, _ := hex.DecodeString(digestHex(sha256.New, []byte(text)))
	return b
}

func verifies(key any, text string, signature []byte) bool {
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Verify(key.Public().(ed25519.PublicKey), []byte(text), signature)
	case *ecdsa.PrivateKey:
		return ecdsa.Verify(&key.PublicKey, sha256Of(text), new(big.Int).SetBytes(signature[:32]),
			new(big.Int).SetBytes(signature[32:]))
	case *rsa.PrivateKey:
		return rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sha256Of(text), signature) == nil
	}
	return false
}

func TestMessageComponents(t *testing.T) {
	r := Request{
		Method:  "GET",
		Host:    "API.example.com:443",
		Path:    "/a",
		Headers: []wire.Header{{Name: "X-A", Value: "1"}, {Name: "x-a", Value: " 2 "}},
	}
	for list, want := range map[string]string{
		"@method @authority @scheme @target-uri @request-target @path @query": "\"@method\": " +
			"GET\n\"@authority\": api.example.com\n\"@scheme\": https\n" +
			"\"@target-uri\": https://api.example.com/a\n\"@request-target\": /a\n\"@path\": /a\n" +
			"\"@query\": ?\n",
		"host x-a date": "\"host\": API.example.com:443\n\"x-a\": 1, 2\n" +
			"\"date\": Thu, 01 Jan 1970 00:00:09 GMT\n",
		"@path content-type content-digest content-length": "\"@path\": /a\n",
	} {
		signed := mustSign(t, "http-message-signature",
			with(complete["http-message-signature"], "components", list), r, 9000)
		if got, _, _ := strings.Cut(signed.Trace[0].Text, `"@signature-params"`); got != want {
			t.Errorf("%s: %q, want %q", list, got, want)
		}
	}
	r.Body = []byte("12")
	signed := mustSign(t, "http-message-signature",
		with(complete["http-message-signature"], "components", "content-length"), r, 9000)
	if !strings.HasPrefix(signed.Trace[0].Text, "\"content-length\": 2\n") {
		t.Errorf("got %s", signed.Trace[0].Text)
	}
	for _, missing := range []string{"content-type", "x-b"} {
		refused(t, "http-message-signature",
			with(complete["http-message-signature"], "components", missing), r, missing)
	}
}

func TestMessageFields(t *testing.T) {
	s, values := scheme(t, "http-message-signature"), complete["http-message-signature"]
	for field, bad := range map[string][]string{
		"components": {"@nope", "X-A", "a:b", "@method @method", "@query-param"},
		"label":      {"Sig", "1sig", "a b", "a="},
		"algorithm":  {"sha256", "none"},
		"key":        {"not base64", keys()["p256"], "-----BEGIN PRIVATE KEY-----"},
	} {
		for _, v := range bad {
			fieldError(t, s.Check(credential(with(values, field, v))), field, nil)
		}
	}
	for algorithm, name := range map[string]string{
		"ed25519": "rsa", "ecdsa-p256-sha256": "ed25519", "rsa-v1_5-sha256": "p256",
	} {
		for _, key := range []string{keys()[name], "aHR0cCBtZXNzYWdlIGV4YW1wbGUga2V5"} {
			fieldError(t,
				s.Check(credential(with(with(values, "algorithm", algorithm), "key", key))), "key",
				map[string]string{"": key})
		}
	}
}
