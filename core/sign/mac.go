package sign

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strconv"
	"time"
)

// mac is HMAC (RFC 2104).
func mac(h func() hash.Hash, key []byte, text string) []byte {
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// digestHex returns the hash of text in lower-case hex.
func digestHex(h func() hash.Hash, text []byte) string {
	d := h()
	d.Write(text)
	return hex.EncodeToString(d.Sum(nil))
}

func (m Moment) millis() string  { return strconv.FormatInt(m.UnixMs, 10) }
func (m Moment) seconds() string { return strconv.FormatInt(m.UnixMs/1000, 10) }

// iso returns the time with exactly three decimals, "2020-12-08T09:08:57.715Z" (RFC 3339).
func (m Moment) iso() string { return m.utc("2006-01-02T15:04:05.000Z") }

// httpDate returns the time as in a Date field (RFC 9110 section 5.6.7).
func (m Moment) httpDate() string { return m.utc("Mon, 02 Jan 2006 15:04:05 GMT") }

func (m Moment) utc(layout string) string { return time.UnixMilli(m.UnixMs).UTC().Format(layout) }

// word returns the nonce as text: 128 bits in hex, which every service accepts as a nonce.
func (m Moment) word() string { return hex.EncodeToString(m.Nonce[:min(len(m.Nonce), 16)]) }

// base64Fault checks a secret that is issued in base64 (RFC 4648 section 4) and decoded before use.
func base64Fault(value string) string {
	if text := plainFault(value); text != "" {
		return text
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(value); err != nil {
		return "is not base64, as the service issues it"
	}
	return ""
}

// decoded returns the bytes of a base64 secret that Check has accepted.
func decoded(value string) []byte {
	b, _ := base64.StdEncoding.DecodeString(value) // base64Fault has seen it
	return b
}

// decodedForms returns the bytes of base64 secrets, because a service may show them in hex.
func decodedForms(fields ...string) func(Credential) []string {
	return func(c Credential) (found []string) {
		for _, f := range fields {
			if b := decoded(c[f].Reveal()); len(b) > 0 {
				found = append(found, string(b))
			}
		}
		return found
	}
}

// oneOf checks a field that takes one of a few words.
func oneOf(words ...string) func(string) string {
	text := "is not one of"
	for i, w := range words {
		if i > 0 {
			text += ","
		}
		text += " " + w
	}
	return func(value string) string {
		for _, w := range words {
			if value == w {
				return ""
			}
		}
		return text
	}
}
