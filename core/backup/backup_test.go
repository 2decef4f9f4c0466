package backup

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func TestManifest(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	m := Manifest{
		"v", "66a7e4c4f41d3cc5", 1795426425000,
		[]File{{"config.yaml", 12, "ab"}, {"logs/2026-11-23.cli.jsonl", 0, "cd"}},
	}
	data := m.Encode(key)
	for name, read := range map[string]func() (Manifest, error){
		"signed":   func() (Manifest, error) { return Decode(key, data) },
		"unsigned": func() (Manifest, error) { return Read(data) },
	} {
		if got, err := read(); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for i := range data {
		other := bytes.Clone(data)
		other[i] ^= 1
		if _, err := Decode(key, other); err == nil {
			t.Errorf("byte %d can be changed", i)
		}
	}
	if _, err := Decode([]byte("another key of thirty-two bytes!"), data); err == nil {
		t.Error("another key")
	}
	for _, text := range []string{
		"", "{}", "[]", `{"v":2,"kind":"backup"}`, `{"v":1,"kind":"session"}`,
		`{"v":"1","kind":"backup"}`,
	} {
		if _, err := Read([]byte(text)); !errors.Is(err, errManifest) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
