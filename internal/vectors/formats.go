package vectors

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// formatCases is how many cases formats.json holds, of all kinds; each package counts those of its
// own.
const formatCases = 14

// Format is a worked example of docs/formats.md: what goes in and the bytes that come out, as the
// package that writes Kind lays them out.
type Format struct {
	ID, Source, Kind string
	Input, Want      json.RawMessage
}

// Formats are examples for one vault: Root is its root key as 64 hex digits, Vault its id.
type Formats struct {
	File[Format]
	Root, Vault string
}

// LoadFormats returns the examples of these kinds, of which the built-in set holds want. It ends
// the test as Read does.
func LoadFormats(t testing.TB, want int, kinds ...string) Formats {
	t.Helper()
	var f Formats
	Read(t, "formats", &f)
	Count(t, "formats", len(f.Cases), formatCases)
	f.Cases = slices.DeleteFunc(f.Cases, func(c Format) bool {
		return !slices.Contains(kinds, c.Kind)
	})
	if !BuiltIn() && len(f.Cases) == 0 {
		t.Skipf("%s holds no example of %q", Env, kinds)
	}
	Count(t, "formats of this package", len(f.Cases), want)
	return f
}

// Key returns the key of the vault called label. It is derived here, because packages of core
// beside each other do not import each other.
func (f Formats) Key(t testing.TB, label string) []byte {
	t.Helper()
	root, err := hex.DecodeString(f.Root)
	if err != nil {
		t.Fatal(err)
	}
	key, err := hkdf.Key(sha256.New, root, []byte(f.Vault), "janee/v1/"+label, 32)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Maker writes what input describes, one line without its end; state is the vault's key of that
// name.
type Maker func(t *testing.T, state []byte, input json.RawMessage) string

// Make runs every example that there is a maker for the kind of, of which the built-in set holds
// want, and compares byte for byte.
func Make(t *testing.T, want int, makers map[string]Maker) {
	t.Helper()
	f := LoadFormats(t, want, slices.Collect(maps.Keys(makers))...)
	state := f.Key(t, "state")
	for _, c := range f.Cases {
		t.Run(c.ID, func(t *testing.T) {
			var want string
			Strict(t, c.Want, &want)
			if got := makers[c.Kind](t, state, c.Input); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
