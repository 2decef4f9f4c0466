package vault

// WrappedSize is the length of a wrapped root key: nonce, key and tag.
const WrappedSize = boxOverhead + keyLength

// Wrap seals the root key under another key (AES-256-GCM), such as one derived from a passphrase.
// aad is authenticated with it. A nonce must never be used twice with one key: it is random, and
// new for every call.
func (r Root) Wrap(key [32]byte, nonce [12]byte, aad []byte) []byte {
	return sealBox(newAEAD(key[:]), nonce, aad, []byte(r.key.Reveal()))
}

// Unwrap opens what Wrap returns. Errors wrap ErrFormat if the length is wrong, or are ErrDamaged
// if the key, aad or any byte is.
func Unwrap(key [32]byte, aad, box []byte) (Root, error) {
	if len(box) != WrappedSize {
		return Root{}, ErrFormat
	}
	plain, err := openBox(newAEAD(key[:]), aad, box)
	if err != nil {
		return Root{}, err
	}
	return NewRoot([32]byte(plain)), nil
}
