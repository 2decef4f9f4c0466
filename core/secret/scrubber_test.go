package secret

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

const key = `SK_ex4mple/+sec ret&"<key>='ü\42`

func TestCleanMasksForms(t *testing.T) {
	s := NewScrubber(New("  " + key + "\n"))
	js, _ := json.Marshal(key)
	for name, form := range map[string]string{
		"raw": key, "lower case": fold(key), "go json": strings.Trim(string(js), `"`),
		"go html": html.EscapeString(key), "php json": `sk_ex4mple\/+sec ret&\"<key>='\u00fc\\42`,
		"python html": strings.NewReplacer("&#39;", "&#x27;", "&#34;", "&quot;").Replace(
			html.EscapeString(key)),
		"query": url.QueryEscape(key), "path": url.PathEscape(key),
		"lower percent": strings.ToLower(url.PathEscape(key)),
		"form":          url.Values{"": {key}}.Encode()[1:],
		"encodeURI":     "sk_ex4mple/+sec%20ret&%22%3Ckey%3E='%C3%BC%5C42",
		"hex":           fmt.Sprintf("%x", key), "HEX": fmt.Sprintf("%X", key),
		"mixed hex": mixCase(fmt.Sprintf("%x", key)),
		"base64":    base64.StdEncoding.EncodeToString([]byte(key)),
		"base64url": base64.RawURLEncoding.EncodeToString([]byte(key)),
	} {
		if got, n := s.Clean("a " + form + " z"); got != "a "+Marker+" z" || n != 1 {
			t.Errorf("%s: %q gives %q, %d", name, form, got, n)
		}
	}
}

func mixCase(s string) string {
	out := []byte(s)
	for i := range out {
		if i%3 == 0 {
			out[i] = upper(out[i])
		}
	}
	return string(out)
}

func TestCleanMasksBase64Whole(t *testing.T) {
	for n := MinLength; n < MinLength+3; n++ {
		secret := key[:n]
		for _, e := range []*base64.Encoding{
			base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
		} {
			got, _ := NewScrubber(New(secret)).Clean("a " + e.EncodeToString([]byte(secret)) + " z")
			if got != "a [REDACTED] z" {
				t.Errorf("%q: %q", secret, got)
			}
		}
	}
}

// A credential in the middle of something encoded whole leaves at most the edge characters that it
// shares with its neighbours.
func TestCleanMasksBase64AtEachOffset(t *testing.T) {
	s := NewScrubber(New(key))
	for before := range 7 {
		for after := range 4 {
			whole := strings.Repeat("u", before) + key + strings.Repeat(":", after)
			got, n := s.Clean(base64.StdEncoding.EncodeToString([]byte(whole)))
			edges := len(got) - len(Marker) - (before+after)*8/6
			if n != 1 || edges > 5 {
				t.Errorf("%d before, %d after: %q", before, after, got)
			}
		}
	}
}

func TestCleanMasksLines(t *testing.T) {
	first, second := strings.Repeat("QUJD", 16), strings.Repeat("RkdI", 16)
	pem := "-----BEGIN PRIVATE KEY-----\n" + first + "\n  " + second +
		"\r\nc2hvcnQ=\n-----END PRIVATE KEY-----\n"
	for name, stored := range map[string]string{
		"pem": pem, "in json": strings.ReplaceAll(pem, "\n", `\n`),
	} {
		s := NewScrubber(New(stored))
		for in, want := range map[string]string{
			"> " + first + "\n> " + second + "\n": "> [REDACTED]\n> [REDACTED]\n",
			first + second:                        Marker,
			"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----": "-----BEGIN PRIVATE " +
				"KEY-----\n-----END PRIVATE KEY-----",
			"a " + strings.TrimSpace(stored) + " z": "a [REDACTED] z",
			"c2hvcnQ=":                              "c2hvcnQ=",
			base64.StdEncoding.EncodeToString([]byte(first + "xy")): "[REDACTED]Hh5",
		} {
			if got, _ := s.Clean(in); got != want {
				t.Errorf("%s: %q gives %q, want %q", name, in, got, want)
			}
		}
	}
}

func TestCleanRuns(t *testing.T) {
	s := NewScrubber(New("abcdefgh"), New("efghijkl"), New("12345678"),
		New("12345678-abcdefgh-12345678-END"), New("short"), New("  short   "), New(""))
	for in, want := range map[string]string{
		"":                                    "",
		"abcdefgh":                            "[REDACTED]",
		"abcdefgabcdefgh":                     "abcdefg[REDACTED]",
		"abcdefghijkl":                        "[REDACTED]",
		"abcdefghabcdefgh":                    "[REDACTED]",
		"abcdefgh abcdefgh":                   "[REDACTED] [REDACTED]",
		"12345678-abcdefgh-12345678-END":      "[REDACTED]",
		"12345678-abcdefgh-12345678-en":       "[REDACTED]-[REDACTED]-[REDACTED]-en",
		"short   short   ":                    "short   short   ",
		"73686f7274 c2hvcnQ= %73%68%6f%72%74": "73686f7274 c2hvcnQ= %73%68%6f%72%74",
		"[REDACTED] abcdefgh":                 "[REDACTED] [REDACTED]",
		"ABCDefgh \xff\x00 abcdefg\u017f":     "[REDACTED] \xff\x00 abcdefg\u017f",
	} {
		for size := 1; size <= len(in)+1; size++ {
			if got := inChunks(s, in, func() int { return size }); got != want {
				t.Errorf("%q in chunks of %d: %q, want %q", in, size, got, want)
			}
		}
	}
}

func TestNilScrubber(t *testing.T) {
	var s *Scrubber
	if got, n := s.Clean(key); got != key || n != 0 {
		t.Errorf("nil: %q, %d", got, n)
	}
	if s.Finds([]byte(key)) || NewScrubber().Finds([]byte(key)) {
		t.Error("found nothing's secret")
	}
	if got := NewScrubber().Stream().Write([]byte(key), false); string(got) != key {
		t.Errorf("no secrets: %q", got)
	}
}

// A reply cut at maxBytes ends without last: nothing of a secret that was cut in two may be seen,
// however long the reader waits.
func TestStreamKeepsUnfinishedStart(t *testing.T) {
	forms := []string{
		key, fmt.Sprintf("%x", key), base64.StdEncoding.EncodeToString([]byte(key)),
		escaped(key, "%%%02X"),
	}
	for _, form := range forms {
		for cut := 1; cut < len(form); cut++ {
			stream := NewScrubber(New(key)).Stream()
			got := string(stream.Write([]byte("clean "+form[:cut]), false)) +
				string(stream.Write(nil, false))
			if clean := strings.TrimSuffix(got, Marker); clean != "clean " {
				t.Fatalf("%q shows %q", form[:cut], got)
			}
		}
	}
}

// A line of an event stream goes out at once when nothing in it can be the start of a secret.
func TestStreamHoldsNoMoreThanItMust(t *testing.T) {
	stream := NewScrubber(New("zzzz-1234")).Stream()
	for _, step := range []struct{ in, out string }{
		{"event: ping\n\n", "event: ping\n\n"}, {"data: zzzz", "data: "}, {"z", "z"},
		{"!\n\n", "zzzz!\n\n"}, {"zzzz-1234", "[REDACTED]"}, {"\n", "\n"},
	} {
		if got := string(stream.Write([]byte(step.in), false)); got != step.out {
			t.Errorf("after %q: %q, want %q", step.in, got, step.out)
		}
	}
	if stream.Redactions() != 1 {
		t.Errorf("Redactions = %d", stream.Redactions())
	}
}

func TestStreamStartsAgainAfterLast(t *testing.T) {
	stream := NewScrubber(New("abcdefgh")).Stream()
	for _, step := range []struct{ in, out string }{
		{"abcdefgh", Marker}, {"abcdefgh", Marker}, {"abcd", "abcd"}, {"efgh", "efgh"},
	} {
		if got := string(stream.Write([]byte(step.in), true)); got != step.out {
			t.Errorf("%q gives %q, want %q", step.in, got, step.out)
		}
	}
	if stream.Redactions() != 2 {
		t.Errorf("Redactions = %d", stream.Redactions())
	}
}

func TestStreamReturnsNewSlices(t *testing.T) {
	stream, chunk := NewScrubber(New(key)).Stream(), []byte("first chunk\n")
	first := stream.Write(chunk, false)
	copy(chunk, "other chunk\n")
	stream.Write(chunk, true)
	if string(first) != "first chunk\n" {
		t.Errorf("overwritten: %q", first)
	}
}

func inChunks(s *Scrubber, in string, size func() int) string {
	var out strings.Builder
	stream := s.Stream()
	for len(in) > 0 {
		n := min(size(), len(in))
		out.Write(stream.Write([]byte(in[:n]), false))
		in = in[n:]
	}
	out.Write(stream.Write(nil, true))
	return out.String()
}

// naive is Clean by exhaustive search, in the text as it is written and as it is meant.
func naive(patterns []string, reach int, in string) string {
	masked := make([]bool, len(in))
	look := func(text string, from, to []int) {
		folded := fold(text)
		for _, p := range patterns {
			p = fold(p)
			for i := 0; ; i++ {
				at := strings.Index(folded[i:], p)
				if at < 0 {
					break
				}
				i += at
				if end := to[i+len(p)-1]; end-from[i] <= reach {
					for k := from[i]; k < end; k++ {
						masked[k] = true
					}
				}
			}
		}
	}
	for _, meant := range []bool{false, true} {
		look(written(in, meant))
	}
	var out []byte
	for i := range masked {
		if !masked[i] {
			out = append(out, in[i])
		} else if i == 0 || !masked[i-1] {
			out = append(out, Marker...)
		}
	}
	return string(out)
}

// written returns in as it is written or as it is meant, and where the escape of each byte begins
// and ends in it.
func written(in string, meant bool) (text string, from, to []int) {
	var out []byte
	broken := false
	for i := 0; i < len(in); {
		e := literal(in[i])
		if meant && strings.IndexByte(escapes, in[i]) >= 0 {
			e, _ = readEscape([]byte(in[i:]), true)
		}
		for _, c := range e.meant[:e.length] {
			if broken && meant && indents(c) {
				continue
			}
			out, from, to, broken = append(out, c), append(from, i), append(to, i+e.size), false
		}
		broken = broken || e.isBreak
		i += e.size
	}
	return string(out), from, to
}

// escaped is s with every byte written by format.
func escaped(s, format string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, format, s[i])
	}
	return out.String()
}

func fold(s string) string {
	out := []byte(s)
	for i := range out {
		out[i] = lower(out[i])
	}
	return string(out)
}

// plant spreads whole and broken patterns over in, because random text never holds one; some of
// them escaped, or wrapped into lines.
func plant(r *rand.Rand, patterns []string, in string) string {
	var out strings.Builder
	for i := range len(in) {
		if out.WriteByte(in[i]); len(patterns) > 0 && i < 24 && r.IntN(3) == 0 {
			p := patterns[r.IntN(len(patterns))]
			from := r.IntN(1 + r.IntN(len(p)))
			out.WriteString(disguise(r, p[from:len(p)-r.IntN(1+r.IntN(len(p)-from))]))
		}
	}
	return out.String()
}

// disguise writes text as some program might.
func disguise(r *rand.Rand, text string) string {
	formats := []string{
		"%c", "%%%02x", "%%25%02X", `\u%04x`, `\\u%04X`, `\x%02x`, `\%03o`, "&#%d;",
		"&amp;#x%x;", "\x00%c", `\%c`,
	}
	breaks := []string{"\n", "\r\n\t ", `\n`, `\\r\\n`, "=\r\n", "&#13;\n", "%0A", "\\\n"}
	format, line := formats[r.IntN(len(formats))], breaks[r.IntN(len(breaks))]
	some, width := r.IntN(4), 1+r.IntN(40)
	var out strings.Builder
	for i := range len(text) {
		if i > 0 && i%width == 0 {
			out.WriteString(line)
		}
		if r.IntN(4) < some &&
			(text[i] < 0x80 || strings.Contains(format, "x") && !strings.Contains(format, "u")) {
			fmt.Fprintf(&out, format, text[i])
		} else {
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

func FuzzScrubber(f *testing.F) {
	for seed := range uint64(30) {
		f.Add(key, "aaaaSECRETaaaa", "[aaaaSECRETaaaabbbbTAILbbbb]", seed)
	}
	f.Add("aaaaaaaaaaa", "aaaaaaaa\nbbbbbbbbbbbbbbbbbbbb\n\naaaaaaaaaaaaaaaaaa",
		"aaaaaaaaabaaaaaaaaaaaaa", uint64(2))
	f.Add("12345678-abcdefgh-12345678", "abcdefgh", "12345678-abcdefgh-1234567", uint64(3))
	f.Add("redacted", "\xff\xfe\xfd&&&&<<<<", "x[REDACTED]y", uint64(4))
	f.Fuzz(func(t *testing.T, one, two, in string, seed uint64) {
		if len(one)+len(two)+len(in) > 500 {
			t.Skip("the oracle is slow")
		}
		r := rand.New(rand.NewPCG(seed, 0))
		patterns := append(forms(one), forms(two)...)
		for _, p := range patterns {
			if len(p) < MinLength {
				t.Fatalf("secrets %q, %q: pattern %q is short", one, two, p)
			}
		}
		in = plant(r, patterns, in)
		s := NewScrubber(New(one), New(two))
		want := naive(patterns, s.automata[0].reach, in)
		for _, most := range []int{1, 7, 300} {
			if got := inChunks(s, in, func() int { return 1 + r.IntN(most) }); got != want {
				t.Fatalf("secrets %q, %q in %q: %q, want %q", one, two, in, got, want)
			}
		}
	})
}

func TestFindsAcrossSteps(t *testing.T) {
	const key = "SK_ex4mple/+secret"
	s := NewScrubber(New(key))
	for _, form := range []string{key, escaped(key, "%%%02x"), escaped(key, "&#%d;")} {
		for cut := range len(form) + 1 {
			for _, text := range []string{form, form[:len(form)-1]} {
				p := strings.Repeat("x", findStep-cut) + text + strings.Repeat("#", findStep)
				if got := s.Finds([]byte(p)); got != (text == form) {
					t.Fatalf("%q, cut behind %d bytes: %v", text, cut, got)
				}
			}
		}
	}
}

// Half a mark is none that an agent, or Janee, would know again.
func TestBeginningKeepsMarksWhole(t *testing.T) {
	const text = "äb[c] [REDACTED:k3f9qz] z"
	for n := range len(text) + 2 {
		want := string([]rune(text)[:min(n, len([]rune(text)))])
		if n > 6 && n < 23 {
			want = "äb[c] "
		}
		if n == 3 { // it might be one
			want = "äb"
		}
		if got := Beginning(text, n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := Beginning("[REDACTED:k3f9qz] [REDACTED", 17); got != "[REDACTED:k3f9qz]" {
		t.Errorf("%q", got)
	}
	if got := Beginning("[REDACTED", 20); got != "[REDACTED" {
		t.Errorf("what is not cut: %q", got)
	}
}

func TestMarked(t *testing.T) {
	const mark = "[REDACTED:k3f9qz]"
	s := NewScrubber(New("abcdefgh")).Marked(mark).With(New("ijklmnop"))
	if got, n := s.Clean("abcdefgh ijklmnop"); got != mark+" "+mark || n != 2 {
		t.Errorf("%q, %d", got, n)
	}
}
