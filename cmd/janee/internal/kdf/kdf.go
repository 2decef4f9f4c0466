// Package kdf derives keys from what a person remembers, a passphrase or a PIN, with argon2id
// (RFC 9106). Use Params.Key with Standard for something new. Parse reads stored parameters, and
// refuses those that would exhaust the machine.
//
// It does not know what a key opens, and compares nothing: package keysource unlocks key files with
// it, and package answers checks PINs.
package kdf

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"

	"github.com/true-and-useful/janee/core/secret"
)

// Params are the costs of argon2id.
type Params struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// Standard are the second recommended parameters of RFC 9106 section 4: 64 MiB, three passes, four
// lanes. They take about a tenth of a second.
var Standard = Params{64 << 10, 3, 4}

// The limits of stored parameters. Argon2 needs at least eight KiB per lane (RFC 9106 section 3.1).
const (
	maxMemory  = 1 << 20 // KiB: 1 GiB
	maxPasses  = 16
	maxLanes   = 16
	leastBlock = 8 // KiB per lane
)

// The sizes of a salt and of a key, in bytes.
const (
	SaltSize = 16
	KeySize  = 32
)

// ErrParams means that a text is not written as String writes it, or has parameters out of bounds.
var ErrParams = errors.New("not parameters of argon2id within bounds")

// String returns the parameters as they are stored: "m=65536,t=3,p=4".
func (p Params) String() string {
	return fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Passes, p.Lanes)
}

// Parse reads what String writes, and returns ErrParams for anything else.
func Parse(s string) (Params, error) {
	var p Params
	if _, err := fmt.Sscanf(s, "m=%d,t=%d,p=%d", &p.Memory, &p.Passes, &p.Lanes); err != nil ||
		p.String() != s {
		return Params{}, ErrParams
	}
	if p.Passes < 1 || p.Passes > maxPasses || p.Lanes < 1 || p.Lanes > maxLanes ||
		p.Memory > maxMemory || p.Memory < leastBlock*uint32(p.Lanes) {
		return Params{}, ErrParams
	}
	return p, nil
}

// Key derives the key from text and salt. It takes the time and the memory of p, whether the text
// is right or wrong.
func (p Params) Key(text secret.Text, salt []byte) [KeySize]byte {
	return [KeySize]byte(argon2.IDKey([]byte(text.Reveal()), salt, p.Passes,
		p.Memory, p.Lanes, KeySize))
}
