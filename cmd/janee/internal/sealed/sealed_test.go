package sealed

import (
	"errors"
	"fmt"
	"testing"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

func TestFields(t *testing.T) {
	v := vault.New(vault.NewRoot([32]byte{1}), "test")
	at := vault.Binding{
		Service: "s",
		Field:   "headers.A",
		Type:    "headers",
		Origin:  "https://x.example",
	}
	seal := func(change func(*vault.Binding)) string {
		b := at
		change(&b)
		return v.Seal("k1", b, [12]byte{}, secret.New("sk_live_xxx"))
	}
	for _, c := range []struct {
		name           string
		text           string
		rebound, moved bool
		err            error
	}{
		{"in place", seal(func(*vault.Binding) {}), false, false, nil},
		{"service", seal(func(b *vault.Binding) { b.Service = "t" }), true, false, nil},
		{"type", seal(func(b *vault.Binding) { b.Type = "bearer" }), true, false, nil},
		{"origin", seal(func(b *vault.Binding) { b.Origin = "https://x.example:8443" }),
			true, false, nil},
		{"field", seal(func(b *vault.Binding) { b.Field = "headers.B" }), true, true, nil},
		{"damaged", seal(func(*vault.Binding) {})[:90] + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			false, false, vault.ErrDamaged},
		{"torn", "janee:v1:k1", false, false, vault.ErrFormat},
	} {
		text := fmt.Sprintf("services:\n  s:\n    baseUrl: https://x.example/v1\n"+
			"    auth: {type: headers, headers: {A: %s}}\n", c.text)
		parsed, err := config.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		fields := Fields(v, parsed.Services["s"])
		if len(fields) != 1 {
			t.Fatalf("%s: %d fields", c.name, len(fields))
		}
		f := fields[0]
		if f.Path != at.Field || f.Want != at || f.Rebound() != c.rebound || f.Moved() != c.moved ||
			!errors.Is(f.Err, c.err) {
			t.Errorf("%s: %+v", c.name, f)
		}
		if c.err == nil && f.Plain.Reveal() != "sk_live_xxx" {
			t.Errorf("%s: opens to something else", c.name)
		}
	}
}

func TestFieldsLeavesPlaintextOut(t *testing.T) {
	parsed, err := config.Parse([]byte("services:\n  s:\n    baseUrl: https://x.example\n" +
		"    auth: {type: bearer, key: typed_by_hand}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if fields := Fields(vault.New(vault.NewRoot([32]byte{1}), "test"),
		parsed.Services["s"]); fields != nil {
		t.Errorf("%v", fields)
	}
}
