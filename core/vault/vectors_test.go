package vault

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/internal/vectors"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectorsAESGCMWycheproof(t *testing.T) {
	type vector struct {
		ID, Source, Comment        string
		IVSize                     int
		Flags                      []string
		Key, IV, AAD, Msg, Ct, Tag string
		Result                     string
	}
	for _, c := range vectors.Load[vector](t, "aes_gcm_wycheproof", 54) {
		t.Run(c.ID, func(t *testing.T) {
			aead := newAEAD(unhex(t, c.Key))
			iv, aad, msg := unhex(t, c.IV), unhex(t, c.AAD), unhex(t, c.Msg)
			box := bytes.Join([][]byte{iv, unhex(t, c.Ct), unhex(t, c.Tag)}, nil)
			valid := c.IVSize == 96 && c.Result == "valid"
			plain, err := openBox(aead, aad, box)
			if (err == nil) != valid || valid && !bytes.Equal(plain, msg) {
				t.Errorf("openBox = %x, %v; iv of %d bits, %s", plain, err, c.IVSize, c.Result)
			}
			if c.IVSize == 96 {
				if got := sealBox(aead, [12]byte(iv), aad, msg); bytes.Equal(got, box) != valid {
					t.Errorf("sealBox = %x, want %x (%s)", got, box, c.Result)
				}
			}
		})
	}
}

func TestVectorsFormats(t *testing.T) {
	checks := map[string]func(*testing.T, *Vault, json.RawMessage, string){
		"sealed": checkSealed, "check": checkCheck,
	}
	file := vectors.LoadFormats(t, 3, slices.Collect(maps.Keys(checks))...)
	root, err := ParseRoot(file.Root)
	if err != nil {
		t.Fatal(err)
	}
	v := New(root, file.Vault)
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			var want string
			vectors.Strict(t, c.Want, &want)
			checks[c.Kind](t, v, c.Input, want)
		})
	}
}

func checkSealed(t *testing.T, v *Vault, input json.RawMessage, want string) {
	var in struct{ KID, Service, Field, Type, Origin, Nonce, Plain string }
	vectors.Strict(t, input, &in)
	b := Binding{in.Service, in.Field, in.Type, in.Origin}
	if got := v.Seal(in.KID, b, [12]byte([]byte(in.Nonce)), secret.New(in.Plain)); got != want {
		t.Errorf("Seal = %s, want %s", got, want)
	}
	if got, plain, err := v.Open(want); err != nil || got != b || plain.Reveal() != in.Plain {
		t.Errorf("Open = %v, %v", got, err)
	}
	if got, kid, err := Parse(want); err != nil || got != b || kid != in.KID {
		t.Errorf("Parse = %v, %q, %v", got, kid, err)
	}
}

func checkCheck(t *testing.T, v *Vault, _ json.RawMessage, want string) {
	if got := v.Check(); got != want {
		t.Errorf("Check = %s, want %s", got, want)
	}
}
