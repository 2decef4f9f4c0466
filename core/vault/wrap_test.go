package vault

import (
	"errors"
	"testing"
)

func TestWrap(t *testing.T) {
	key, aad := [32]byte{7}, []byte("v|prefix")
	box := testRoot().Wrap(key, nonce, aad)
	if got, err := Unwrap(key, aad, box); err != nil ||
		got.Line().Reveal() != testRoot().Line().Reveal() || len(box) != WrappedSize {
		t.Fatalf("%d bytes, %v", len(box), err)
	}
	for name, open := range map[string]func() (Root, error){
		"another key": func() (Root, error) { return Unwrap([32]byte{8}, aad, box) },
		"another aad": func() (Root, error) { return Unwrap(key, []byte("w|prefix"), box) },
	} {
		if r, err := open(); !errors.Is(err, ErrDamaged) || !r.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range box {
		other := append([]byte(nil), box...)
		other[i] ^= 1
		if r, err := Unwrap(key, aad, other); !errors.Is(err, ErrDamaged) || !r.IsZero() {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	for _, size := range []int{31, 33} { // what opens and is no root key
		_, err := Unwrap(key, aad, sealBox(newAEAD(key[:]), nonce, aad, make([]byte, size)))
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%d bytes within: %v", size, err)
		}
	}
	for _, n := range []int{0, 1, WrappedSize - 1, WrappedSize + 1, 200} {
		r, err := Unwrap(key, aad, append(box, make([]byte, 200)...)[:n])
		if !errors.Is(err, ErrFormat) || !r.IsZero() {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
