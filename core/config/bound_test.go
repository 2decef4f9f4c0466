package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
)

const routed = `services:
  s:
    baseUrl: https://api.example.com
    proxy: http://proxy.example.com:3128
    caFile: /etc/ca.pem
    auth: {type: oauth2-client-credentials, tokenUrl: "https://idp.example.com/t", clientId: id_12345678,
      clientSecret: client_secret_1}
`

func boundVault() *vault.Vault { return vault.New(vault.NewRoot([32]byte{1}), "v") }

// bind seals text and has it agreed to with the digest of a caFile.
func bind(t *testing.T, v *vault.Vault, text, ca string) string {
	t.Helper()
	seal := func(b vault.Binding, plain secret.Text) (string, error) {
		return v.Seal("k1", b, [12]byte{}, plain), nil
	}
	sealed, _, err := Seal([]byte(text), seal)
	if err != nil {
		t.Fatal(err)
	}
	s := serviceOf(t, string(sealed))
	d := s.Destination()
	d.CA = ca
	line := v.SealBound(vault.Bound{Destination: d, Values: s.Fingerprints(v, plainOf(t, v, s))})
	out, err := SetBound(sealed, "s", line)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func plainOf(t *testing.T, v *vault.Vault, s *Service) sign.Credential {
	t.Helper()
	c := sign.Credential{}
	for path, value := range s.Auth.Fields {
		c[path] = value.Plain
		if value.Sealed == "" {
			continue
		}
		var err error
		if _, c[path], err = v.Open(value.Sealed); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestAgreed changes each part that decides where a credential goes after it was agreed to.
func TestAgreed(t *testing.T) {
	v := boundVault()
	text := bind(t, v, routed, "d1")
	replaced := func(old, new string) string { return strings.Replace(text, old, new, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"as agreed":         {text, ""},
		"another path":      {replaced("api.example.com", "api.example.com/v2"), ""},
		"another file name": {replaced("/etc/ca.pem", "/srv/ca.pem"), ""},
		"origin": {replaced("https://api.example.com", "https://api.example.net"),
			"origin is"},
		"token origin": {replaced("https://idp.example.com", "https://idp.example.net"),
			"origin is"},
		"proxy":     {replaced("proxy.example.com", "proxy.example.net"), "proxy is"},
		"no proxy":  {strip(text, "proxy"), "proxy is none"},
		"no caFile": {strip(text, "caFile"), "there is no caFile"},
		"no line": {strip(text, "bound"),
			"proxy is http://proxy.example.com:3128, but none was agreed to; caFile is"},
		"an edited line": {replaced(`"proxy":"http://proxy`, `"proxy":"http://prozy`),
			"damaged"},
		"another service's": {strings.Replace(text, "  s:", "  t:", 1), "service is t"},
		"neither, no line":  {strip(text, "proxy", "caFile", "bound"), ""},
	} {
		s := serviceOf(t, c.text)
		_, err := s.Agreed(v, plainOf(t, v, s))
		var unagreed *UnagreedError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!errors.As(err, &unagreed) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	d, err := serviceOf(t, text).Agreed(v, plainOf(t, v, serviceOf(t, text)))
	if err != nil || d.CA != "d1" {
		t.Errorf("agreed to %+v, %v", d, err)
	}
}

func strip(text string, keys ...string) string {
	var kept []string
	for line := range strings.Lines(text) {
		key, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		drop := false
		for _, k := range keys {
			drop = drop || k == key
		}
		if !drop {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func serviceOf(t *testing.T, text string) *Service {
	t.Helper()
	c, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c.Services[c.ServiceNames[0]]
}

// TestAgreedIsAboutValues puts an older value back beside the line of a newer one.
func TestAgreedIsAboutValues(t *testing.T) {
	v := boundVault()
	old := serviceOf(t, bind(t, v, routed, "d1"))
	now := serviceOf(t,
		bind(t, v, strings.Replace(routed, "client_secret_1", "client_secret_2", 1), "d1"))
	now.Auth = old.Auth
	if _, err := now.Agreed(v, plainOf(t, v, now)); err == nil ||
		!strings.Contains(err.Error(), "other values") {
		t.Errorf("an older value goes where a newer one was agreed to: %v", err)
	}
}

// TestSessionBinding differs wherever a credential goes elsewhere, and is "" where the origin says
// all.
func TestSessionBinding(t *testing.T) {
	v := boundVault()
	text := bind(t, v, routed, "d1")
	seen := map[string]string{"": "none"}
	for name, text := range map[string]string{
		"agreed":     text,
		"another CA": bind(t, v, routed, "d2"),
		"proxy": strings.Replace(text, "    proxy: http://proxy",
			"    proxy: http://prozy", 1),
		"token origin": strings.Replace(text, "https://idp.example.com",
			"https://idp.example.net", 1),
		"no route": strip(text, "proxy", "caFile", "bound"),
	} {
		got := serviceOf(t, text).SessionBinding()
		if other, twice := seen[got]; twice {
			t.Errorf("%s and %s have one binding", name, other)
		}
		seen[got] = name
	}
	plain := serviceOf(t,
		"services: {s: {baseUrl: 'https://a.example', auth: {type: bearer, key: abcdefgh}}}")
	if got := plain.SessionBinding(); got != "" {
		t.Errorf("a session that goes straight to its API is bound to %q", got)
	}
}
