package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

const moved = `# mine
services:
  s:   # the service
    baseUrl: https://new.example
    auth: {type: headers, headers: {X-B: 'OLD-B', "X-A": OLD-A}} # both
  t:
    baseUrl: https://t.example
    auth:
      key: |-   # long
        OLD-T

      type: bearer
  plain:
    baseUrl: https://p.example
    auth: {type: bearer, key: sk_live_typed}
`

func old(field string) string {
	s, _ := testSeal(vault.Binding{Service: "s", Field: field, Type: "headers",
		Origin: "https://old.example"}, secret.New("sk_live_xxx"))
	return s
}

func fresh(service, field, authType, origin string) string {
	s, _ := testSeal(vault.Binding{Service: service, Field: field, Type: authType, Origin: origin},
		secret.New("sk_live_xxx"))
	return s
}

func TestReseal(t *testing.T) {
	text := strings.NewReplacer("OLD-A", old("headers.X-A"), "OLD-B", old("headers.X-B"),
		"OLD-T", old("key")).Replace(moved)
	a, b := fresh("s", "headers.X-A", "headers", "https://new.example"), fresh("s", "headers.X-B",
		"headers", "https://new.example")
	key := fresh("t", "key", "bearer", "https://t.example")
	got, err := Reseal([]byte(text), "s", map[string]string{"headers.X-A": a, "headers.X-B": b})
	if err != nil {
		t.Fatal(err)
	}
	if got, err = Reseal(got, "t", map[string]string{"key": key}); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("OLD-A", a, "OLD-B", b, "|-   # long\n        OLD-T\n",
		key+"   # long\n").Replace(moved)
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestResealRefuses(t *testing.T) {
	text := strings.NewReplacer("OLD-A", old("headers.X-A"), "OLD-B", old("headers.X-B"),
		"OLD-T", old("key")).Replace(moved)
	good := fresh("t", "key", "bearer", "https://t.example")
	for _, c := range []struct {
		name, service, field, value string
		want                        error
	}{
		{"another service", "t", "key", fresh("s", "key", "bearer", "https://t.example"), nil},
		{"another field", "t", "key", fresh("t", "apiKey", "bearer", "https://t.example"), nil},
		{"another type", "t", "key", fresh("t", "key", "basic", "https://t.example"), nil},
		{"another origin", "t", "key", fresh("t", "key", "bearer", "https://old.example"), nil},
		{"plaintext", "t", "key", "sk_live_yyy", vault.ErrFormat},
		{"no such field", "t", "apiKey", good, errNotSealed},
		{"a field in the clear", "plain", "key",
			fresh("plain", "key", "bearer", "https://p.example"), errNotSealed},
		{"no such service", "x", "key", good, nil},
	} {
		out, err := Reseal([]byte(text), c.service, map[string]string{c.field: c.value})
		if err == nil || out != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var all *Error
	if _, err := Reseal([]byte("version: 2\n"), "t", nil); !errors.As(err, &all) {
		t.Errorf("%v", err)
	}
}
