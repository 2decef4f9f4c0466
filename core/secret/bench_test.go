package secret

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// tokens returns n secrets of 48 characters; every other one shares the start that a vendor gives
// to all its keys.
func tokens(n int) []Text {
	r := rand.New(rand.NewPCG(7, 7))
	var all []Text
	for i := range n {
		all = append(all, New([]string{"sk_live_", noise(r, 6)}[i%2]+noise(r, 30)))
	}
	return all
}

func noise(r *rand.Rand, n int) string {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func pemKey() Text {
	r := rand.New(rand.NewPCG(8, 8))
	var b strings.Builder
	b.WriteString("-----BEGIN PRIVATE KEY-----\n")
	for range 26 {
		b.WriteString(noise(r, 48) + "\n")
	}
	return New(b.String() + "-----END PRIVATE KEY-----\n")
}

// nearMisses is what costs the automaton most: starts of secrets, each broken off before its end.
func nearMisses() string {
	var b strings.Builder
	for i, all := 0, tokens(20); b.Len() < 64<<10; i++ {
		b.WriteString(all[i%20].Reveal()[:47-i%40])
	}
	return b.String()[:64<<10]
}

func BenchmarkBuild(b *testing.B) {
	for name, secrets := range map[string][]Text{
		"1 token": tokens(1), "3 tokens": tokens(3), "20 tokens": tokens(20), "PEM": {pemKey()},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var s *Scrubber
			for b.Loop() {
				s = NewScrubber(secrets...)
			}
			a := s.automata[0]
			b.ReportMetric(float64(len(a.label)), "nodes")
			b.ReportMetric(float64(13*len(a.label)+4*len(a.rows)+len(a.filter.begins))/1024, "KiB")
		})
	}
}

func wrap(text string, width int) string {
	var b strings.Builder
	for ; len(text) > width; text = text[width:] {
		b.WriteString(text[:width] + "\r\n")
	}
	return b.String() + text
}

func BenchmarkScrub(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 9))
	var js strings.Builder
	for js.Len() < 64<<10 {
		fmt.Fprintf(&js,
			`{"id":"ch_%x","object":"charge","amount":%d,"description":"Payment for order number %d"},`,
			r.Uint64(), r.IntN(1e6), r.IntN(1e9))
	}
	text := js.String()[:64<<10]
	texts := map[string]string{
		"json": text, "base64": noise(r, 48<<10), "near misses": nearMisses(),
		"json lines":     strings.ReplaceAll(text, ",", ",\n  ")[:64<<10],
		"json in json":   strings.ReplaceAll(text, `"`, `\"`)[:64<<10],
		"percent":        url.QueryEscape(text)[:64<<10],
		"wrapped base64": wrap(noise(r, 48<<10), 76),
		"zeros":          string(make([]byte, 64<<10)),
	}
	for _, n := range []int{1, 20} {
		for name, text := range texts {
			b.Run(fmt.Sprintf("%d secrets in %s", n, name), func(b *testing.B) {
				stream := NewScrubber(tokens(n)...).Stream()
				chunk := []byte(text)
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					stream.Write(chunk, false)
				}
			})
		}
	}
}
