package audit

import (
	"encoding/json"
	"testing"

	"github.com/true-and-useful/janee/internal/vectors"
)

func TestVectorsFormats(t *testing.T) {
	file := vectors.LoadFormats(t, 1, "audit")
	keyFor := func(writer string) []byte { return file.Key(t, "audit/"+writer) }
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) { checkChain(t, keyFor, c.Input, c.Want) })
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
	vectors.Strict(t, input, &in)
	vectors.Strict(t, output, &want)
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
	v.File("vector", in.Writer, "", 1)
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
