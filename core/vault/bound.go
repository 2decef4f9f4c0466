package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/true-and-useful/janee/core/line"
	"github.com/true-and-useful/janee/core/secret"
)

const boundLabel = "bound"

// Destination is everything that decides where a service's credential goes and who can read it on
// the way. Two destinations are the same exactly if they compare equal.
type Destination struct {
	Service string `json:"service"`
	Type    string `json:"type"`            // auth type
	Origin  string `json:"origin"`          // as in Binding
	Proxy   string `json:"proxy,omitempty"` // URL, "" = none
	CA      string `json:"ca,omitempty"`    // SHA-256 of the content of caFile in hex, "" = none
}

// Digest is 32 hex digits that identify d where only equality counts, as in a session.
func (d Destination) Digest() string {
	sum := line.Digest("destination", d.Service, d.Type, d.Origin, d.Proxy, d.CA)
	return hex.EncodeToString(sum[:16])
}

// Bound is what the owner of a service has agreed to: that these values go to this destination.
type Bound struct {
	Destination
	// Values has the Fingerprint of each sealed value, by its path under auth. Without it, an
	// agreed line for a worthless value would also serve for any older value that is put back
	// beside it.
	Values map[string]string `json:"values"`
	// Typed says that nobody was asked: the values were typed into config.yaml beside the
	// destination. It says nothing of values that come in another way.
	Typed bool `json:"typed,omitempty"`
}

// SealBound returns b as one signed line without a line feed.
func (v *Vault) SealBound(b Bound) string {
	return strings.TrimSuffix(string(line.Encode(v.Key(boundLabel), boundLabel, b)), "\n")
}

// OpenBound returns what a line says, which is authentic exactly if the error is nil.
func (v *Vault) OpenBound(text string) (Bound, error) {
	return line.Open[Bound](v.Key(boundLabel), []byte(text), boundLabel)
}

// ReadBound returns what a line claims, without verifying it. To act on it, use OpenBound.
func ReadBound(text string) (b Bound, err error) {
	err = json.Unmarshal([]byte(text), &b)
	return b, err
}

// Fingerprint distinguishes the values of a field without revealing anything about them: 32 hex
// digits of HMAC-SHA256. It does not change when a value is sealed again with another key or nonce.
func (v *Vault) Fingerprint(service, field string, plain secret.Text) string {
	mac := hmac.New(sha256.New, v.Key(boundLabel))
	digest := line.Digest("value", service, field, plain.Reveal())
	mac.Write(digest[:])
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
