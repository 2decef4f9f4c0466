package sign

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
)

// digest computes the response of HTTP Digest authentication (RFC 7616 section 3.4.1). The nonce
// comes with the server's refusal of a first request, so a call sends two: see [Scheme.Challenged].
type digest struct {
	// as in the challenge: MD5 if empty, SHA-256, SHA-512-256, each also with -sess
	algorithm          string
	username, password string
	realm, nonce       string
	qop                string // auth, auth-int, or empty for servers of RFC 2069
	nc, cnonce         string
}

// hash returns the algorithm, and whether the key is bound to the nonces of the server's session.
func (d digest) hash() (h func() hash.Hash, session bool) {
	name, session := strings.CutSuffix(strings.ToUpper(d.algorithm), "-SESS")
	switch name {
	case "", "MD5":
		return md5.New, session
	case "SHA-256":
		return sha256.New, session
	case "SHA-512-256":
		return sha512.New512_256, session
	}
	return nil, false
}

// key returns what takes the place of the password in a response, "" for an unknown algorithm.
// Unless it is bound to a session, it is as good as the password wherever the realm is the same.
func (d digest) key() string {
	h, session := d.hash()
	if h == nil {
		return ""
	}
	key := digestHex(h, []byte(d.username+":"+d.realm+":"+d.password))
	if session {
		key = digestHex(h, []byte(key+":"+d.nonce+":"+d.cnonce))
	}
	return key
}

// response returns the value of the parameter response, "" for an unknown algorithm.
func (d digest) response(method, uri string, body []byte) string {
	h, _ := d.hash()
	if h == nil {
		return ""
	}
	sum := func(parts ...string) string { return digestHex(h, []byte(strings.Join(parts, ":"))) }
	key, request := d.key(), sum(method, uri)
	if d.qop == "auth-int" {
		request = sum(method, uri, digestHex(h, body))
	}
	if d.qop == "" {
		return sum(key, d.nonce, request)
	}
	return sum(key, d.nonce, d.nc, d.cnonce, d.qop, request)
}
