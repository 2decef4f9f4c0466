package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

// token returns a signed JWT in compact form (RFC 7515 section 3.1). header and claims are values
// for JSON.
func token(key any, header, claims any) (string, error) {
	h, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("write the header of a token: %w", err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write the claims of a token: %w", err)
	}
	return compact(key, h, c)
}

// claimsNote shows the claims of a token to a person.
func claimsNote(claims any) Note {
	text, _ := json.Marshal(claims) // token has written the same
	return Note{"claims", string(text)}
}

// compact signs according to the kind of key: RS256 (RFC 7518 section 3.3) or ES256 (section 3.4).
func compact(key any, header, claims []byte) (string, error) {
	input := base64.RawURLEncoding.EncodeToString(header) + "." +
		base64.RawURLEncoding.EncodeToString(claims)
	var signature []byte
	var err error
	switch key := key.(type) {
	case *rsa.PrivateKey:
		signature, err = rs256(key, input)
	case *ecdsa.PrivateKey:
		signature, err = es256(key, input)
	default:
		err = errKind
	}
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// jwtSignature returns the last part of a token in compact form, without which the token is worth
// nothing.
func jwtSignature(token string) string { return token[strings.LastIndexByte(token, '.')+1:] }

// rs256 is RSASSA-PKCS1-v1_5 with SHA-256, which needs no randomness.
func rs256(key *rsa.PrivateKey, text string) ([]byte, error) {
	sum := sha256.Sum256([]byte(text))
	return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
}

// es256 is ECDSA on P-256 with SHA-256 in the form of JOSE, both numbers in 32 bytes. It needs no
// source of randomness: the nonce comes from key and text (RFC 6979), so that equal calls give
// equal bytes.
func es256(key *ecdsa.PrivateKey, text string) ([]byte, error) {
	sum := sha256.Sum256([]byte(text))
	der, err := key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var s struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &s); err != nil {
		return nil, err
	}
	return append(s.R.FillBytes(make([]byte, 32)), s.S.FillBytes(make([]byte, 32))...), nil
}
