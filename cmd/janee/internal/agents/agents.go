// Package agents makes the tokens by which registered agents prove who they are, and registers agents by them. Use [NewToken] and,
// inside a change of config.yaml, [Add]; config.AgentByToken finds afterwards whose token it is.
// It keeps no token: what is not noted down when it is made can only be replaced.
package agents

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/true-and-useful/janee/core/config"
)

// NewToken is "janee_" and 256 random bits in base64url without padding: 49 characters.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	return config.TokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// Add registers an agent in the text of config.yaml, which holds the digest of its token from then on. Errors as for config.AddAgent.
func Add(text []byte, name, token string, now time.Time) ([]byte, error) {
	return config.AddAgent(text, name, config.TokenDigest(token), now.UTC().Format(time.RFC3339))
}
