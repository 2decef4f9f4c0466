// Package line builds and checks the signed records that Janee keeps on disk. A record is one JSON
// object on one line, with its fields in a fixed order and a MAC as the last field.
//
// Use Encode to write a file with one record, Builder and Seal to write the lines of the audit log,
// and Open (or Verify and then a parser) to read. The canonical form is the bytes as written, so
// nothing is ever encoded again before it is checked. Stem takes the name of a file with such a
// record apart.
//
// The package knows no keys, no directories and no meaning of fields; packages session, approval
// and audit bring those.
package line

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
)

const (
	macOpen  = `,"mac":"`
	macClose = `"}`
	tailLen  = len(macOpen) + 2*sha256.Size + len(macClose)
)

// ErrNotAuthentic means that the bytes are not a line sealed with this key: they were edited, cut
// short, or sealed with another key.
var ErrNotAuthentic = errors.New("not authentic: edited, cut short, or sealed with another key")

// Mac seals and verifies many lines with one key. It is not safe for concurrent use.
type Mac struct {
	sum   hash.Hash
	empty bool
}

// NewMac returns a Mac for a key of 32 bytes (HMAC-SHA256, RFC 2104). A Mac without a key verifies
// nothing.
func NewMac(key []byte) *Mac {
	return &Mac{sum: hmac.New(sha256.New, key), empty: len(key) == 0}
}

// Seal appends the mac field and the closing brace to open, a JSON object without its last brace,
// and returns the whole line without a line feed.
func (m *Mac) Seal(open []byte) []byte {
	tag := m.tag(open)
	open = append(open, macOpen...)
	open = append(open, tag[:]...)
	return append(open, macClose...)
}

// Verify checks the bytes of one line, given without its line feed, against the MAC at its end. Its
// only error is ErrNotAuthentic.
func (m *Mac) Verify(line []byte) error {
	n := len(line) - tailLen
	// An absent key would make this the HMAC-SHA256 of the empty key, which anyone can compute.
	if m.empty || n < 0 {
		return ErrNotAuthentic
	}
	open, tail := line[:n], line[n:]
	tag := m.tag(open)
	written := tail[len(macOpen) : len(tail)-len(macClose)]
	if string(tail[:len(macOpen)]) != macOpen ||
		string(tail[len(tail)-len(macClose):]) != macClose || !hmac.Equal(tag[:], written) {
		return ErrNotAuthentic
	}
	return nil
}

// tag compares as hex text, so that the right MAC in upper case counts as an edit like any other.
func (m *Mac) tag(open []byte) (text [2 * sha256.Size]byte) {
	var raw [sha256.Size]byte
	m.sum.Reset()
	m.sum.Write(open)
	hex.Encode(text[:], m.sum.Sum(raw[:0]))
	return text
}

// Seal is Mac.Seal for a single line.
func Seal(key, open []byte) []byte { return NewMac(key).Seal(open) }

// Verify is Mac.Verify for a single line.
func Verify(key, line []byte) error { return NewMac(key).Verify(line) }
