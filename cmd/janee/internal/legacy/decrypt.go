package legacy

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/secret"
)

// Lengths of AES-256-GCM as the TypeScript Janee uses it, in bytes.
const (
	keySize = 32
	ivSize  = 12
	tagSize = 16
)

// opener decrypts the values of one home: base64 of IV, tag and ciphertext, without associated
// data.
type opener struct {
	aead cipher.AEAD
	// lenient is strictDecryption: false, with which the old program used a value that it could not
	// decrypt as the secret itself.
	lenient bool
}

func newOpener(masterKey string, lenient bool) (*opener, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(masterKey))
	if err != nil || len(key) != keySize {
		return nil, ErrKey
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, ErrKey
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, ErrKey
	}
	return &opener{aead, lenient}, nil
}

// open requires the whole tag. Node also accepts a shortened one, which an attacker can guess.
func (o *opener) open(text string) (string, bool) {
	raw, ok := decoded(text)
	if !ok {
		return "", false
	}
	iv, tag, body := raw[:ivSize], raw[ivSize:ivSize+tagSize], raw[ivSize+tagSize:]
	plain, err := o.aead.Open(nil, iv, append(append([]byte{}, body...), tag...), nil)
	return string(plain), err == nil
}

// decoded returns the ciphertext in a value; ok is false if the value cannot hold one.
func decoded(text string) (raw []byte, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	return raw, err == nil && len(raw) >= ivSize+tagSize
}

// value decrypts one field. note tells the owner if the value was taken as it is. typed marks a
// value that a person may have typed in plaintext.
func (o *opener) value(
	service, path, text string, typed bool,
) (v secret.Text, note string, err error) {
	if plain, ok := o.open(text); ok {
		return secret.New(plain), "", nil
	}
	_, cipher := decoded(text)
	switch {
	case o.lenient:
		note = fmt.Sprintf("service %q: %s cannot be decrypted and is taken as it is, because "+
			"strictDecryption is false", service, path)
	case typed && !cipher:
		note = fmt.Sprintf("service %q: %s is in plaintext and is taken as it is", service, path)
	default:
		return v, "", fmt.Errorf("decrypt %s of service %q: %w", path, service, ErrDecrypt)
	}
	return secret.New(text), note, nil
}
