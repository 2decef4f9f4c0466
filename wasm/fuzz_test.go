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

// stories are the conversations that core/abi has recorded: what was sent, frame by frame.
func stories(t testing.TB) (all [][][]byte) {
	files, err := filepath.Glob(filepath.Join("..", "core", "testdata", "flows", "*.json"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d stories, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var story struct {
			Said []struct {
				Send  json.RawMessage
				Text  string
				Raw   string
				Raw64 []byte
			}
		}
		if err := json.Unmarshal(data, &story); err != nil {
			t.Fatal(err)
		}
		var said [][]byte
		for _, s := range story.Said {
			var send bytes.Buffer
			if len(s.Send) > 0 {
				if err := json.Compact(&send, s.Send); err != nil {
					t.Fatal(err)
				}
			}
			said = append(said,
				abi.Join(append(send.Bytes(), s.Text...), append([]byte(s.Raw), s.Raw64...)))
		}
		all = append(all, said)
	}
	return all
}

// FuzzNativeAgainstModule: in the middle of a story any bytes may come, and the core gives the same
// answers as Go calls it and as the module, to them and to what comes next.
func FuzzNativeAgainstModule(f *testing.F) {
	told := stories(f)
	for i, said := range told {
		n := len(said) / 2
		f.Add(uint8(i), uint8(n), said[n][:len(said[n])-1])
		f.Add(uint8(i), uint8(n), bytes.Replace(said[n], []byte(`"now":[`), []byte(`"now":[9`), 1))
	}
	f.Add(uint8(0), uint8(2), []byte{})
	f.Add(uint8(0), uint8(2),
		abi.Join([]byte(`{"v":1,"op":"scrub","engine":1,"flow":1,"last":true}`),
			bytes.Repeat([]byte("sk_live_\nxxx"), 400)))
	f.Fuzz(func(t *testing.T, story, at uint8, frame []byte) {
		said := told[int(story)%len(told)]
		n := int(at) % len(said)
		if len(frame) > 1<<16 {
			t.Skip("the interpreter is slow")
		}
		native, module := new(abi.Instance).Handle, start(t).handle
		for _, m := range append(append(append([][]byte{}, said[:n]...), frame),
			said[n:min(n+3, len(said))]...) {
			if a, b := native(bytes.Clone(m)), module(m); !bytes.Equal(a, b) {
				t.Fatalf("%.300q\nnative: %.2000q\nmodule: %.2000q", m, a, b)
			}
		}
	})
}
