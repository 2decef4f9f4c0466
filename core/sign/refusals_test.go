package sign

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

// refused wants an error of Sign that holds text and none of the values.
func refused(t *testing.T, authType string, values map[string]string, r Request, text string) {
	t.Helper()
	signed, err := scheme(t, authType).Sign(credential(values), r,
		Moment{UnixMs: 1_700_000_000_000})
	if err == nil || !strings.Contains(err.Error(), text) || signed.Headers != nil ||
		signed.Query != "" {
		t.Fatalf("%s: signed %v, error %v, want %q", authType, err == nil, err, text)
	}
	for _, f := range scheme(t, authType).Fields {
		if v := values[f.Name]; f.Secret && len(v) > 3 && strings.Contains(err.Error(), v) {
			t.Errorf("the error shows a value: %v", err)
		}
	}
}

// Servers read two parameters of one name differently, so the agent's must not be sent beside the
// signed one.
func TestAgentParametersDoNotDisplaceSignedOnes(t *testing.T) {
	for authType, queries := range map[string][]string{
		"query": {"api_key=mine", "a=1&api_key", "API_KEY=mine",
			"api%5Fkey=mine", "%61pi_key=mine"},
		"hmac-mexc":    {"signature=mine", "timestamp=1&Signature=mine", "a=1&sign%61ture="},
		"hmac-binance": {"signature=mine"},
	} {
		for _, q := range queries {
			r := request
			r.Query = q
			refused(t, authType, complete[authType], r, "leave it out")
		}
	}
	for _, authType := range []string{"oauth1a", "oauth1a-twitter"} {
		r := request
		r.Query = "oauth_token=mine"
		refused(t, authType, complete[authType], r, `"oauth_token"`)
		r = request
		r.Headers, r.Body = []wire.Header{{Name: "content-type",
			Value: "Application/X-WWW-Form-URLEncoded; charset=utf-8"}}, []byte("a=1&OAuth_nonce=x")
		refused(t, authType, complete[authType], r, `"OAuth_nonce"`)
	}
}

func TestQueryScheme(t *testing.T) {
	signed := mustSign(t, "query",
		map[string]string{"param": "appid", "key": "a+b/c=ü &"}, request, 1)
	if want := "appid=a%2Bb%2Fc%3D%C3%BC%20%26"; signed.Query != want || signed.Headers != nil {
		t.Errorf("got %q, want %q", signed.Query, want)
	}
	for _, name := range []string{"a=b", "a&b", "a b", "?a", "a#", "a%20b", "a+b", "ä"} {
		fieldError(t,
			scheme(t, "query").Check(credential(map[string]string{"param": name, "key": "k"})),
			"param", nil)
	}
}

func TestTimeIsAddedUnlessTheCallHasIt(t *testing.T) {
	form := []wire.Header{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}
	for _, c := range []struct {
		query, body string
		headers     []wire.Header
		added       bool
	}{
		{"", "", nil, true},
		{"a=1", "", nil, true},
		{"a=1&timestamp=5", "", nil, false},
		{"", "a=1&timestamp=5", form, false},
		{"b=2", "a=1&timestamp=5", nil, false},
		{"", "a=1", form, true},
		{"", `{"timestamp":5}`, nil, true},
	} {
		signed := mustSign(t, "hmac-binance", complete["hmac-binance"], Request{Method: "POST",
			Path: "/x", Query: c.query, Body: []byte(c.body), Headers: c.headers}, 7)
		if got := strings.HasPrefix(signed.Query, "timestamp=7&signature="); got != c.added {
			t.Errorf("%q %q: appended %q", c.query, c.body, signed.Query)
		}
		text := appended(c.query,
			strings.TrimSuffix(signed.Query[:strings.Index(signed.Query, "signature=")], "&")) +
			c.body
		note(t, signed, "string to sign", text)
	}
}

func TestKrakenNonce(t *testing.T) {
	for body, want := range map[string]string{
		"nonce=12&a=b": "12", "a=b&nonce=12": "12", ` {"nonce": 12, "a": 1}`: "12",
		`{"nonce":"12"}`: "12", "": "", "a=b": "", "{}": "", `{"nonce":`: "",
		"nonsense": "", "nonce=": "",
	} {
		if got := krakenNonce([]byte(body)); got != want {
			t.Errorf("%q: %q", body, got)
		}
	}
	refused(t, "hmac-kraken", complete["hmac-kraken"], Request{Method: "POST",
		Path: "/0/private/Balance"}, "put nonce=1700000000000 into the form")
}

func TestBase64Secrets(t *testing.T) {
	for _, authType := range []string{"hmac-kraken", "hmac-coinbase"} {
		for _, bad := range []string{"not base64!", "YWJj=", "YWJ", "YQ==YQ==", "YW Jj"} {
			values := map[string]string{"apiKey": "k", "apiSecret": bad, "passphrase": "p"}
			if authType == "hmac-kraken" {
				delete(values, "passphrase")
			}
			fieldError(t, scheme(t, authType).Check(credential(values)), "apiSecret",
				map[string]string{"": bad})
		}
	}
	got := reveal(scheme(t, "hmac-kraken").Secrets(credential(complete["hmac-kraken"])))
	if got[len(got)-1] != "kraken example secret" {
		t.Errorf("the decoded secret is not masked: %q", got)
	}
}

// What the agent sends under a signed name is neither signed nor sent: core replaces it, and the
// canonical request must agree.
func TestAWSSignsItsOwnFields(t *testing.T) {
	r := request
	r.Headers = []wire.Header{
		{Name: "x-amz-date", Value: "19700101T000000Z"}, {Name: "X-AMZ-Content-SHA256",
			Value: "mine"}, {Name: "x-amz-security-token", Value: "mine"},
		{Name: "authorization", Value: "mine"}, {Name: "host", Value: "mine"},
		{Name: "User-Agent", Value: "mine"}, {Name: "X-Mine", Value: "  a \t b "},
	}
	signed := mustSign(t, "aws-sigv4", complete["aws-sigv4"], r, 1_700_000_000_000)
	note(t, signed,
		"canonical request",
		"POST\n/v1/x\na=1\nhost:api.example.com\nx-amz-content-sha256:UNSIGNED-PAYLOAD\n"+
			"x-amz-date:20231114T221320Z\n"+
			"x-amz-security-token:AQoDYXdz//token==\nx-mine:a b\n\n"+
			"host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-mine\nUNSIGNED-PAYLOAD")
	signed = mustSign(t, "aws-sigv4", with(complete["aws-sigv4"], "unsignedPayload", "false"), r, 1)
	header(t, signed, "X-Amz-Content-Sha256",
		"89575c3b36d1cdd88f1de8cba882748d728a74bf10fa6ac8857d2c47731d928e")
}

// Some services take the session token only beside the signed fields.
func TestAWSTokenBesideTheSignedFields(t *testing.T) {
	s := sigV4{
		keyID:         "AKID",
		secret:        "s",
		token:         "tok",
		region:        "r",
		service:       "iot",
		stamp:         "20150830T123600Z",
		payload:       "p",
		tokenUnsigned: true,
	}
	signed := s.signed(Request{Method: "GET", Host: "h", Path: "/"})
	header(t, signed, "X-Amz-Security-Token", "tok")
	note(t, signed, "canonical request",
		"GET\n/\n\nhost:h\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\np")
}

func TestAWSPaths(t *testing.T) {
	for _, c := range []struct{ service, path, want string }{
		{"s3", "/a!b'(c)*d", "/a%21b%27%28c%29%2Ad"},
		{"s3", "/a%c3%bc%7E+", "/a%C3%BC~%2B"},
		{"s3", "//a/../b/", "//a/../b/"},
		{"s3express", "/a%20b", "/a%20b"},
		{"s3", "/100%", "/100%25"},
		{"s3tables", "/a%20b", "/a%2520b"},
		{"execute-api", "/a%20b//c/./d/", "/a%2520b/c/d/"},
		{"execute-api", "/a!b", "/a%21b"},
		{"execute-api", "", "/"},
		{"s3", "", "/"},
	} {
		values := with(complete["aws-sigv4"], "awsService", c.service)
		signed := mustSign(t, "aws-sigv4", values,
			Request{Method: "GET", Host: "h", Path: c.path}, 1)
		if got := strings.Split(signed.Trace[0].Text, "\n")[1]; got != c.want {
			t.Errorf("%s %q: %q, want %q", c.service, c.path, got, c.want)
		}
	}
}

// with copies values with one of them changed.
func with(values map[string]string, path, value string) map[string]string {
	changed := map[string]string{path: value}
	for k, v := range values {
		if k != path {
			changed[k] = v
		}
	}
	return changed
}

func TestAWSFieldsKeepTheScopeWhole(t *testing.T) {
	for field, values := range map[string][]string{
		"accessKeyId": {"AKID/x", "AKID, Signature=x", "A B"},
		"region":      {"eu/west", "eu west", "eu,west"}, "awsService": {"s3/x", "s3=x"},
		"unsignedPayload": {"yes", "True"}, "sessionToken": {"a b"},
	} {
		for _, v := range values {
			fieldError(t,
				scheme(t, "aws-sigv4").Check(credential(with(complete["aws-sigv4"], field, v))),
				field, nil)
		}
	}
}

func TestOAuth1aOptions(t *testing.T) {
	r := Request{Method: "get", Host: "API.example.com:80", Path: "", Query: "b&a=%7e", HTTP: true}
	signed := mustSign(t, "oauth1a", map[string]string{"consumerKey": "ck", "consumerSecret": "cs",
		"signatureMethod": "HMAC-SHA256", "realm": "7"}, r, 9000)
	note(t, signed,
		"signature base string",
		"GET&http%3A%2F%2Fapi.example.com%2F&"+
			"a%3D~%26b%3D%26oauth_consumer_key%3Dck%26oauth_nonce%3D00000000000000000000000000000"+
			"000"+
			"%26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D9%26oauth_version%3D1.0")
	field, _ := wire.Get(signed.Headers, "Authorization")
	if !strings.HasPrefix(field, `OAuth realm="7", oauth_consumer_key="ck", oauth_nonce="0`) ||
		strings.Contains(field, "oauth_token") {
		t.Errorf("field %s", field)
	}
	fieldError(t, scheme(t, "oauth1a").Check(credential(with(complete["oauth1a"], "realm", `a"b`))),
		"realm", nil)
	fieldError(t,
		scheme(t, "oauth1a").Check(credential(with(complete["oauth1a"],
			"signatureMethod", "PLAINTEXT"))), "signatureMethod", nil)
}
