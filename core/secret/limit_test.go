package secret

import (
	"strings"
	"testing"
)

// cut gives a stream body as a reader does that was asked for n bytes: Longest more are read, and
// more than that are not.
func cut(s *Scrubber, body string, n int, chunk int) (string, bool) {
	t := s.Stream()
	t.Limit(int64(n))
	whole := len(body) <= n+s.Longest()
	read := body[:min(len(body), n+s.Longest())]
	var out strings.Builder
	for len(read) > 0 {
		k := min(chunk, len(read))
		out.Write(t.Write([]byte(read[:k]), false))
		read = read[k:]
	}
	if whole {
		out.Write(t.Write(nil, true))
	}
	return out.String(), t.Cut()
}

// An agent that can have its own text repeated places a guess right before the cut. What is shown
// must not depend on whether the guess begins the secret: anything else gives the key away, byte by
// byte.
func TestCutTellsNothingOfAGuess(t *testing.T) {
	const key = "zQ7sentinelKx93vbW20pLm"
	s := NewScrubber(New(key))
	for n := 1; n < len(key); n++ {
		for _, guess := range []string{key[:n], strings.Repeat("#", n)} {
			body := "no such item: " + guess + ", try another one" + strings.Repeat(".", 2000)
			shown := len("no such item: ") + n
			for _, chunk := range []int{1, 7, 64 << 10} {
				if got, cut := cut(s, body, shown, chunk); got != body[:shown] || !cut {
					t.Fatalf("guess %q: shown %q, cut %v", guess, got, cut)
				}
			}
		}
	}
}

func TestLimit(t *testing.T) {
	const key = "zQ7sentinelKx93vbW20pLm"
	s := NewScrubber(New(key))
	for _, c := range []struct {
		body string
		n    int
		want string
		cut  bool
	}{
		{"abc", 3, "abc", false}, {"abc", 2, "ab", true}, {"abc", 9, "abc", false},
		{"", 1, "", false},
		{"ab" + key + "cd", 2, "ab", true},
		{"ab" + key + "cd", 3, "ab" + Marker, true}, // the first byte of the key would be shown
		{"ab" + key + "cd", 2 + len(key), "ab" + Marker, true},
		{"ab" + key + "cd", 3 + len(key), "ab" + Marker + "c", true},
		{"ab" + key + key + "cd", 4 + len(key), "ab" + Marker, true},
		{"ab" + key[:9], 11, "ab" + key[:9], false},
		{"ab" + key[:9], 5, "ab" + key[:3], true},
	} {
		for _, chunk := range []int{1, 5, 64 << 10} {
			if got, cut := cut(s, c.body, c.n, chunk); got != c.want || cut != c.cut {
				t.Errorf("%q limited to %d in chunks of %d: %q, cut %v", c.body,
					c.n, chunk, got, cut)
			}
		}
	}
	if n := s.Longest(); n < 2*len(key) || (*Scrubber)(nil).Longest() != 0 {
		t.Errorf("longest form is %d bytes", n)
	}
}

func TestFurtherSpellings(t *testing.T) {
	s := NewScrubber(New(`zQ7"sentinel/Kx93`))
	for name, text := range map[string]string{
		"UTF-16": "z\x00Q\x007\x00\"\x00s\x00e\x00n\x00t\x00i\x00n\x00e\x00l\x00/" +
			"\x00K\x00x\x009\x003",
		"JSON in JSON": `zQ7\\\"sentinel/Kx93`,
		"CSV":          `zQ7""sentinel/Kx93`,
		"HTML decimals": "&#122;&#81;&#55;&#34;&#115;&#101;&#110;&#116;&#105;&#110;&#101;&#108;&" +
			"#47;&#75;&#120;&#57;&#51;",
		"HTML hex": "&#x7A;&#x51;&#x37;&#x22;&#x73;&#x65;&#x6E;&#x74;&#x69;&#x6E;&#x65;&" +
			"#x6C;&#x2F;&#x4B;&#x78;&#x39;&#x33;",
	} {
		if got, n := s.Clean("a " + text + " b"); got != "a "+Marker+" b" || n != 1 {
			t.Errorf("%s: %q", name, got)
		}
	}
}
