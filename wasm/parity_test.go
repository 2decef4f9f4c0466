//go:build !race

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/true-and-useful/janee/core/abi"
)

// TestFlows repeats the stories that core/abi has told to the native core: the same bytes, answer
// by answer.
func TestFlows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "core", "testdata", "flows", "*.json"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d stories, %v", len(files), err)
	}
	for _, h := range hosts {
		for _, file := range files {
			t.Run(h.name+"/"+filepath.Base(file), func(t *testing.T) {
				repeat(t, h.start(t), file)
			})
		}
	}
}

func repeat(t *testing.T, handle func([]byte) []byte, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var story struct {
		About string
		Said  []struct {
			Send, Answer json.RawMessage
			Text         string
			Raw, Out     string
			Raw64, Out64 []byte
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&story); err != nil {
		t.Fatal(err)
	}
	for n, s := range story.Said {
		send := append(compact(t, s.Send), s.Text...)
		got := handle(abi.Join(send, append([]byte(s.Raw), s.Raw64...)))
		want := abi.Join(compact(t, s.Answer), append([]byte(s.Out), s.Out64...))
		if !bytes.Equal(got, want) {
			t.Fatalf("message %d, %.80s:\n%.2000q, want\n%.2000q", n, send, got, want)
		}
	}
}

func compact(t *testing.T, text []byte) []byte {
	t.Helper()
	if len(text) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
