package core

import (
	"encoding/base32"
	"fmt"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// markAlphabet is that of Crockford's base32, without letters that look like digits.
var markAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(
	base32.NoPadding)

// markLength is how many characters tell the mark of a home from the word that APIs write
// themselves.
const markLength = 6

// markOf returns what takes the place of a secret: [REDACTED:k3f9qz]. It comes from the root key,
// so that every process of a home writes the same, and stays when the sealing key changes. It is no
// secret.
func markOf(v *vault.Vault) string {
	return "[REDACTED:" + markAlphabet.EncodeToString(v.Key("mark"))[:markLength] + "]"
}

// newScrubber compiles secrets for what agents see.
func (e *Engine) newScrubber(secrets []secret.Text) *secret.Scrubber {
	return secret.NewScrubber(secrets...).Marked(e.mark)
}

// checkWriteback refuses a request that holds the mark: an agent that changes one field of an
// object and sends the whole back would put the mark in the place of the value that it was not
// shown. What the agent means by plain [REDACTED] is its own affair. A header that is dropped does
// no harm.
func (s *subject) checkWriteback(In) *Denial {
	finds := s.engine.marks.Finds
	where := ""
	for _, h := range s.headers {
		if finds([]byte(h.Value)) {
			where = fmt.Sprintf("header %q", h.Name)
		}
	}
	switch {
	case finds([]byte(s.call.Args.Path)):
		where = "path or query"
	case finds(s.call.Args.Body):
		where = "body"
	}
	if where == "" {
		return nil
	}
	return s.deny(RedactedWriteback).because(
		fmt.Sprintf("the %s holds %s, which Janee writes in replies in place of a secret: "+
			"it would overwrite the real value, so the request was not sent", where, s.engine.mark),
		"", "")
}
