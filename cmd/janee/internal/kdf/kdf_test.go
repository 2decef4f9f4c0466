package kdf

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/true-and-useful/janee/core/secret"
)

func TestParse(t *testing.T) {
	for _, p := range []Params{Standard, {8, 1, 1}, {1 << 20, 16, 16}, {128, 1, 16}} {
		if got, err := Parse(p.String()); err != nil || got != p {
			t.Errorf("%v: %v, %v", p, got, err)
		}
	}
	for _, text := range []string{
		"", "m=65536", "m=65536,t=3", "m=65536,t=3,p=", "m=65536,t=3,p=4,", "m=65536,t=3,p=4 ",
		" m=65536,t=3,p=4", "m=065536,t=3,p=4", "m=+65536,t=3,p=4", "t=3,m=65536,p=4",
		"m=0x10000,t=3,p=4", "m=65536,t=0,p=4", "m=65536,t=17,p=4", "m=65536,t=3,p=0",
		"m=65536,t=3,p=17", "m=65536,t=3,p=260", "m=1048577,t=3,p=4", "m=104857600,t=3,p=4",
		"m=4294967296,t=3,p=4", "m=7,t=3,p=1", "m=31,t=3,p=4", "m=-1,t=3,p=4", "m=65536,t=3,p=4\n",
	} {
		if p, err := Parse(text); !errors.Is(err, ErrParams) {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

// TestKey: made with the argon2 command of the reference implementation: echo -n password | argon2
// somesalt -id -t 2 -k 65536 -p 1 -l 32.
func TestKey(t *testing.T) {
	key := Params{65536, 2, 1}.Key(secret.New("password"), []byte("somesalt"))
	if got := hex.EncodeToString(key[:]); got !=
		"09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7" {
		t.Error(got)
	}
}
