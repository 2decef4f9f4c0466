package sign

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/wire"
)

// exchanging are complete credentials for schemes that trade for a token; overriding changes
// members of the Google file.
func exchanging(overriding map[string]any) map[*Scheme]map[string]string {
	return map[*Scheme]map[string]string{
		&serviceAccount: {"credentials": accountFile(overriding), "scopes": "a.readonly  b",
			"subject": "ann@example.com", "tokenUri": "https://example.com/token"},
		&githubApp: {"appId": "Iv1.abc", "privateKey": keys()["rsa"], "installationId": "42",
			"apiUrl": "http://127.0.0.1:9000/api/v3/"},
		&clientCredentials: {"tokenUrl": "https://example.com/token", "clientId": "client:1",
			"clientSecret": "client/secret+1", "scopes": "a b",
			"audience": "https://api.example.com", "clientAuth": "basic"},
	}
}

func accountFile(overriding map[string]any) string {
	file := map[string]any{
		"type": "service_account", "client_email": "sa@p.iam.gserviceaccount.com",
		"private_key": keys()["rsa"], "private_key_id": "key-id-0123456789",
		"token_uri": "https://oauth2.googleapis.com/token", "project_id": "p",
	}
	for k, v := range overriding {
		file[k] = v
	}
	text, _ := json.Marshal(file)
	return string(text)
}

func TestEveryExchange(t *testing.T) {
	for s, values := range exchanging(nil) {
		t.Run(s.Type, func(t *testing.T) {
			if s.Title == "" || !strings.HasPrefix(s.Docs, "https://") {
				t.Error("no title or no specification")
			}
			x := exchange(t, s, values, 1)
			shown := fmt.Sprintf("%v %+v %#v %s %d", x, x, &x, []Exchange{x},
				struct{ X Exchange }{x})
			if strings.Contains(shown, "POST") {
				t.Errorf("prints %s", shown)
			}
			for _, f := range s.Fields {
				if f.Label == "" {
					t.Errorf("field %s has no label", f.Name)
				}
				_, needed, err := s.Exchange(without(values, f.Name), Moment{})
				if !needed || (err != nil) != f.Required {
					t.Errorf("without %s: %v", f.Name, err)
				}
				if f.Required {
					fieldError(t, err, f.Name, values)
				}
				c := credential(values)
				c[f.Name] = secret.New("abc\r\nX-Evil: 1")
				fieldError(t, s.Check(c), f.Name, map[string]string{"": "Evil"})
			}
			everySecret(t, s, values)
			if found, ok := Lookup(s.Type); !ok || found != s || !s.Exchanges() {
				t.Error("is not registered")
			}
			if _, err := s.Sign(credential(values), request, Moment{}); err == nil {
				t.Error("signed without a token")
			}
		})
	}
}

func TestSchemesThatSignNeedNoExchange(t *testing.T) {
	for _, authType := range Types() {
		if s := scheme(t, authType); s.exchange == nil {
			if _, needed, err := s.Exchange(nil, Moment{}); needed || err != nil {
				t.Errorf("%s: needed %v, %v", authType, needed, err)
			}
		}
	}
}

func TestTokens(t *testing.T) {
	const now = 1_000_000
	oauth, github := Exchange{read: readOAuth}, Exchange{read: readGitHub}
	for _, c := range []struct {
		x       Exchange
		status  int
		body    string
		token   string
		expires int64
		err     string
	}{
		{oauth, 200, `{"access_token":"tok","expires_in":3600,"token_type":"Bearer"}`, "tok",
			now + 3600_000, ""},
		{oauth, 200, `{"access_token":"tok","expires_in":"60","token_type":"bearer","scope":"a"}`,
			"tok", now + 60_000, ""},
		{oauth, 201, `{"access_token":"tok"}`, "tok", now + shortTokenLife, ""},
		{oauth, 200, `{"access_token":"tok","expires_in":1e300}`, "tok", now + maxTokenLife, ""},
		{oauth, 200, `{"access_token":"tok","expires_in":0}`, "", 0, "expired already"},
		{oauth, 200, `{"access_token":"tok","expires_in":-1e300}`, "", 0, "expired already"},
		{oauth, 200, `{"access_token":"tok","token_type":"mac"}`, "", 0, "not of the type bearer"},
		{oauth, 200, `{"access_token":""}`, "", 0, "no token that could be sent"},
		{oauth, 200, `{"access_token":"a\r\nb"}`, "", 0, "no token that could be sent"},
		{oauth, 200, `{"access_token":"a b"}`, "", 0, "no token that could be sent"},
		{oauth, 200, `{"access_token":7}`, "", 0, "not the JSON"},
		{oauth, 200, `<html>`, "", 0, "not the JSON"},
		{oauth, 302, `{"access_token":"tok"}`, "", 0, "answered 302"},
		{oauth, 400, `{"error":"invalid_grant","error_description":"Invalid JWT\u0007 Signature."}`,
			"", 0, "answered 400 (invalid_grant: Invalid JWT  Signature.)"},
		{oauth, 500, `{"error":{"code":500}}`, "", 0, "answered 500"},
		{oauth, 503, ``, "", 0, "answered 503"},
		{github, 201, `{"token":"ghs_x","expires_at":"1970-01-01T01:00:00Z","permissions":{}}`,
			"ghs_x", 3600_000, ""},
		{github, 201, `{"token":"ghs_x","expires_at":"1970-01-01T00:16:40Z"}`, "", 0,
			"expired already"},
		{github, 201, `{"token":"ghs_x"}`, "", 0, "not the JSON"},
		{github, 201, `{"token":"ghs_x","expires_at":"tomorrow"}`, "", 0, "not the JSON"},
		{github, 404, `{"message":"Not Found","documentation_url":"https://docs.github.com"}`, "",
			0, "answered 404 (Not Found)"},
	} {
		got, err := c.x.Token(Reply{Status: c.status, Body: []byte(c.body)}, now)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) || !got.Text.IsZero() {
				t.Errorf("%d %s: %v, want %q", c.status, c.body, err, c.err)
			}
		case err != nil || got.Text.Reveal() != c.token || got.Expires != c.expires:
			t.Errorf("%d %s: expires %d, %v", c.status, c.body, got.Expires, err)
		}
	}
	header(t, Token{Text: secret.New("tok")}.Signed(), "Authorization", "Bearer tok")
}

func TestTokenErrorsAreShortAndTellTheSkew(t *testing.T) {
	x := Exchange{read: readOAuth}
	for date, want := range map[string]string{
		"Thu, 01 Jan 1970 00:10:00 GMT": "answered 401; this clock is 600 s behind the " +
			"endpoint's: correct it",
		"Thu, 01 Jan 1970 00:00:59 GMT": "answered 401",
		"nonsense":                      "answered 401",
	} {
		_, err := x.Token(Reply{Status: 401, Headers: []wire.Header{{Name: "date", Value: date}}},
			0)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", date, err)
		}
	}
	_, err := x.Token(Reply{Status: 401,
		Headers: []wire.Header{{Name: "date", Value: "Thu, 01 Jan 1970 00:00:00 GMT"}}}, 90_000)
	if err == nil || !strings.Contains(err.Error(), "90 s ahead") {
		t.Error(err)
	}
	if _, err = x.Token(Reply{Status: 400,
		Body: []byte(`{"message":"` + strings.Repeat("ä", 5000) + `"}`)},
		0); len(err.Error()) > 300 {
		t.Errorf("%d bytes of error", len(err.Error()))
	}
}

func TestServiceAccountFiles(t *testing.T) {
	for _, c := range []struct {
		change map[string]any
		field  string
		text   string
	}{
		{nil, "", ""},
		{map[string]any{"type": "authorized_user"}, "credentials", "another kind of credential"},
		{map[string]any{"client_email": ""}, "credentials", "lacks client_email"},
		{map[string]any{"private_key": ""}, "credentials", "lacks private_key"},
		{map[string]any{"token_uri": ""}, "credentials", "lacks token_uri"},
		{map[string]any{"token_uri": 7}, "credentials", "is not the JSON file"},
		{map[string]any{"private_key": "sk_live_not_pem"}, "credentials",
			"has a private_key that is not a private key in PEM"},
		{map[string]any{"private_key": keys()["p256"]}, "credentials", "needs an RSA key"},
		{map[string]any{"token_uri": "https://evil.example/token"}, "credentials", "tokenUri"},
		{map[string]any{"token_uri": "https://evilgoogleapis.com/token"},
			"credentials", "tokenUri"},
		{map[string]any{"token_uri": "http://oauth2.googleapis.com/token"},
			"credentials", "tokenUri"},
		{map[string]any{"token_uri": "https://oauth2.googleapis.com:8443/token"},
			"credentials", "tokenUri"},
		{map[string]any{"token_uri": "https://oauth2.googleapis.com@evil.example/token"},
			"credentials", "tokenUri"},
		{map[string]any{"token_uri": "https://evil.example/?x=.googleapis.com"},
			"credentials", "tokenUri"},
		{map[string]any{"token_uri": "https://googleapis.com/token"}, "", ""},
	} {
		err := serviceAccount.Check(
			credential(map[string]string{"credentials": accountFile(c.change), "scopes": "a"}))
		if c.field == "" {
			if err != nil {
				t.Errorf("%v: %v", c.change, err)
			}
			continue
		}
		fieldError(t, err, c.field, map[string]string{"": "evil.example", "k": "sk_live_not_pem"})
		if !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v", c.change, err)
		}
	}
	fieldError(t,
		serviceAccount.Check(credential(map[string]string{"credentials": "not json at all",
			"scopes": "a"})), "credentials", map[string]string{"": "not json at all"})
}

func TestListedTokenEndpoint(t *testing.T) {
	for _, address := range []string{
		"https://evil.example/token", "http://127.0.0.1:4000/token", "http://[::1]:4000/token",
		"http://localhost/token",
	} {
		values := map[string]string{
			"credentials": accountFile(map[string]any{"token_uri": address}), "scopes": "a",
			"tokenUri": address,
		}
		if x := exchange(t, &serviceAccount, values, 1); x.URL != address {
			t.Errorf("goes to %s", x.URL)
		}
	}
	for _, address := range []string{
		"http://evil.example/token", "evil.example/token", "https:evil.example",
		"https://u:p@evil.example/", "https://evil.example/?a", "https://evil.example/#",
		"ftp://evil.example/", "https://l\u043egin.example/", "https://login\u200b.example/",
		"https://login.example%2eevil/",
	} {
		values := map[string]string{
			"credentials": accountFile(map[string]any{"token_uri": address}), "scopes": "a",
			"tokenUri": address,
		}
		fieldError(t, serviceAccount.Check(credential(values)), "tokenUri", nil)
		fieldError(t,
			clientCredentials.Check(credential(map[string]string{"tokenUrl": address,
				"clientId": "i", "clientSecret": "s"})), "tokenUrl", nil)
	}
}

func TestServiceAccountClaims(t *testing.T) {
	values := map[string]string{
		"credentials": accountFile(nil), "scopes": "a  b", "subject": "ann@example.com",
	}
	x := exchange(t, &serviceAccount, values, 7_000)
	assertion := ""
	for _, p := range params(string(x.Body)) {
		if p.name == "assertion" {
			assertion = p.value
		}
	}
	header, claims := opened(t, assertion, mustPEM(t, keys()["rsa"]))
	sameJSON(t, header, map[string]any{"alg": "RS256", "typ": "JWT", "kid": "key-id-0123456789"})
	sameJSON(t, claims, map[string]any{"iss": "sa@p.iam.gserviceaccount.com",
		"sub": "ann@example.com", "scope": "a b", "aud": "https://oauth2.googleapis.com/token",
		"iat": 7.0, "exp": 3607.0})
}

func TestGitHubAddress(t *testing.T) {
	values := exchanging(nil)[&githubApp]
	if x := exchange(t, &githubApp, values, 1); x.URL !=
		"http://127.0.0.1:9000/api/v3/app/installations/42/access_tokens" {
		t.Errorf("goes to %s", x.URL)
	}
	fieldError(t, githubApp.Check(credential(with(values, "installationId", "42/../43"))),
		"installationId", nil)
	fieldError(t, githubApp.Check(credential(with(values, "apiUrl", "http://github.example"))),
		"apiUrl", nil)
}

func TestClientCredentialsRequest(t *testing.T) {
	values := exchanging(nil)[&clientCredentials]
	x := exchange(t, &clientCredentials, values, 1)
	want := "audience=https%3A%2F%2Fapi.example.com&grant_type=client_credentials&scope=a%20b"
	if string(x.Body) != want {
		t.Errorf("body %s", x.Body)
	}
	field, _ := wire.Get(x.Headers, "Authorization")
	pair, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(field, "Basic "))
	if err != nil || string(pair) != "client%3A1:client%2Fsecret%2B1" {
		t.Errorf("field %s, %v", field, err)
	}
	x = exchange(t, &clientCredentials, with(values, "clientAuth", "post"), 1)
	if _, ok := wire.Get(x.Headers, "Authorization"); ok || !strings.HasPrefix(string(x.Body),
		"audience=https%3A%2F%2Fapi.example.com&client_id=client%3A1&"+
			"client_secret=client%2Fsecret%2B1&") {
		t.Errorf("body %s", x.Body)
	}
}

// TestOriginHoldsEndpoints: anyone who moves the token endpoint gets the credential.
func TestOriginHoldsEndpoints(t *testing.T) {
	const base = "https://api.example.com"
	for _, c := range []struct {
		s      *Scheme
		values map[string]string
		want   string
	}{
		{&clientCredentials, map[string]string{"tokenUrl": "https://IDP.example.com/a/token"},
			base + " https://idp.example.com"},
		{&clientCredentials, map[string]string{"tokenUrl": "https://idp.example.com:8443/b"},
			base + " https://idp.example.com:8443"},
		{&clientCredentials, map[string]string{"tokenUrl": "nonsense"}, base + " nonsense"},
		{&clientCredentials, nil, base},
		{&githubApp, map[string]string{"apiUrl": "https://ghe.example.com/api/v3"},
			base + " https://ghe.example.com"},
		{&githubApp, map[string]string{"appId": "1"}, base},
		// has to equal what the sealed file has
		{&serviceAccount, map[string]string{"tokenUri": "https://idp.example.com/"}, base},
		{&bearer, map[string]string{"key": "k"}, base},
	} {
		if got := c.s.Origin(base, credential(c.values)); got != c.want {
			t.Errorf("%s %v: %q", c.s.Type, c.values, got)
		}
	}
}

func TestExchangeSecrets(t *testing.T) {
	for s, values := range exchanging(nil) {
		x := exchange(t, s, values, 1)
		sent := string(x.Body)
		for _, h := range x.Headers {
			sent += h.Value
		}
		for _, v := range reveal(x.Secrets()) {
			if !strings.Contains(sent, v) {
				t.Errorf("%s: does not send %q", s.Type, v)
			}
		}
		if signs := s != &clientCredentials; signs != (len(x.Secrets()) == 2) ||
			signs != (len(x.Trace) == 1) {
			t.Errorf("%s: %d secrets, trace %v", s.Type, len(x.Secrets()), x.Trace)
		}
	}
}
