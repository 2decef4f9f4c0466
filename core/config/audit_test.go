package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/secret"
)

func TestAnchor(t *testing.T) {
	c, err := Parse([]byte("audit:\n  anchor:\n    every: 5s\n    syslog: true\n" +
		"    command: [/bin/cat, '-']\n" +
		"    webhook: {url: 'https://a.example/', secret: sixteen_or_more_1}\n"))
	if err != nil {
		t.Fatal(err)
	}
	a := c.Audit.Anchor
	if a.Every != 5*time.Second || !a.Syslog ||
		!slices.Equal(a.Command, []string{"/bin/cat", "-"}) ||
		a.Webhook.URL != "https://a.example/" || !c.HasPlaintext() {
		t.Errorf("%+v", a)
	}
	for text, want := range map[string]string{"": "", "audit:": "", "audit: {anchor: }": ""} {
		if c, err := Parse([]byte(text + "\n")); err != nil || c.Audit.Anchor != nil {
			t.Errorf("%q: %v%s", text, err, want)
		}
	}
	if c, err = Parse([]byte("audit: {anchor: {syslog: true}}\n")); err != nil ||
		c.Audit.Anchor.Every != DefaultAnchorEvery {
		t.Errorf("by default: %v", err)
	}
	for text, want := range map[string]string{
		"{}": "has no receiver", "{syslog: false}": "has no receiver",
		"{syslog: true, every: 500ms}": "at least 1s", "{syslog: true, every: 2d}": "at most 1d",
		"{command: /bin/cat}": "list of 1 to 64 words", "{command: [cat]}": "full path",
		"{command: [./cat]}": "full path", "{command: ['']}": "first is the program",
		"{webhook: {url: 'http://chat.example.com/', secret: sixteen_or_more_1}}": "must begin " +
			"with https", "{webhook: {url: 'https://a.example/'}}": "needs a url and a secret",
	} {
		if _, err := Parse([]byte("audit: {anchor: " + text + "}\n")); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestAnchorSecret: the secret is sealed in place, only for this place, and sealed again with all
// others.
func TestAnchorSecret(t *testing.T) {
	sealed, _ := testSeal(AnchorBinding(), secret.New("a-secret-of-an-anchor"))
	text := strings.ReplaceAll("vault: {id: v, key: k1, check: 0123456789abcdef}\naudit:\n"+
		"  anchor:\n    webhook: {url: 'https://a.example/', secret: SEALED} # mine\n",
		"SEALED", sealed)
	c, err := Parse([]byte(text))
	if err != nil || !c.HasSealed() || len(c.Sealed()) != 1 ||
		c.Sealed()[0].String() != "audit.anchor.webhook.secret" {
		t.Fatalf("%v %+v", err, c)
	}
	if AnchorBinding() == WebhookBinding() {
		t.Error("one secret could stand in for the other")
	}
	out, err := Rekey([]byte(text), "k2", rekey("k2"))
	if err != nil || !strings.Contains(string(out), "janee:v1:k2:audit:") ||
		!strings.Contains(string(out), "} # mine") {
		t.Errorf("%v\n%s", err, out)
	}
	shown, err := Get([]byte(text), "audit.anchor.webhook.secret")
	if err != nil || len(shown) != 1 || shown[0].Value != "sealed" {
		t.Errorf("%v %+v", err, shown)
	}
}
