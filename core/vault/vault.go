// Package vault seals credentials as text for a configuration file, and derives every other key of
// a home from its one root key. Use New with the root key and the id of the vault, then Seal, Open
// and Key; Parse and IsSealed read the outside of sealed text without any key.
//
// The package keeps nothing on disk and makes no nonces. It does not decide whether an authentic
// value belongs where it was found: the caller compares the Binding.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/true-and-useful/janee/core/secret"
)

// ErrDamaged means that well-formed sealed text does not open with this root key and vault id.
var ErrDamaged = errors.New("damaged, or sealed with another key")

const keyLength = 32

// Vault derives keys and seals values. It is safe for concurrent use.
type Vault struct {
	root Root
	id   string

	mu sync.Mutex
	// secret.Text, because fmt prints unexported fields without calling Format
	keys  map[string]secret.Text
	aeads map[string]cipher.AEAD
}

// New returns the vault called id, which is vault.id in the configuration. It panics on a zero
// Root: keys derived from nothing would seal and open without complaint, for everyone.
func New(root Root, id string) *Vault {
	if root.IsZero() {
		panic("vault: no root key")
	}
	return &Vault{
		root:  root,
		id:    id,
		keys:  map[string]secret.Text{},
		aeads: map[string]cipher.AEAD{},
	}
}

// Format implements fmt.Formatter: no verb prints the derived keys.
func (v *Vault) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// Check returns the 16 hex digits of vault.check in the configuration, which tell a wrong root key
// from a damaged value.
func (v *Vault) Check() string { return hex.EncodeToString(v.Key("check")[:8]) }

// Key derives the 32 bytes for one use: "state" for session and approval files, "audit/WRITER" for
// a chain of the log. It is HKDF-SHA256 (RFC 5869) with the vault id as salt and "janee/v1/" +
// label as info. The caller owns the slice.
func (v *Vault) Key(label string) []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.key(label)
}

// Seal returns plain as sealed text under the key called kid. A nonce must never be used twice: it
// is random, and new for every call.
func (v *Vault) Seal(kid string, b Binding, nonce [12]byte, plain secret.Text) string {
	prefix := b.prefix(kid)
	return prefix + ":" +
		encoding.EncodeToString(sealBox(v.aead(kid), nonce, v.aad(prefix), []byte(plain.Reveal())))
}

// Open returns the value of sealed text and the binding it was sealed with, which is authentic
// exactly if the error is nil. Errors wrap ErrFormat or are ErrDamaged; none of them quotes the
// text.
func (v *Vault) Open(sealed string) (Binding, secret.Text, error) {
	p, err := parse(sealed)
	if err != nil {
		return Binding{}, secret.Text{}, err
	}
	plain, err := openBox(v.aead(p.kid), v.aad(p.prefix), p.box)
	if err != nil {
		return Binding{}, secret.Text{}, err
	}
	return p.binding, secret.New(string(plain)), nil
}

// aad is the whole text before the box, so that a value moved to another service, field, auth type,
// origin or vault does not open.
func (v *Vault) aad(prefix string) []byte { return []byte(v.id + "|" + prefix) }

func (v *Vault) aead(kid string) cipher.AEAD {
	v.mu.Lock()
	defer v.mu.Unlock()
	a, ok := v.aeads[kid]
	if !ok {
		a = newAEAD(v.key("seal/" + kid))
		v.aeads[kid] = a
	}
	return a
}

// key derives a key. The caller must have mu locked.
func (v *Vault) key(label string) []byte {
	if k, ok := v.keys[label]; ok {
		return []byte(k.Reveal())
	}
	k, err := hkdf.Key(sha256.New, []byte(v.root.key.Reveal()), []byte(v.id),
		"janee/v1/"+label, keyLength)
	if err != nil {
		panic("vault: derive key: " + err.Error())
	}
	v.keys[label] = secret.New(string(k))
	return k
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("vault: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("vault: " + err.Error())
	}
	return aead
}

const (
	nonceLength = 12
	boxOverhead = nonceLength + 16
)

// sealBox returns nonce ‖ ciphertext ‖ tag (AES-256-GCM, NIST SP 800-38D).
func sealBox(aead cipher.AEAD, nonce [nonceLength]byte, aad, plain []byte) []byte {
	box := make([]byte, nonceLength, boxOverhead+len(plain))
	copy(box, nonce[:])
	return aead.Seal(box, nonce[:], plain, aad)
}

// openBox accepts one length of nonce only: if the format had a choice, an attacker would make it.
func openBox(aead cipher.AEAD, aad, box []byte) ([]byte, error) {
	if len(box) < boxOverhead {
		return nil, fmt.Errorf("%w: box too short", ErrFormat)
	}
	plain, err := aead.Open(nil, box[:nonceLength], box[nonceLength:], aad)
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}
