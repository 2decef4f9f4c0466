package vault

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
)

const builtIn = "../testdata/vectors"

// vectors decodes a file of JANEE_VECTORS, or of the built-in directory; only for the latter are numbers of cases known.
func vectors(t *testing.T, name string, into any) (known bool) {
	t.Helper()
	dir := os.Getenv("JANEE_VECTORS")
	if known = dir == ""; known {
		dir = builtIn
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	strict(t, data, into)
	return known
}

func strict(t *testing.T, data []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

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
	var file struct {
		Set, About string
		Cases      []vector
	}
	known := vectors(t, "aes_gcm_wycheproof.json", &file)
	for _, c := range file.Cases {
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
	t.Logf("%d cases", len(file.Cases))
	if known && len(file.Cases) != 54 {
		t.Errorf("%d cases, want 54", len(file.Cases))
	}
}

func TestVectorsFormats(t *testing.T) {
	type vector struct {
		ID, Source, Kind string
		Input            json.RawMessage
		Want             json.RawMessage
	}
	var file struct {
		Set, About, Root, Vault string
		Cases                   []vector
	}
	known := vectors(t, "formats.json", &file)
	root, err := ParseRoot(file.Root)
	if err != nil {
		t.Fatal(err)
	}
	v, ran := New(root, file.Vault), 0
	for _, c := range file.Cases {
		run := map[string]func(*testing.T, *Vault, json.RawMessage, string){"sealed": checkSealed, "check": checkCheck}[c.Kind]
		if run == nil {
			continue
		}
		ran++
		t.Run(c.ID, func(t *testing.T) {
			var want string
			strict(t, c.Want, &want)
			run(t, v, c.Input, want)
		})
	}
	t.Logf("%d cases", ran)
	if known && ran != 3 {
		t.Errorf("%d cases, want 3", ran)
	}
}

func checkSealed(t *testing.T, v *Vault, input json.RawMessage, want string) {
	var in struct{ KID, Service, Field, Type, Origin, Nonce, Plain string }
	strict(t, input, &in)
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
