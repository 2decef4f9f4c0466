package vault

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
)

// boundByNode is the example of docs/formats.md, made with Node's crypto, independently of this
// code.
const boundByNode = `{"v":1,"kind":"bound","service":"stripe","type":"bearer",` +
	`"origin":"https://api.stripe.com","proxy":"http://127.0.0.1:3128","ca":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","values":{"key":"c5bc2fd663278436989d7613b841c640"},"mac":"757e945c817e4efcde2bc48567fa831de3baefccdc73f30288c9bd4f35841b3d"}`

func example(t *testing.T) (*Vault, Bound) {
	root, err := ParseRoot("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	if err != nil {
		t.Fatal(err)
	}
	v := New(root, "5f0c2f7c9b3e4d11a7d2c0ffee000001")
	return v, Bound{
		Destination: Destination{
			Service: "stripe", Type: "bearer", Origin: "https://api.stripe.com",
			Proxy: "http://127.0.0.1:3128",
			CA:    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		},
		Values: map[string]string{"key": v.Fingerprint("stripe", "key", secret.New("sk_live_xxx"))},
	}
}

func TestBoundByNode(t *testing.T) {
	v, b := example(t)
	if got := v.SealBound(b); got != boundByNode {
		t.Errorf("got  %s\nwant %s", got, boundByNode)
	}
	if got := b.Digest(); got != "b9662429b1eb7924dfa0019dc14faee3" {
		t.Errorf("digest %s", got)
	}
	back, err := v.OpenBound(boundByNode)
	if err != nil || back.Destination != b.Destination || back.Values["key"] != b.Values["key"] {
		t.Errorf("opened %+v, %v", back, err)
	}
}

// TestBoundIsOnlyWhatWasSigned changes each byte of a line, and asks another vault.
func TestBoundIsOnlyWhatWasSigned(t *testing.T) {
	v, _ := example(t)
	for i := range boundByNode {
		if b, err := v.OpenBound(boundByNode[:i] + "~" + boundByNode[i+1:]); err == nil ||
			b.Service != "" {
			t.Errorf("byte %d: %+v, %v", i, b, err)
		}
	}
	if _, err := New(v.root, "another").OpenBound(boundByNode); err == nil {
		t.Error("a line of another vault opens")
	}
	session := strings.Replace(boundByNode, `"kind":"bound"`, `"kind":"session"`, 1)
	if _, err := v.OpenBound(session); err == nil {
		t.Error("a line of another kind opens")
	}
}

// TestFingerprint tells values apart by all that says where they belong.
func TestFingerprint(t *testing.T) {
	v, b := example(t)
	seen := map[string]bool{b.Values["key"]: true}
	for _, c := range [][3]string{
		{"stripe", "key", "sk_live_xxy"}, {"stripe", "kez", "sk_live_xxx"},
		{"bank", "key", "sk_live_xxx"},
	} {
		print := v.Fingerprint(c[0], c[1], secret.New(c[2]))
		if seen[print] || strings.Contains(print, "sk_live") {
			t.Errorf("%q has the fingerprint %s of another", c, print)
		}
		seen[print] = true
	}
}
