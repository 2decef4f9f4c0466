package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

const keyed = `# mine
services:
  approvals:   # a service may have that name
    baseUrl: https://new.example
    auth: {type: headers, headers: {X-B: 'OLD-B', "X-A": OLD-A}} # both
  t:
    baseUrl: https://t.example
    auth:
      key: |-   # long
        OLD-T

      type: bearer
approvals:
  webhook: {url: https://hook.example, secret: OLD-W}
vault: {id: v, key: k1, check: 0123456789abcdef} # the vault
`

func oldKeyed() string {
	secretText, _ := testSeal(WebhookBinding(), secret.New("a-secret-of-a-webhook"))
	return strings.NewReplacer("OLD-A", old("headers.X-A"), "OLD-B", old("headers.X-B"), "OLD-T",
		fresh("t", "key", "bearer", "https://t.example"), "OLD-W", secretText).Replace(keyed)
}

// rekey opens and seals under another key, with the binding that the value carries.
func rekey(kid string) func(SealedValue) (string, error) {
	return func(v SealedValue) (string, error) {
		b, plain, err := testVault.Open(v.Text)
		if err != nil {
			return "", err
		}
		return testVault.Seal(kid, b, [12]byte{2}, plain), nil
	}
}

func TestRekey(t *testing.T) {
	before := oldKeyed()
	out, err := Rekey([]byte(before), "k2", rekey("k2"))
	if err != nil {
		t.Fatal(err)
	}
	is, err := Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	was, _ := Parse([]byte(before))
	old, now := was.Sealed(), is.Sealed()
	if is.Vault.Key != "k2" || len(now) != 4 || len(old) != 4 {
		t.Fatalf("key %s, %d values of %d", is.Vault.Key, len(now), len(old))
	}
	want := strings.Replace(strings.Replace(before, "key: k1,", "key: k2,", 1),
		"|-   # long\n        "+old[2].Text+"\n", old[2].Text+"   # long\n", 1)
	for i := range now {
		from, _, _ := testVault.Open(old[i].Text)
		to, plain, err := testVault.Open(now[i].Text)
		_, kid, _ := vault.Parse(now[i].Text)
		if err != nil || from != to || kid != "k2" || plain.IsZero() {
			t.Errorf("%v: %v, %v, %s", now[i], err, to, kid)
		}
		want = strings.Replace(want, old[i].Text, now[i].Text, 1)
	}
	// Nothing but the values and the name of the key has changed: what was sealed for another place
	// still says so.
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

func TestRekeyRefuses(t *testing.T) {
	text := oldKeyed()
	rebind := func(v SealedValue) (string, error) {
		b, plain, err := testVault.Open(v.Text)
		b.Origin = "https://evil.example"
		return testVault.Seal("k2", b, [12]byte{2}, plain), err
	}
	stranger := vault.New(vault.NewRoot([32]byte{9}), "test")
	for _, c := range []struct {
		name, text, says string
		reseal           func(SealedValue) (string, error)
	}{
		{"a value that does not open", text, `"headers.X-A" of service "approvals"`,
			func(v SealedValue) (string, error) {
				_, _, err := stranger.Open(v.Text)
				return "", err
			}},
		{"the webhook's does not open", text, "approvals.webhook.secret",
			func(v SealedValue) (string, error) {
				if v.Service == "" {
					return "", vault.ErrDamaged
				}
				return rekey("k2")(v)
			}},
		{"another destination", text, "not for the same place", rebind},
		{"the old key", text, "under another key", rekey("k1")},
		{"no sealed text", text, "not for the same place", func(SealedValue) (string, error) {
			return "sk_live_xxx", nil
		}},
		{"damaged", strings.Replace(text, ":key:bearer:", ":key:bearer:%", 1),
			`"key" of service "t"`, rekey("k2")},
		{"no vault", text[:strings.Index(text, "vault:")], "no vault", rekey("k2")},
	} {
		out, err := Rekey([]byte(c.text), "k2", c.reseal)
		if err == nil || out != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var all *Error
	if _, err := Rekey([]byte("version: 2\n"), "k2", rekey("k2")); !errors.As(err, &all) {
		t.Errorf("%v", err)
	}
	plain := strings.Replace(text, fresh("t", "key", "bearer", "https://t.example"),
		"sk_live_typed_by_hand", 1)
	if _, err := Rekey([]byte(plain), "k2", rekey("k2")); err == nil ||
		!strings.Contains(err.Error(), "in the clear") {
		t.Errorf("in the clear: %v", err)
	}
}
