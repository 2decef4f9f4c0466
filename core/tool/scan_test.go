package tool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestCheckDuplicates(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		name, raw string
		want      error
	}{
		{"object", `{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}`, nil},
		{"blanks", " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n", nil},
		{"scalars",
			`["",0,-0,-1.5e+9,1E2,true,false,null,"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é"]`, nil},
		{"number alone", "0", nil},
		{"empty keys differ in place", `[{"":1},{"":2}]`, nil},
		{"case differs", `{"a":1,"A":2}`, nil},
		{"same key", `{"method":"GET","method":"DELETE"}`, ErrDuplicate},
		{"same key, far apart", `{"a":1,"b":2,"c":{"a":{}},"d":[],"a":3}`, ErrDuplicate},
		{"same key, nested", `[[{"x":{"a":1,"a":1}}]]`, ErrDuplicate},
		{"same key, escaped", `{"method":1,"\u006dethod":2}`, ErrDuplicate},
		{"same empty key", `{"":1,"":2}`, ErrDuplicate},
		{"same key, surrogate pair", `{"😀":1,"\ud83d\ude00":2}`, ErrDuplicate},
		{"depth at the cap", deep(MaxDepth), nil},
		{"depth over the cap", deep(MaxDepth + 1), ErrDepth},
		{"unclosed and deep", strings.Repeat(`{"a":[`, 1<<16), ErrDepth},
		{"not UTF-8", "\"\xff\"", ErrText},
		{"not UTF-8 in a key", "{\"\xff\":1,\"\xfe\":2}", ErrText},
		{"high half alone", `"\ud800"`, ErrText},
		{"high half before text", `"\ud800abcdef"`, ErrText},
		{"high half before another", `"\ud800\ud800"`, ErrText},
		{"low half alone", `"\udc00"`, ErrText},
		{"half in a key", `{"\ud800":1}`, ErrText},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := CheckDuplicates([]byte(c.raw)); !errors.Is(err, c.want) ||
				(c.want == nil && err != nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestSyntax(t *testing.T) {
	for _, raw := range []string{
		"", " ", "{", "}", "[", "]", "{]", "[}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a" 1}`,
		`{a:1}`, `{'a':1}`, `{1:1}`, "[1,]", "[,1]", "[1 2]", "[1,,2]", `"`, `"a`, `"\`, `"\x"`,
		`"\u12"`, `"\u12g4"`, `"\u1 34"`, "\"\n\"", "\"\x00\"", "01", "-", "+1", ".5", "1.", "1e",
		"1e+", "-a", "0x1", "NaN", "tru", "nulll", "True", "1 2", "{}{}", "{} x", "\x00",
		"[\x00]", "\ufeff{}", "// c\n1", "[1,/**/2]", "\v1", "\u00a01",
	} {
		if err := CheckDuplicates([]byte(raw)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: %v", raw, err)
		}
		if json.Valid([]byte(raw)) {
			t.Errorf("%q is valid to encoding/json", raw)
		}
	}
}

func TestErrorsAreShort(t *testing.T) {
	key := strings.Repeat("k", 1<<16)
	err := CheckDuplicates(fmt.Appendf(nil, `{%q:1,%q:2}`, key, key))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("the text of the error has %d bytes", len(err.Error()))
	}
}

// A hostile object must not cost more than a friendly one of its size. Comparing each key with all
// before it would take minutes.
func TestManyKeys(t *testing.T) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range 1 << 17 {
		fmt.Fprintf(&b, `"%d":0,`, i)
	}
	b.WriteString(`"7":0}`)
	if err := CheckDuplicates(b.Bytes()); !errors.Is(err, ErrDuplicate) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkCheckDuplicates(b *testing.B) {
	small := []byte(`{"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"name":"execute",` +
		`"arguments":{"capability":"stripe","method":"GET","path":"/v1/balance","headers":{"Accept":"application/json"},"reason":"The person asked for the balance"},"_meta":{"progressToken":1}}}`)
	large := fmt.Appendf(nil, `{"body":%q}`,
		strings.Repeat("abcdefghijklmnopqrstuvwxyz0123456789", 1<<15))
	for name, raw := range map[string][]byte{"small": small, "large": large} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if err := CheckDuplicates(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
