package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const plain = "sk_live_cafe"

type carrier struct {
	Shown   Text
	hidden  Text
	pointer *Text
	list    []Text
	byName  map[string]Text
	any     any
}

// carriers returns a Text in every place where a printer might find it.
func carriers() map[string]any {
	t := New(plain)
	c := carrier{t, t, &t, []Text{t}, map[string]Text{"a": t}, t}
	return map[string]any{
		"value": t, "pointer": &t, "slice": []Text{t}, "array": [1]Text{t},
		"map": map[string]Text{"a": t}, "key": map[Text]int{t: 1},
		"struct": c, "struct pointer": &c, "nested": struct{ inner any }{[]any{c, &c}},
	}
}

// spelled reports whether s holds the secret in clear, in hex in either case, or as decimal byte
// values.
func spelled(s string) bool {
	for _, form := range []string{
		plain, fmt.Sprintf("%x", plain), fmt.Sprintf("% x", plain), fmt.Sprintf("%# x", plain),
		fmt.Sprint([]byte(plain)),
	} {
		if strings.Contains(strings.ToLower(s), strings.Trim(form, "[]")) {
			return true
		}
	}
	return false
}

func TestTextPrintsInNoVerb(t *testing.T) {
	for name, value := range carriers() {
		for _, flags := range []string{"", "+", "#", " ", "# ", "-20", "020", ".3"} {
			for _, verb := range "vTtbcdoOqxXUeEfFgGspwz" {
				if out := fmt.Sprintf("%"+flags+string(verb), value); spelled(out) {
					t.Errorf("%s with %%%s%c: %s", name, flags, verb, out)
				}
			}
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		if out := fmt.Sprintf(verb, New(plain)); out != hidden {
			t.Errorf("%s = %s, want %s", verb, out, hidden)
		}
	}
}

func TestTextPrintsInNoFormat(t *testing.T) {
	var text, js bytes.Buffer
	loggers := []*slog.Logger{
		slog.New(slog.NewTextHandler(&text, nil)), slog.New(slog.NewJSONHandler(&js, nil)),
	}
	for name, value := range carriers() {
		for _, l := range loggers {
			l.Info("m", "secret", value, slog.Group("g", "secret", value))
		}
		j, _ := json.Marshal(value)
		y, _ := yaml.Marshal(value)
		x, _ := xml.Marshal(value)
		for _, out := range [][]byte{
			j, y, x, []byte(fmt.Errorf("sign: %w: %v", errors.New("bad"), value).Error()),
		} {
			if spelled(string(out)) {
				t.Errorf("%s: %s", name, out)
			}
		}
	}
	if spelled(text.String() + js.String()) {
		t.Errorf("slog: %s%s", text.String(), js.String())
	}
	if out, _ := yaml.Marshal(New(plain)); string(out) != "'[redacted]'\n" {
		t.Errorf("yaml = %s", out)
	}
	if out, _ := json.Marshal(New(plain)); string(out) != `"[redacted]"` {
		t.Errorf("json = %s", out)
	}
}

func TestTextPanics(t *testing.T) {
	defer func() {
		if out := fmt.Sprint(recover()); spelled(out) {
			t.Errorf("panic value prints %s", out)
		}
	}()
	panic(carriers()["struct"])
}

func TestTextHoldsItsValue(t *testing.T) {
	if got := New(plain); got.Reveal() != plain || got.Len() != len(plain) || got.IsZero() {
		t.Errorf("New: %q, %d, %v", got.Reveal(), got.Len(), got.IsZero())
	}
	for _, zero := range []Text{{}, New("")} {
		if zero.Reveal() != "" || zero.Len() != 0 || !zero.IsZero() || zero.String() != hidden ||
			zero.GoString() != hidden {
			t.Errorf("empty: %q, %d, %v, %s", zero.Reveal(), zero.Len(), zero.IsZero(), zero)
		}
	}
}

func TestScrubberPrintsNoTables(t *testing.T) {
	s := NewScrubber(New(plain))
	stream := s.Stream()
	stream.Write([]byte(plain[:8]), false)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if out := fmt.Sprintf(verb+verb, s, stream); strings.ContainsAny(out, "[{") {
			t.Errorf("%s: %.80s", verb, out)
		}
	}
}
