package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

var testVault = vault.New(vault.NewRoot([32]byte{1}), "test")

func testSeal(b vault.Binding, plain secret.Text) (string, error) {
	return testVault.Seal("k1", b, [12]byte{}, plain), nil
}

// sealAndShow seals text and shows each sealed value as <service field type origin = plain>, so
// that goldens can be read.
func sealAndShow(t *testing.T, text string) (string, int) {
	t.Helper()
	var shown []string
	out, n, err := Seal([]byte(text), func(b vault.Binding, plain secret.Text) (string, error) {
		sealed, _ := testSeal(b, plain)
		shown = append(shown, sealed,
			fmt.Sprintf("<%s %s %s %s = %s>", b.Service, b.Field, b.Type, b.Origin, plain.Reveal()))
		return sealed, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if again, m, err := Seal(out, testSeal); err != nil || m != 0 || string(again) != string(out) {
		t.Errorf("sealing twice: %d, %v", m, err)
	}
	return strings.NewReplacer(shown...).Replace(string(out)), n
}

func TestSealStyles(t *testing.T) {
	const head = "services:\n  s:\n    baseUrl: https://x.example:8443/v1\n    auth: "
	const key = "<s key bearer https://x.example:8443 = sk_live_xxx>"
	cases := []struct{ name, before, after string }{
		{"plain", "\n      type: bearer\n      key: sk_live_xxx\n",
			"\n      type: bearer\n      key: " + key + "\n"},
		{"plain with comment", "\n      type: bearer\n      key: sk_live_xxx   # mine\n\n# end",
			"\n      type: bearer\n      key: " + key + "   # mine\n\n# end"},
		{"plain on the next line", "\n      type: bearer\n      key:\n        sk_live_xxx\n",
			"\n      type: bearer\n      key:\n        " + key + "\n"},
		{"no last line end", "\n      type: bearer\n      key: sk_live_xxx",
			"\n      type: bearer\n      key: " + key},
		{"double quotes", "\n      type: bearer\n      key: \"sk_live\\x5fxxx\"\n",
			"\n      type: bearer\n      key: \"" + key + "\"\n"},
		{"single quotes", "\n      type: bearer\n      'key': 'sk_live_xxx' # it's\n",
			"\n      type: bearer\n      'key': '" + key + "' # it's\n"},
		{"flow", "{type: bearer, key: sk_live_xxx}\n", "{type: bearer, key: " + key + "}\n"},
		{"flow as JSON", "{\"type\":\"bearer\",\"key\":\"sk_live_xxx\"}\n",
			"{\"type\":\"bearer\",\"key\":\"" + key + "\"}\n"},
		{"flow over lines", "{ key: sk_live_xxx, # mine\n  type: bearer,\n  }\n",
			"{ key: " + key + ", # mine\n  type: bearer,\n  }\n"},
		{"literal", "\n      key: |\n        sk_live_xxx\n      type: bearer\n",
			"\n      key: " + key + "\n      type: bearer\n"},
		{"literal with comment and blank lines",
			"\n      key: |-  # mine\n        sk_live_xxx\n\n  # next\n      type: bearer\n",
			"\n      key: " + key + "  # mine\n\n  # next\n      type: bearer\n"},
		{"literal with its own indentation",
			"\n      key: |1+\n       sk_live_xxx\n\n\n      type: bearer\n",
			"\n      key: " + key + "\n\n\n      type: bearer\n"},
		{"literal at the end", "\n      type: bearer\n      key: |\n        sk_live_xxx",
			"\n      type: bearer\n      key: " + key + "\n"},
		{"folded", "\n      type: bearer\n      key: >-\n        sk_live_xxx\n",
			"\n      type: bearer\n      key: " + key + "\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, bom := range []string{"", "\ufeff"} {
				got, n := sealAndShow(t, bom+head+c.before)
				if want := bom + head + c.after; got != want || n != 1 {
					t.Errorf("%d sealed, got\n%s\nwant\n%s", n, got, want)
				}
				crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
				if strings.HasSuffix(c.before, "sk_live_xxx") && c.name == "literal at the end" {
					continue // the value then ends in the CR
				}
				if got, _ := sealAndShow(t, bom+crlf(head+c.before)); got != bom+
					crlf(head+c.after) {
					t.Errorf("with CRLF got\n%q\nwant\n%q", got, bom+crlf(head+c.after))
				}
			}
		})
	}
}

// TestSealCountsCharacters has characters of two and four bytes before the value on its line.
func TestSealCountsCharacters(t *testing.T) {
	before := "services: {ü: x}\n"
	if _, _, err := Seal([]byte(before), testSeal); err == nil {
		t.Error("a service may be called ü")
	}
	text := "services: {s: {description: \"grüße 🎉👩‍💻\", auth: {key: 'sk_live_xxx', type: " +
		"bearer}, baseUrl: \"https://x.example\"}} # 🎉\n" +
		"capabilities: {c: {description: ü🎉, service: s}}\n"
	got, n := sealAndShow(t, text)
	want := strings.Replace(text, "sk_live_xxx",
		"<s key bearer https://x.example = sk_live_xxx>", 1)
	if got != want || n != 1 {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestSealMany seals values of several services and leaves what is no secret, or sealed already.
func TestSealMany(t *testing.T) {
	text := `# top

version: 1
services:   # all of them

  z:
    baseUrl: https://z.example   # trailing
    auth:
      type: basic
      # who
      username: me
      password: "p#ss: {w}, 'ö'"

  a:
    auth: { headers: { X-B: "two", X-A: one-a }, type: headers }
    baseUrl: http://127.0.0.1:9/
  sealed:
    baseUrl: https://s.example
    auth: {type: bearer, key: 'janee:v1:k1:x'}


capabilities: # none yet
`
	got, n := sealAndShow(t, text)
	want := strings.NewReplacer(
		`: me`, `: <z username basic https://z.example = me>`,
		`p#ss: {w}, 'ö'`, `<z password basic https://z.example = p#ss: {w}, 'ö'>`,
		`"two"`, `"<a headers.X-B headers http://127.0.0.1:9 = two>"`,
		`one-a`, `<a headers.X-A headers http://127.0.0.1:9 = one-a>`).Replace(text)
	if got != want || n != 4 {
		t.Errorf("%d sealed, got\n%s\nwant\n%s", n, got, want)
	}
}

func TestSealNothing(t *testing.T) {
	text := "# nothing here\nservices: {}\n"
	out, n, err := Seal([]byte(text), func(vault.Binding, secret.Text) (string, error) {
		panic("called")
	})
	if string(out) != text || n != 0 || err != nil {
		t.Errorf("%q, %d, %v", out, n, err)
	}
}

func TestSealErrors(t *testing.T) {
	refused := errors.New("no key")
	if out, _, err := Seal([]byte(minimal), func(vault.Binding, secret.Text) (string, error) {
		return "", refused
	}); !errors.Is(err, refused) || out != nil {
		t.Errorf("%q, %v", out, err)
	}
	// What is no sealed text would be taken for a credential at the next load, and be sent.
	if out, _, err := Seal([]byte(minimal), func(vault.Binding, secret.Text) (string, error) {
		return "sk_live_yyy", nil
	}); !errors.Is(err, vault.ErrFormat) || out != nil {
		t.Errorf("%q, %v", out, err)
	}
	var all *Error
	if _, _, err := Seal([]byte("version: 2\n"), testSeal); !errors.As(err, &all) {
		t.Errorf("%v", err)
	}
}

// TestApplyRefusesOtherChanges is the net under every edit: a splice in a wrong place.
func TestApplyRefusesOtherChanges(t *testing.T) {
	for name, splice := range map[string]edit{
		"another value":  {17, 18, "x"},
		"a lost line":    {0, 11, ""},
		"broken syntax":  {0, 0, "'"},
		"a second doc":   {len(minimal), len(minimal), "---\n"},
		"out of order":   {5, 4, ""},
		"an extra entry": {len(minimal), len(minimal), "      scheme: x\n"},
	} {
		p, err := parse([]byte(minimal))
		if err != nil {
			t.Fatal(err)
		}
		c := &change{doc: p.doc, edits: []edit{splice}}
		if out, err := c.apply(); err == nil {
			t.Errorf("%s: accepted\n%s", name, out)
		}
	}
}

// TestSetOverLines replaces values of several lines, as private keys are, which not every scheme
// accepts.
func TestSetOverLines(t *testing.T) {
	const pem = "-----BEGIN KEY-----\n      MIIE+/==\n\n      # no comment\n      -----END KEY-----"
	for name, value := range map[string]string{
		"literal":           "|\n      " + pem,
		"literal, stripped": "|-\n      " + pem,
		"literal, deeper":   "|2\n       " + strings.ReplaceAll(pem, "      ", "       "),
		"folded":            ">\n      " + pem,
		"double quotes":     "\"one \\\" \\\n      two\n\n      ü\"",
		"single quotes":     "'one '' \n      two # no comment'",
		"plain":             "one 🎉\n      two#no comment\n\n      three",
	} {
		t.Run(name, func(t *testing.T) {
			text := "services:\n  s:\n    description: " +
				value +
				"\n\n  # comment\n    baseUrl: https://x.example\n" +
				"    auth: {type: bearer, key: k}\n"
			p, err := parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			c := &change{doc: p.doc}
			err = c.set(lookup(lookup(lookup(p.doc.root, "services"), "s"), "description"),
				4, "new")
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.apply()
			quote := strings.Trim(value[:1], "|>o")
			want := "services:\n  s:\n    description: " + quote + "new" +
				quote +
				"\n\n  # comment\n    baseUrl: https://x.example\n" +
				"    auth: {type: bearer, key: k}\n"
			if err != nil || string(got) != want {
				t.Errorf("%v, got\n%s", err, got)
			}
		})
	}
}
