package audit

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func strict(t *testing.T, data []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func TestVectorsFormats(t *testing.T) {
	dir, known := os.Getenv("JANEE_VECTORS"), false
	if dir == "" {
		dir, known = "../testdata/vectors", true
	}
	data, err := os.ReadFile(filepath.Join(dir, "formats.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Set, About, Root, Vault string
		Cases                   []struct {
			ID, Source, Kind string
			Input, Want      json.RawMessage
		}
	}
	strict(t, data, &file)
	root, err := hex.DecodeString(file.Root)
	if err != nil {
		t.Fatal(err)
	}
	// The vault's key of the chain, derived here because rooms of core do not import each other.
	keyFor := func(writer string) []byte {
		k, err := hkdf.Key(sha256.New, root, []byte(file.Vault), "janee/v1/audit/"+writer, 32)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	ran := 0
	for _, c := range file.Cases {
		if c.Kind == "audit" {
			ran++
			t.Run(c.ID, func(t *testing.T) { checkChain(t, keyFor, c.Input, c.Want) })
		}
	}
	t.Logf("%d cases", ran)
	if known && ran != 1 {
		t.Errorf("%d cases, want 1", ran)
	}
}

func checkChain(t *testing.T, keyFor func(string) []byte, input, output json.RawMessage) {
	var in struct {
		Writer, Version string
		TS              int64
		Records         []struct {
			TS int64
			Record
		}
	}
	var want []string
	strict(t, input, &in)
	strict(t, output, &want)
	c := NewChain(keyFor(in.Writer), in.Writer)
	got := [][]byte{c.Open(in.TS, in.Version, nil)}
	for _, r := range in.Records {
		r.Record.TS = r.TS
		got = append(got, c.Next(r.Record))
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	v := NewVerifier(keyFor)
	v.File("vector", in.Writer, "")
	for i, text := range want {
		if string(got[i]) != text+"\n" {
			t.Errorf("line %d\ngot  %swant %s", i+1, got[i], text)
		}
		v.Line(i+1, []byte(text))
	}
	if p := v.Problems(); len(p) > 0 {
		t.Errorf("the Verifier finds %v", p)
	}
}
