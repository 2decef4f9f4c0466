package session

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
	// The vault's key "state", derived here because rooms of core do not import each other.
	state, err := hkdf.Key(sha256.New, root, []byte(file.Vault), "janee/v1/state", 32)
	if err != nil {
		t.Fatal(err)
	}
	makers := map[string]func(*testing.T, []byte, json.RawMessage) string{
		"pair": makePair, "session": makeSession, "revoked": makeRevoked, "closed": makeClosed,
	}
	ran := 0
	for _, c := range file.Cases {
		if makers[c.Kind] == nil {
			continue
		}
		ran++
		t.Run(c.ID, func(t *testing.T) {
			var want string
			strict(t, c.Want, &want)
			if got := makers[c.Kind](t, state, c.Input); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	t.Logf("%d cases", ran)
	if known && ran != 5 {
		t.Errorf("%d cases, want 5", ran)
	}
}

func makePair(t *testing.T, _ []byte, input json.RawMessage) string {
	var in struct{ Via, Agent, Capability string }
	strict(t, input, &in)
	return Pair(in.Via, in.Agent, in.Capability)
}

func makeSession(t *testing.T, state []byte, input json.RawMessage) string {
	var g Grant
	strict(t, input, &g)
	return text(t, g.Encode(state))
}

func makeRevoked(t *testing.T, state []byte, input json.RawMessage) string {
	var r Revocation
	strict(t, input, &r)
	return text(t, r.Encode(state))
}

func makeClosed(t *testing.T, state []byte, input json.RawMessage) string {
	var in struct{ Scopes Closures }
	strict(t, input, &in)
	return text(t, in.Scopes.Encode(state))
}

func text(t *testing.T, file []byte) string {
	line, ok := bytes.CutSuffix(file, []byte("\n"))
	if !ok || bytes.ContainsRune(line, '\n') {
		t.Errorf("not one line: %q", file)
	}
	return string(line)
}
