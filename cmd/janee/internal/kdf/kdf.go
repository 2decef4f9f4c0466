// Package kdf makes keys of what a person remembers, by argon2id (RFC 9106). Use Standard for
// something new; Parse reads the parameters that stand beside what they once protected, and refuses
// what would exhaust this machine. It knows nothing of what the key opens, and compares nothing.
package kdf

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"

	"github.com/true-and-useful/janee/core/secret"
)

// Params are what argon2id costs.
type Params struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// Standard are the second recommended parameters of RFC 9106 section 4: 64 MiB, three passes, four
// lanes. About a tenth of a second.
var Standard = Params{64 << 10, 3, 4}

// What stored parameters may ask for. Below eight KiB a lane there is no argon2 (RFC 9106 section
// 3.1).
const (
	maxMemory  = 1 << 20 // KiB: 1 GiB
	maxPasses  = 16
	maxLanes   = 16
	leastBlock = 8 // KiB a lane
)

// SaltSize is how many random bytes a salt has, KeySize how many a key.
const (
	SaltSize = 16
	KeySize  = 32
)

// ErrParams means that a text holds no parameters in their one spelling, or some that are out of
// bounds.
var ErrParams = errors.New("not parameters of argon2id within bounds")

// String is how the parameters are stored: "m=65536,t=3,p=4".
func (p Params) String() string {
	return fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Passes, p.Lanes)
}

// Parse reads what String writes. ErrParams for all else.
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

// Key is the key that text and salt give. It takes the time and the memory that p says, right text
// or wrong.
func (p Params) Key(text secret.Text, salt []byte) [KeySize]byte {
	return [KeySize]byte(argon2.IDKey([]byte(text.Reveal()), salt, p.Passes,
		p.Memory, p.Lanes, KeySize))
}
