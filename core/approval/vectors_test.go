package approval

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
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
		"digest": makeDigest, "question": makeQuestion, "answer": makeAnswer, "used": makeUsed,
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

// makeDigest reads the parts as they are hashed: via, agent, capability, service, METHOD, url, names and values, body.
func makeDigest(t *testing.T, _ []byte, input json.RawMessage) string {
	var in struct{ Parts []string }
	strict(t, input, &in)
	p, last := in.Parts, len(in.Parts)-1
	r := Request{Via: p[0], Agent: p[1], Capability: p[2], Service: p[3], Method: p[4], URL: p[5], Body: []byte(p[last])}
	for i := 6; i < last; i += 2 {
		r.Headers = append(r.Headers, wire.Header{Name: p[i], Value: p[i+1]})
	}
	return r.Digest()
}

func makeQuestion(t *testing.T, state []byte, input json.RawMessage) string {
	var q Question
	strict(t, input, &q)
	data := q.Encode(state)
	if back, err := DecodeQuestion(state, data); err != nil || back != q {
		t.Errorf("read back: %+v, %v", back, err)
	}
	return string(bytes.TrimSuffix(data, []byte("\n")))
}

func makeAnswer(t *testing.T, state []byte, input json.RawMessage) string {
	var a Answer
	strict(t, input, &a)
	data := a.Encode(state)
	if back, err := DecodeAnswer(state, data); err != nil || back != a {
		t.Errorf("read back: %+v, %v", back, err)
	}
	return string(bytes.TrimSuffix(data, []byte("\n")))
}

func makeUsed(t *testing.T, state []byte, input json.RawMessage) string {
	var u Used
	strict(t, input, &u)
	return string(bytes.TrimSuffix(u.Encode(state), []byte("\n")))
}
