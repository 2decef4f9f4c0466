package line

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

var key = []byte("0123456789abcdef0123456789abcdef")

// stdText is the oracle for AppendText.
func stdText(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestTextAsEncodingJSON(t *testing.T) {
	var all strings.Builder
	for r := rune(0); r < 0x3000; r++ {
		all.WriteRune(r)
	}
	for _, s := range []string{
		"", "plain", all.String(), "a\xffb\xc3", "\xed\xa0\x80", "<&>", "\U0001f600",
		"\xe2\x80", "\ufffd",
	} {
		if got, want := string(AppendText(nil, s)), stdText(t, s); got != want {
			t.Errorf("AppendText(%q) = %s, want %s", s, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\"\\\n\x00\xff\u2028ü")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := string(AppendText(nil, s)), stdText(t, s); got != want {
			t.Errorf("AppendText(%q) = %s, want %s", s, got, want)
		}
	})
}

func TestBuilder(t *testing.T) {
	b := New(0)
	b.Text("empty", "")
	b.Optional("omitted", "")
	b.Optional("text", "x")
	b.Int("zero", 0)
	b.OptionalInt("none", 0)
	b.OptionalInt("number", -5)
	b.Map("nothing", nil)
	b.Map("map", map[string]string{"z{": "{", "a": "", "m\"": "2"})
	want := `{"v":1,"empty":"","text":"x","zero":0,"number":-5,"map":{"a":"","m\"":"2","z{":"{"}`
	if got := string(b.Bytes()); got != want || !json.Valid([]byte(got+"}")) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestVerify(t *testing.T) {
	sealed := Seal(key, []byte(`{"v":1,"a":"b"`))
	if err := Verify(key, sealed); err != nil {
		t.Fatal(err)
	}
	upper := bytes.ToUpper(sealed[len(sealed)-66 : len(sealed)-2])
	cases := map[string][]byte{
		"empty":      nil,
		"short":      sealed[len(sealed)-74+1:],
		"line feed":  append(bytes.Clone(sealed), '\n'),
		"upper case": append(append(bytes.Clone(sealed[:len(sealed)-66]), upper...), `"}`...),
		"mac name":   bytes.Replace(sealed, []byte(`"mac"`), []byte(`"mak"`), 1),
		"closing":    append(bytes.Clone(sealed[:len(sealed)-1]), ']'),
		"second mac": append(bytes.Clone(sealed[:len(sealed)-1]),
			`,"mac":"`+strings.Repeat("0", 64)+`"}`...),
		"cut":         sealed[:len(sealed)-1],
		"other field": bytes.Replace(sealed, []byte(`"b"`), []byte(`"c"`), 1),
	}
	for name, line := range cases {
		if err := Verify(key, line); !errors.Is(err, ErrNotAuthentic) {
			t.Errorf("%s: Verify = %v", name, err)
		}
	}
	if err := Verify([]byte("another"), sealed); !errors.Is(err, ErrNotAuthentic) {
		t.Errorf("another key: Verify = %v", err)
	}
	for i := range sealed {
		line := bytes.Clone(sealed)
		line[i] ^= 1
		if Verify(key, line) == nil {
			t.Errorf("byte %d changed: accepted", i)
		}
	}
}

func TestVerifyWithoutKey(t *testing.T) {
	if err := Verify(nil, Seal(nil, []byte(`{"v":1`))); !errors.Is(err, ErrNotAuthentic) {
		t.Errorf("a line sealed with the empty key was accepted: %v", err)
	}
}

func TestOpen(t *testing.T) {
	sealed := func(open string) string { return string(Seal(key, []byte(open))) }
	for _, c := range []struct {
		name, data string
		ok         bool
	}{
		{"good", sealed(`{"v":1,"kind":"k","a":"b"`), true},
		{"line feed", sealed(`{"v":1,"kind":"k","a":"b"`) + "\n", true},
		{"unknown field", sealed(`{"v":1,"kind":"k","new":[1],"a":"b"`), true},
		{"two line feeds", sealed(`{"v":1,"kind":"k","a":"b"`) + "\n\n", false},
		{"not sealed", `{"v":1,"kind":"k","a":"b"}`, false},
		{"version", sealed(`{"v":2,"kind":"k","a":"b"`), false},
		{"no version", sealed(`{"kind":"k","a":"b"`), false},
		{"kind", sealed(`{"v":1,"kind":"other","a":"b"`), false},
		{"wrong type", sealed(`{"v":1,"kind":"k","a":1`), false},
		{"not JSON", sealed(`{"v":1,"kind":"k","a"`), false},
		{"empty", "", false},
	} {
		if into, err := Open[struct{ A string }](key, []byte(c.data), "k"); (err == nil) != c.ok ||
			(into.A == "b") != c.ok {
			t.Errorf("%s: Open = %v, %+v", c.name, err, into)
		}
	}
}

// TestEncode: what is encoded is opened, in the order of the struct, with texts as Builder writes
// them.
func TestEncode(t *testing.T) {
	type record struct {
		A string `json:"a"`
		B string `json:"b,omitempty"`
		N int64  `json:"n"`
	}
	for _, r := range []record{{}, {A: "<&>\u2028\x00\"}", B: "x", N: -1}, {A: "}\n", N: 1}} {
		data := Encode(key, "k", r)
		b := New(0)
		b.Text("kind", "k")
		b.Text("a", r.A)
		b.Optional("b", r.B)
		b.Int("n", r.N)
		if want := string(Seal(key, b.Bytes())) + "\n"; string(data) != want {
			t.Errorf("Encode(%+v) = %s, want %s", r, data, want)
		}
		if got, err := Open[record](key, data, "k"); err != nil || got != r {
			t.Errorf("Open(Encode(%+v)) = %+v, %v", r, got, err)
		}
	}
}

func TestDigestFramesItsParts(t *testing.T) {
	seen := map[[32]byte][]string{}
	for _, parts := range [][]string{
		{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}, {"b", "a"},
	} {
		sum := Digest(parts...)
		if other, ok := seen[sum]; ok {
			t.Errorf("%q and %q have one digest", parts, other)
		}
		seen[sum] = parts
	}
	// printf '\0\0\0\1a' | sha256sum
	got, want := Digest("a"), "72ff6b02949dad95006c343e3db3150090d3afb49f6bbdb92fdc17607997a85c"
	if hex.EncodeToString(got[:]) != want {
		t.Errorf("Digest = %x, want %s", got, want)
	}
}

func BenchmarkSeal(b *testing.B) {
	mac := NewMac(key)
	for b.Loop() {
		l := New(256)
		l.Text("agent", "claude-ai")
		l.Text("target", "/v1/customers?limit=*")
		l.Int("ts", 1795426425000)
		mac.Seal(l.Bytes())
	}
}
