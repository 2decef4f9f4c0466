package cli

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/true-and-useful/janee/core/config"
)

// newAgentToken returns a token with which a registered agent proves who it is: "janee_" and 256
// random bits in base64url without padding, 49 characters in all.
func newAgentToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	return config.TokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// registerAgent adds an agent to the text of config.yaml, which keeps the digest of its token and
// never the token. Its errors are those of config.AddAgent.
func registerAgent(text []byte, name, token string, now time.Time) ([]byte, error) {
	return config.AddAgent(text, name, config.TokenDigest(token), now.UTC().Format(time.RFC3339))
}
