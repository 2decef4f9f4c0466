package approval

import (
	"crypto/subtle"
	"strings"
)

const (
	// MaxCodes is how many codes may be tried for one question: three guesses at 30 bits are worth
	// nothing, and a person can mistype twice.
	MaxCodes = 3
	codeLen  = 6
	// codeDigits are those of Crockford's base 32 (https://www.crockford.com/base32.html), none of
	// which can be mistaken for another.
	codeDigits = "0123456789abcdefghjkmnpqrstvwxyz"
)

// NewCode makes the code of a question from random bytes. A person reads it in their own terminal
// and types it into the form that the agent's client shows. It proves that they looked at the
// question: anyone who sees only what the agent sees cannot know it.
func NewCode(random [codeLen]byte) string {
	var code [codeLen]byte
	for i, b := range random {
		code[i] = codeDigits[b&31]
	}
	return string(code[:])
}

var asCode = strings.NewReplacer("o", "0", "i", "1", "l", "1", " ", "", "-", "")

// HasCode reports whether typed is the code of the question, in upper or lower case. A question
// without a code accepts none.
func (q Question) HasCode(typed string) bool {
	if len(q.Code) != codeLen {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(asCode.Replace(strings.ToLower(typed))),
		[]byte(q.Code)) == 1
}
