package vault

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/secret"
)

// Root is the root key of one home: 32 random bytes from which every other key is derived. The zero
// value is no key. It does not print.
type Root struct{ key secret.Text }

const rootPrefix = "janee-key-v1:"

// NewRoot makes a root key from 32 bytes of a cryptographic source of randomness.
func NewRoot(b [32]byte) Root { return Root{secret.New(string(b[:]))} }

// ParseRoot reads the one line of a root key file, with or without its line feed, or 64 hex digits.
// The error does not quote the input.
func ParseRoot(s string) (Root, error) {
	s = strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
	if text, ok := strings.CutPrefix(s, rootPrefix); ok {
		raw, err := encoding.DecodeString(text)
		if err != nil || len(raw) != keyLength || encoding.EncodeToString(raw) != text {
			return Root{}, fmt.Errorf(
				"root key: want %s and 43 characters of base64url", rootPrefix)
		}
		return NewRoot([32]byte(raw)), nil
	}
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != keyLength {
		return Root{}, errors.New("root key: want one line " + rootPrefix + "… or 64 hex digits")
	}
	return NewRoot([32]byte(raw)), nil
}

// Line is the root key as its file has it, without a line feed.
func (r Root) Line() secret.Text {
	return secret.New(rootPrefix + encoding.EncodeToString([]byte(r.key.Reveal())))
}

// IsZero reports whether there is no key.
func (r Root) IsZero() bool { return r.key.IsZero() }

// Format implements fmt.Formatter: no verb prints the key.
func (r Root) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }
