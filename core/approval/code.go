package approval

import (
	"crypto/subtle"
	"strings"
)

const (
	// MaxCodes is how many codes may be tried for one question: of 30 bits three guesses are
	// nothing, and a person can mistype twice.
	MaxCodes = 3
	codeLen  = 6
	// codeDigits are those of Crockford's base 32 (https://www.crockford.com/base32.html): none is
	// taken for another.
	codeDigits = "0123456789abcdefghjkmnpqrstvwxyz"
)

// NewCode makes the code of a question of random bytes: what a person reads in their own terminal
// and types into the form that the agent's client shows. It proves that they looked; whoever sees
// only what the agent sees cannot know it.
func NewCode(random [codeLen]byte) string {
	var code [codeLen]byte
	for i, b := range random {
		code[i] = codeDigits[b&31]
	}
	return string(code[:])
}

var asCode = strings.NewReplacer("o", "0", "i", "1", "l", "1", " ", "", "-", "")

// HasCode reports whether typed is the code of the question, in any case. No text is that of a
// question without one.
func (q Question) HasCode(typed string) bool {
	if len(q.Code) != codeLen {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(asCode.Replace(strings.ToLower(typed))),
		[]byte(q.Code)) == 1
}
