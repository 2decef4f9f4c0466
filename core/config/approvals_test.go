package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

const hash = "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$aGFzaA"

func TestApprovals(t *testing.T) {
	c, err := Parse([]byte(minimal))
	if err != nil || c.Approvals.Wait != 25*time.Second || !c.Approvals.Notify ||
		c.Approvals.Webhook != nil || c.Approvals.PIN != "" || c.Approvals.Elicitation {
		t.Errorf("a file without the section: %+v, %v", c.Approvals, err)
	}
	c, err = Parse([]byte("approvals:\n  wait: 5s\n  notify: false\n  pin: " + hash +
		"\n  webhook:\n    url: http://127.0.0.1:9/hook?a=b\n    secret: sixteen_or_more_1\n"))
	if err != nil {
		t.Fatal(err)
	}
	a := c.Approvals
	if a.Wait != 5*time.Second || a.Notify || a.PIN != hash ||
		a.Webhook.URL != "http://127.0.0.1:9/hook?a=b" ||
		a.Webhook.Secret.Plain.Reveal() != "sixteen_or_more_1" {
		t.Errorf("read %+v", a)
	}
	if !c.HasPlaintext() || c.HasSealed() {
		t.Error("the secret of the webhook does not count as plaintext")
	}
	if c, err := Parse([]byte("approvals: {elicitation: true}\n")); err != nil ||
		!c.Approvals.Elicitation || len(c.Warnings) != 0 {
		t.Errorf("elicitation: %v, %v", c, err)
	}
	c, err = Parse([]byte("approvals:\n  elicitation: true\n  pin: " + hash + "\n"))
	if err != nil || len(c.Warnings) != 1 ||
		!strings.Contains(c.Warnings[0].Text, "no effect while there is a pin") {
		t.Errorf("elicitation beside a pin: %v, %v", c, err)
	}
	for text, want := range map[string]string{
		"approvals: {wait: 51s}":         "at most 50s",
		"approvals: {elicitation: ask}":  "must be true or false",
		"approvals: {notify: maybe}":     "must be true or false",
		"approvals: {pin: 1234}":         "not written by hand",
		"approvals: {webhook: {url: x}}": "full address",
		"approvals: {webhook: {}}":       "needs a url and a secret",
		"approvals: {webhook: text}":     "must be a mapping",
		"approvals: []":                  "must be a mapping",
		"approvals: {webhook: {url: 'http://chat.example.com/', secret: " +
			"sixteen_or_more_1}}": "must begin with https",
		"approvals: {webhook: {url: 'https://u:p@chat.example.com/', secret: " +
			"sixteen_or_more}}": "without a user name",
		"approvals: {webhook: {url: 'ftp://127.0.0.1/', secret: " +
			"sixteen_or_more_1}}": "must begin with https",
		"approvals: {webhook: {url: 'https://169.254.169.254/', secret: " +
			"sixteen_or_more_1}}": "may not be that of a metadata service",
		"approvals: {webhook: {url: 'https://a.example/', secret: short}}": "too short",
		"approvals: {webhook: {url: 'https://a.example/', secret: " +
			"'env:SIXTEEN_OR_MORE'}}": "reserved",
		"approvals: {webhook: {url: 'https://a.example/', secret: 'janee:v1:nonsense'}}": "damaged",
	} {
		_, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil &&
			(strings.Contains(err.Error(), "1234") || strings.Contains(err.Error(), "sixteen")) {
			t.Errorf("%s: the error shows a secret: %v", text, err)
		}
	}
}

func TestTheWebhookSecretIsSealedInPlace(t *testing.T) {
	v := vault.New(vault.NewRoot([32]byte{1}), "5f0c2f7c9b3e4d11a7d2c0ffee000001")
	text := "# mine\napprovals:\n  webhook:\n    url: https://a.example/hook # the bridge\n" +
		"    secret: sixteen_or_more_1 # ask Ann\n"
	var bound vault.Binding
	out, n, err := Seal([]byte(text), func(b vault.Binding, plain secret.Text) (string, error) {
		bound = b
		return v.Seal("k1", b, [12]byte{}, plain), nil
	})
	if err != nil || n != 1 || bound != WebhookBinding() {
		t.Fatalf("%d sealed for %+v, %v", n, bound, err)
	}
	if s := string(out); strings.Contains(s, "sixteen") || !strings.HasPrefix(s, "# mine\n") ||
		!strings.Contains(s, "# the bridge") || !strings.HasSuffix(s, " # ask Ann\n") {
		t.Errorf("sealed:\n%s", s)
	}
	c, err := Parse(out)
	if err != nil || c.HasPlaintext() || !c.HasSealed() {
		t.Fatalf("%+v, %v", c, err)
	}
	if got, plain, err := v.Open(c.Approvals.Webhook.Secret.Sealed); err != nil ||
		got != WebhookBinding() || plain.Reveal() != "sixteen_or_more_1" {
		t.Errorf("opened %+v, %v", got, err)
	}
}

func TestSetPIN(t *testing.T) {
	for _, text := range []string{
		minimal, "", "approvals:\n  wait: 5s # patience\n",
		"approvals: {wait: 5s}\n", "approvals:\n",
	} {
		out, err := SetPIN([]byte(text), hash)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if c, err := Parse(out); err != nil || c.Approvals.PIN != hash {
			t.Errorf("%q became %q, %v", text, out, err)
		}
		again, err := SetPIN(out, strings.Replace(hash, "c29", "d29", 1))
		if c, bad := Parse(again); err != nil || bad != nil ||
			!strings.Contains(c.Approvals.PIN, "d29") {
			t.Errorf("%q: a second pin: %v %v", text, err, bad)
		}
		out, err = SetPIN(again, "")
		if c, bad := Parse(out); err != nil || bad != nil || c.Approvals.PIN != "" {
			t.Errorf("%q: without a pin %q: %v %v", text, out, err, bad)
		}
	}
	var known *Error
	if _, err := SetPIN(nil, "1234"); !errors.As(err, &known) {
		t.Errorf("a pin that is no hash: %v", err)
	}
}

func TestApprovalSettings(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"approvals.wait", "5s", "5s"}, {"approvals.notify", "false", "false"},
	} {
		out, err := Set([]byte(minimal), c.key, c.value)
		if err != nil {
			t.Errorf("%s: %v", c.key, err)
			continue
		}
		if _, err := Parse(out); err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %s, %v", c.key, out, err)
		}
	}
	text := []byte("approvals:\n  pin: " + hash +
		"\n  webhook: {url: 'https://a.example/', secret: sixteen_or_more_1}\n")
	for _, key := range []string{"approvals.pin", "approvals.webhook.secret"} {
		if _, err := Set(text, key, "x"); !errors.Is(err, ErrSecret) {
			t.Errorf("%s can be set: %v", key, err)
		}
		if got, err := Get(text, key); err != nil || len(got) != 1 ||
			got[0].Value != "hashed" && got[0].Value != "not sealed yet" {
			t.Errorf("%s is shown: %+v, %v", key, got, err)
		}
	}
}
