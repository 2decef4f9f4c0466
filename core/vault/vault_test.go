package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
)

const vaultID = "5f0c2f7c9b3e4d11a7d2c0ffee000001"

var (
	binding = Binding{"stripe", "key", "bearer", "https://api.stripe.com"}
	nonce   = [12]byte([]byte("abcdefghijkl"))
)

func testRoot() Root {
	var b [32]byte
	for i := range b {
		b[i] = byte(i)
	}
	return NewRoot(b)
}

func TestOpenSeal(t *testing.T) {
	v := New(testRoot(), vaultID)
	for _, plain := range []string{
		"", "x", "sk_live_xxx", strings.Repeat("long\n", 20000), "\xff\x00",
	} {
		sealed := v.Seal("k1", binding, nonce, secret.New(plain))
		b, got, err := v.Open(sealed)
		if err != nil || b != binding || got.Reveal() != plain {
			t.Errorf("Open(Seal(%.20q)) = %v, %d bytes, %v", plain, b, got.Len(), err)
		}
	}
}

// TestOpenNothingElse moves a value to each other place it could be pasted to, and to other keys.
func TestOpenNothingElse(t *testing.T) {
	v := New(testRoot(), vaultID)
	sealed := v.Seal("k1", binding, nonce, secret.New("sk_live_xxx"))
	moved := map[string]string{
		"key id":  strings.Replace(sealed, ":k1:", ":k2:", 1),
		"service": strings.Replace(sealed, ":stripe:", ":github:", 1),
		"field":   strings.Replace(sealed, ":key:", ":apiKey:", 1),
		"type":    strings.Replace(sealed, ":bearer:", ":basic:", 1),
		"origin":  strings.Replace(sealed, "api.stripe.com", "api.stripe.co", 1),
		"box":     sealed[:len(sealed)-1] + "A",
	}
	for name, text := range moved {
		checkDamaged(t, name, v, text)
	}
	checkDamaged(t, "another vault id", New(testRoot(), "another"), sealed)
	checkDamaged(t, "another root", New(NewRoot([32]byte{1}), vaultID), sealed)
}

func checkDamaged(t *testing.T, name string, v *Vault, text string) {
	t.Helper()
	b, plain, err := v.Open(text)
	if !errors.Is(err, ErrDamaged) || b != (Binding{}) || !plain.IsZero() {
		t.Errorf("%s: Open = %v, %d bytes, %v", name, b, plain.Len(), err)
	}
}

func TestParseIsStrict(t *testing.T) {
	good := New(testRoot(), vaultID).Seal("k1", binding, nonce, secret.New("sk_live_xxx"))
	cut := strings.LastIndexByte(good, ':') + 1
	prefix, box := good[:cut], good[cut:]
	for name, text := range map[string]string{
		"empty":               "",
		"plaintext":           "sk_live_xxx",
		"version":             strings.Replace(good, ":v1:", ":v2:", 1),
		"no version":          strings.Replace(good, ":v1:", ":", 1),
		"upper-case scheme":   "J" + good[1:],
		"blank before":        " " + good,
		"line feed after":     good + "\n",
		"line feed in box":    prefix + box[:4] + "\n" + box[4:],
		"a part more":         good + ":" + box,
		"a part less":         strings.Replace(good, ":bearer", "", 1),
		"raw colon":           strings.Replace(good, "%3A", ":", 1),
		"lower-case escape":   strings.Replace(good, "%3A", "%3a", 1),
		"needless escape":     strings.Replace(good, "stripe:", "strip%65:", 1),
		"bad escape":          strings.Replace(good, "%3A", "%3G", 1),
		"short escape":        strings.Replace(good, "stripe:", "stripe%4:", 1),
		"raw slash":           strings.Replace(good, "%2F", "/", 1),
		"raw non-ASCII":       strings.Replace(good, "stripe:", "strüpe:", 1),
		"padding":             prefix + box + "=",
		"standard alphabet":   prefix + strings.Replace(box, "-", "+", 1),
		"spare bits":          prefix + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
		"box of 27 bytes":     prefix + encoding.EncodeToString(make([]byte, 27)),
		"empty box":           prefix,
		"no colon before box": strings.TrimSuffix(prefix, ":"),
	} {
		if _, _, err := Parse(text); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: Parse = %v", name, err)
		}
		if _, _, err := New(testRoot(), vaultID).Open(text); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: Open = %v", name, err)
		} else if strings.Contains(err.Error(), box) {
			t.Errorf("%s: the error quotes the text: %v", name, err)
		}
	}
	if b, kid, err := Parse(good); err != nil || b != binding || kid != "k1" {
		t.Errorf("Parse(good) = %v, %q, %v", b, kid, err)
	}
}

func TestShortBoxIsRefusedByLength(t *testing.T) {
	aead := newAEAD(make([]byte, 32))
	for n := range boxOverhead {
		if _, err := openBox(aead, nil, make([]byte, n)); !errors.Is(err, ErrFormat) {
			t.Errorf("box of %d bytes: %v", n, err)
		}
	}
}

func TestIsSealed(t *testing.T) {
	for text, want := range map[string]bool{
		"janee:v1:": true, "janee:v1:k1:a:b:c:d:e": true, "janee:v2:x": true, "janee:v": false,
		"janee:value": false, "Janee:v1:k1": true, "sk_live": false, "": false,
	} {
		if IsSealed(text) != want {
			t.Errorf("IsSealed(%q) = %v", text, !want)
		}
	}
}

func TestParseRoot(t *testing.T) {
	line := "janee-key-v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	digits := "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	for _, text := range []string{
		line, line + "\n", line + "\r\n", digits, digits + "\n", strings.ToUpper(digits),
	} {
		r, err := ParseRoot(text)
		if err != nil || r.IsZero() || r.Line().Reveal() != line {
			t.Errorf("ParseRoot(%q) = %v", text, err)
		}
	}
	for _, text := range []string{
		"", line + "\n\n", " " + line, line + "=", line[:len(line)-1], line + "A",
		line[:20] + "\n" + line[20:], line[:len(line)-1] + "9", "janee-key-v2:" + line[13:],
		digits[:62], digits + "00", digits[:63] + "g", "janee-key-v1:",
		"janee-key-v1:" + digits,
	} {
		r, err := ParseRoot(text)
		if err == nil || !r.IsZero() {
			t.Errorf("ParseRoot(%q) was accepted", text)
		} else if len(text) > 40 && strings.Contains(err.Error(), text[20:40]) {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}

func TestNewRefusesZeroRoot(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a vault without a root key was made")
		}
	}()
	New(Root{}, vaultID)
}

func TestKeysDiffer(t *testing.T) {
	v := New(testRoot(), vaultID)
	seen := map[string]string{}
	for _, label := range []string{
		"state", "check", "seal/k1", "seal/k2", "audit/cli", "audit/q7m2k4xa",
	} {
		k := v.Key(label)
		if other, ok := seen[string(k)]; ok || len(k) != 32 {
			t.Errorf("key %q is that of %q", label, other)
		}
		seen[string(k)] = label
		k[0]++
		if bytes.Equal(k, v.Key(label)) {
			t.Errorf("a caller can change the cached key %q", label)
		}
	}
	if New(testRoot(), "another").Check() == v.Check() ||
		New(NewRoot([32]byte{}), vaultID).Check() == v.Check() {
		t.Error("Check does not depend on root key and vault id")
	}
}

func TestNothingPrints(t *testing.T) {
	root := testRoot()
	v := New(root, vaultID)
	state, sealing := v.Key("state"), v.Key("seal/k1")
	v.Seal("k1", binding, nonce, secret.New("x"))
	type holder struct {
		r Root
		v *Vault
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{root, &root, v, holder{root, v}, &holder{root, v}} {
			text := fmt.Sprintf(verb, value)
			for _, bad := range []string{
				root.Line().Reveal(), "\x01\x02\x03", "1 2 3", "010203", "0x1, 0x2",
				fmt.Sprintf("%x", state), strings.Trim(fmt.Sprintf("%d", state), "[]"),
				strings.Trim(fmt.Sprintf("%d", sealing[:8]), "[]"),
			} {
				if strings.Contains(text, bad) {
					t.Errorf("%s of %T shows a key: %q", verb, value, text)
				}
			}
		}
	}
	if text, err := json.Marshal(map[string]any{"root": root}); err != nil ||
		bytes.Contains(text, []byte("AAEC")) {
		t.Errorf("JSON shows the root key: %s, %v", text, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	v := New(testRoot(), vaultID)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			sealed := v.Seal(fmt.Sprintf("k%d", i%3), binding, nonce, secret.New("x"))
			if _, _, err := v.Open(sealed); err != nil {
				t.Error(err)
			}
			v.Key("state")
		})
	}
	wg.Wait()
}

func FuzzSealedText(f *testing.F) {
	v := New(testRoot(), vaultID)
	f.Add("janee:v1:k1:stripe:key:bearer:https%3A%2F%2Fapi.stripe.com:"+
		"YWJjZGVmZ2hpamtshvV6b6EibcsGfaKaOwZC8sgujMAY-w6kT8T-", "k1", "s", "f", "t", "o")
	f.Add("janee:v1:::::%:", "", ":", "%", "%3A", "\xff")
	f.Fuzz(func(t *testing.T, text, kid, service, field, kind, origin string) {
		if b, id, err := Parse(text); err == nil && !strings.HasPrefix(text, b.prefix(id)+":") {
			t.Errorf("Parse(%q) accepts a second spelling of %q %q", text, id, b)
		}
		if _, _, err := v.Open(text); err != nil && !errors.Is(err, ErrFormat) &&
			!errors.Is(err, ErrDamaged) {
			t.Errorf("Open(%q) = %v", text, err)
		}
		want := Binding{service, field, kind, origin}
		sealed := v.Seal(kid, want, nonce, secret.New("x"))
		if b, id, err := Parse(sealed); err != nil || b != want || id != kid {
			t.Errorf("Parse(%q) = %q, %q, %v", sealed, b, id, err)
		}
		if b, plain, err := v.Open(sealed); err != nil || b != want || plain.Reveal() != "x" {
			t.Errorf("Open(%q) = %q, %v", sealed, b, err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	v := New(testRoot(), vaultID)
	plain := secret.New("sk_live_0123456789abcdef")
	for b.Loop() {
		v.Seal("k1", binding, nonce, plain)
	}
}

func BenchmarkOpen(b *testing.B) {
	v := New(testRoot(), vaultID)
	sealed := v.Seal("k1", binding, nonce, secret.New("sk_live_0123456789abcdef"))
	for b.Loop() {
		if _, _, err := v.Open(sealed); err != nil {
			b.Fatal(err)
		}
	}
}
