package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

// TestVectorsBodyOverride: no body makes a framework serve a method other than the one that was
// judged.
func TestVectorsBodyOverride(t *testing.T) {
	type bodyCase struct {
		ID, Method, Type, Body, Want, Says, Why string
		BodyB64                                 []byte `json:"body_b64"`
	}
	for _, c := range vectors.Load[bodyCase](t, "body_override", 142) {
		t.Run(c.ID, func(t *testing.T) {
			if c.Body != "" {
				c.BodyB64 = []byte(c.Body)
			}
			var headers []wire.Header
			if c.Type != "" {
				headers = []wire.Header{{Name: "Content-Type", Value: c.Type}}
			}
			d := CheckBody(c.Method, c.BodyB64, headers)
			if d.Outcome.String() != c.Want || !strings.Contains(d.Reason, c.Says) ||
				d.Outcome == Rejected && d.Hint == "" {
				t.Errorf("%s %q: %+v, want %s, %q: %s", c.Type, c.BodyB64, d, c.Want, c.Says, c.Why)
			}
		})
	}
}

func kind(value string) []wire.Header { return []wire.Header{{Name: "Content-Type", Value: value}} }

func form(body string) Decision {
	return CheckBody("POST", []byte(body), kind("application/x-www-form-urlencoded"))
}

func parts(body string) Decision {
	return CheckBody("POST", []byte(body), kind("multipart/form-data; boundary=b"))
}

func object(body string) Decision {
	return CheckBody("POST", []byte(body), kind("application/json"))
}

const onePart = "--b\r\nContent-Disposition: form-data; name=%q\r\n\r\nDELETE\r\n--b--\r\n"

// TestOverridesAreRefusedEverywhere takes each name through each carrier.
func TestOverridesAreRefusedEverywhere(t *testing.T) {
	refused := func(what string, d Decision) {
		t.Helper()
		if d.Outcome != Rejected || !strings.Contains(d.Reason, "the rules do not see") {
			t.Errorf("%s: %+v", what, d)
		}
	}
	for folded, o := range overrides {
		name := o.name
		if strings.IndexByte(overrideStarts, folded[0]) < 0 || len(folded) >= maxOverride {
			t.Errorf("%s is never found", name)
		}
		if o.byValue {
			_, d := Judge(Unrestricted(), Options{}, "POST", "/x?"+name+"=DELETE")
			refused("query "+name, d)
			refused("form "+name, form(name+"=delete"))
			continue
		}
		dotted := strings.ReplaceAll(name, "_", ".")
		for _, spelled := range []string{name, strings.ToUpper(name), dotted, "[" + name + "]"} {
			text := "a=1&" + url.QueryEscape(spelled) + "=DELETE"
			_, d := Judge(Unrestricted(), Options{}, "POST", "/x?"+text)
			refused("query "+spelled, d)
			refused("form "+spelled, form(text))
			refused("part "+spelled, parts(fmt.Sprintf(onePart, spelled)))
		}
		if name != "$httpheaders" { // of the query alone
			refused("JSON "+name, object(`{"a":1,"`+name+`":"DELETE"}`))
		}
	}
}

// TestBodiesOfEveryMethod: which methods a receiver lets a body override is its own affair.
func TestBodiesOfEveryMethod(t *testing.T) {
	for _, method := range knownMethods {
		for _, p := range []string{method, strings.ToLower(method)} {
			d := CheckBody(p, []byte("_method=DELETE"), kind("application/x-www-form-urlencoded"))
			if d.Outcome != Rejected {
				t.Errorf("%s: %+v", p, d)
			}
		}
	}
	if d := CheckBody("POST", nil, kind("application/json; charset=ibm037")); d.Outcome != Allowed {
		t.Errorf("no body: %+v", d)
	}
}

// TestBodyTypeFromAnyHeader: the owner's fields count as the agent's do, in each spelling that CGI
// folds.
func TestBodyTypeFromAnyHeader(t *testing.T) {
	body := []byte("_method=DELETE")
	text, multi := kind("text/plain"), kind("application/x-www-form-urlencoded")
	spelled := kind("Application/X-WWW-Form-URLencoded;charset=UTF-8")
	spelled[0].Name = "content_type"
	for i, headers := range [][][]wire.Header{
		{multi}, {text, multi}, {multi, text}, {text, spelled}, {nil, spelled}, {},
	} {
		if d := CheckBody("POST", body, headers...); d.Outcome != Rejected {
			t.Errorf("%d: %+v", i, d)
		}
	}
	if d := CheckBody("POST", body, text); d.Outcome != Allowed {
		t.Errorf("text: %+v", d)
	}
	for _, c := range []struct {
		method, kind, coding string
		want                 Outcome
	}{
		{"POST", "application/json", "gzip", Rejected},
		{"POST", "image/png", "br", Rejected},
		{"PUT", "application/json", "identity, gzip", Rejected},
		{"PUT", "application/octet-stream", "gzip", Allowed},
		{"POST", "application/json", "identity", Allowed},
	} {
		headers := append(kind(c.kind), wire.Header{Name: "Content-Encoding", Value: c.coding})
		if d := CheckBody(c.method, []byte("\x1f\x8b"), headers); d.Outcome != c.want {
			t.Errorf("%+v: %+v", c, d)
		}
	}
}

// spell writes a name so that decoders read it as it was.
func spell(random *rand.Rand, name, escape string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if random.IntN(2) == 0 && c >= 'a' && c <= 'z' {
			c &^= 0x20
		}
		if escape != "" && random.IntN(3) == 0 {
			fmt.Fprintf(&b, escape, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// TestNoSpellingHidesAnOverride holds the readers to those of the standard library: what they find
// is refused.
func TestNoSpellingHidesAnOverride(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	names := []string{"_method", "_HttpMethod", "x-http-method-override", "alf_method",
		"methods", "my_method", "_method2", "a"}
	found := 0
	for range 5_000 {
		name := names[random.IntN(len(names))]
		want := Allowed
		if overrides[strings.ReplaceAll(strings.ToLower(name), "-", "_")].name != "" {
			want, found = Rejected, found+1
		}
		filler := strings.Repeat(`x"y\z`, random.IntN(3))
		values := url.Values{"note": {filler}}
		text := values.Encode() + "&" + spell(random, name, "%%%02x") + "=DELETE"
		if parsed, err := url.ParseQuery(text); err != nil || len(parsed) != 2 {
			t.Fatalf("%q: %v %v", text, parsed, err)
		}
		if d := form(text); d.Outcome != want {
			t.Errorf("form %q: %+v", text, d)
		}

		note, _ := json.Marshal(filler)
		text = fmt.Sprintf(`{"note":%s,"deep":[{"_method":%s}],%s"%s" : "DELETE"}`, note, note,
			strings.Repeat(" ", random.IntN(3)), spell(random, name, "\\u%04x"))
		var parsed map[string]any
		if err := json.Unmarshal([]byte(text), &parsed); err != nil || len(parsed) != 3 {
			t.Fatalf("%s: %v", text, err)
		}
		marked := []byte("\xef\xbb\xbf" + text)
		for _, body := range [][]byte{[]byte(text), marked, wide(text, false), wide(text, true)} {
			if d := CheckBody("POST", body, kind("text/plain")); d.Outcome != want {
				t.Errorf("JSON %q: %+v", body, d)
			}
		}

		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		file, _ := w.CreateFormFile("file", name)
		io.WriteString(file, filler)
		w.WriteField(spell(random, name, ""), "DELETE")
		w.Close()
		if d := CheckBody("POST", b.Bytes(), kind(w.FormDataContentType())); d.Outcome != want {
			t.Errorf("multipart %q: %+v", b.String(), d)
		}
	}
	if found < 2_000 {
		t.Errorf("only %d bodies held a name", found)
	}
}

// wide writes text as UTF-16.
func wide(text string, bigEndian bool) (out []byte) {
	for _, u := range utf16.Encode([]rune(text)) {
		if bigEndian {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

// FuzzCheckBody: whatever a parser of the standard library takes for a field is refused if its name
// overrides the method.
func FuzzCheckBody(f *testing.F) {
	for _, body := range []string{
		"_method=DELETE", "a=1;%5Fmethod",
		`{"_method":1}`, `{"\u005fmethod":1}`, `{"a":{"_method":1}}`,
		"{'_method':1", fmt.Sprintf(onePart, "_method"), "{\x00\"\x00", "\xff\xfe{",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		values, err := url.ParseQuery(body)
		if err == nil && values.Has("_method") && form(body).Outcome != Rejected {
			t.Errorf("form %q passes", body)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &fields); err == nil {
			if d := object(body); (d.Outcome == Rejected) != overridden(fields) {
				t.Errorf("JSON %q: %+v", body, d)
			}
		}
		reader := multipart.NewReader(strings.NewReader(body), "b")
		for {
			part, err := reader.NextRawPart()
			if err != nil {
				break
			}
			if part.FormName() == "_method" && parts(body).Outcome != Rejected {
				t.Errorf("multipart %q passes", body)
			}
		}
	})
}

func overridden(object map[string]json.RawMessage) bool {
	for name := range object {
		if o, _ := foldName(name); o.name != "" && !o.byValue {
			return true
		}
	}
	return false
}

// TestBodiesTakeLinearTime: the worst bodies for each reader.
func TestBodiesTakeLinearTime(t *testing.T) {
	const size = 1 << 20
	const form, parts, object = "x-www-form-urlencoded", "multipart/form-data", "application/json"
	for _, c := range []struct{ kind, piece string }{
		{form, "&"}, {form, "%20"}, {form, "_metho&"}, {form, "method=%20&"},
		{parts, "content-"}, {parts, "content-disposition:"}, {parts, "content-id:a\n"},
		{parts, "content-disposition:name=method\n"}, {parts, "content-disposition:name=\n"},
		{parts, "content-disposition:name=a;\n name=\"  "},
		{parts, "content-disposition:name=name=name=name="},
		{object, "method"}, {object, "_"}, {object, "m"}, {object, "[_method]"}, {object, `\u{0`},
		{object, `\u005f`}, {object, "{\x00"}, {object, `{"a":`}, {object, `"_method"   `},
		{"text/plain", " "}, {"text/plain", "\x00"},
	} {
		body := []byte("{" + strings.Repeat(c.piece, size/len(c.piece)))
		start := time.Now()
		CheckBody("POST", body, kind(c.kind))
		if took := time.Since(start); took > 10*time.Second { // minutes if it is quadratic
			t.Errorf("%s of %q takes %v", c.kind, c.piece, took)
		}
	}
}

// TestOrdinaryBodiesAllocateNothing: nearly every call has a body of this kind.
func TestOrdinaryBodiesAllocateNothing(t *testing.T) {
	item := `{"amount":2000,"payment_method":"card","note":"a \"quoted\" line\n","name":"\u00e9"},`
	for _, c := range []struct{ kind, body string }{
		{"application/json", "[" + strings.Repeat(item, 20) + "0]"},
		{"application/x-www-form-urlencoded", "payment_method=card&text=a+b%20c&method=card"},
		{"multipart/form-data; boundary=b", fmt.Sprintf(onePart, "file") + "\x00\xff"},
		{"application/octet-stream", "\x00\x01\x02"},
	} {
		body, headers := []byte(c.body), kind(strings.ToLower(c.kind))
		if d := CheckBody("POST", body, headers); d.Outcome != Allowed {
			t.Errorf("%s: %+v", c.kind, d)
		}
		if n := testing.AllocsPerRun(20, func() { CheckBody("POST", body, headers) }); n > 0 {
			t.Errorf("%s: %v allocations", c.kind, n)
		}
	}
}

func BenchmarkCheckBody(b *testing.B) {
	item := `{"amount":2000,"currency":"eur","payment_method":"card","note":"a caf\u00e9 \"x\""}`
	fields := "amount=2000&currency=eur&payment_method=card&description=caf%C3%A9+au+lait&x=1"
	file := strings.Repeat("line of a file\n", 1<<20/15)
	for _, c := range []struct{ name, kind, body string }{
		{"none", "application/json", ""},
		{"JSON 100 B", "application/json", item},
		{"JSON 1 MiB", "application/json", "[" + strings.Repeat(item+",", 1<<20/len(item)) + "0]"},
		{"form 100 B", "application/x-www-form-urlencoded", fields},
		{"multipart 1 MiB", "multipart/form-data; boundary=b",
			strings.Replace(fmt.Sprintf(onePart, "file"), "DELETE", file, 1)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			body, headers := []byte(c.body), kind(c.kind)
			for b.Loop() {
				CheckBody("POST", body, headers)
			}
		})
	}
}
