package secret

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

// noisy returns n bytes of every value. Starts of patterns, and bytes with which escapes begin, are
// as frequent as in hundreds of megabytes of noise, for that is where the skimming reader has to
// stop.
func noisy(r *rand.Rand, patterns []string, n int) string {
	var out bytes.Buffer
	for out.Len() < n {
		p := patterns[r.IntN(len(patterns))]
		cut := 1 + r.IntN(prefixSize)
		switch r.IntN(100) {
		default:
			out.WriteString(p[:cut])
		case 0:
			out.WriteString(disguise(r, p))
		case 1:
			out.WriteString(p[:cut] + breaks[:1+r.IntN(3)] + escaped(p[cut:], "%%%02x"))
		}
		if r.IntN(2) == 0 {
			out.WriteByte(escapes[r.IntN(len(escapes))])
		}
		for range r.IntN(6) {
			out.WriteByte(byte(r.Uint32()))
		}
	}
	return out.String()[:n]
}

// checkBinary compares with the oracle what becomes of a long binary text and, in it, of several
// secrets: some begin with bytes that others hold, or with bytes of escapes.
func checkBinary(t *testing.T, seed uint64, size int, given ...string) {
	r := rand.New(rand.NewPCG(seed, 1))
	var secrets []Text
	var patterns []string
	for len(given) < 4 {
		raw := make([]byte, 6+r.IntN(20))
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		given = append(given, base64.StdEncoding.EncodeToString(raw), string(raw))
	}
	for _, text := range given {
		secrets = append(secrets, New(text))
		patterns = append(patterns, forms(text)...)
	}
	if len(patterns) == 0 {
		t.Skip("every secret is too short to be looked for")
	}
	s := NewScrubber(secrets...)
	in := noisy(r, patterns, size)
	want := naive(patterns, s.automata[0].reach, in)
	got := inChunks(s, in, func() int { return 1 + r.IntN(1+size) })
	if s.Finds([]byte(in)) != (want != in) {
		t.Errorf("seed %d, secrets %q: found %v", seed, given, want == in)
	}
	if got != want {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Fatalf("seed %d, secrets %q: byte %d of what is shown differs: %q, want %q",
			seed, given, at, excerpt(got, at), excerpt(want, at))
	}
}

func excerpt(s string, at int) string { return s[max(0, at-40):min(len(s), at+40)] }

func TestLongBinary(t *testing.T) {
	for seed := range uint64(60) {
		checkBinary(t, seed, 8<<10)
	}
}

func FuzzBinary(f *testing.F) {
	f.Add("sk_live_0123456789", "=%&\\abcdef\x00\n", uint64(1))
	f.Fuzz(func(t *testing.T, one, two string, seed uint64) {
		if len(one)+len(two) > 200 {
			t.Skip("the oracle is slow")
		}
		checkBinary(t, seed, 4<<10, one, two)
	})
}
