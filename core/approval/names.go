package approval

import (
	"encoding/hex"
	"strings"

	"github.com/true-and-useful/janee/core/line"
	"github.com/true-and-useful/janee/core/wire"
)

// Dir holds the files of all questions, relative to the home.
const Dir = "approvals"

const (
	questionSuffix = "json" // also of TriesFile
	answerSuffix   = "answer"
	usedSuffix     = "used"
	codesSuffix    = "tries"
)

// Request is everything in a request that a yes is bound to. URL is the base URL and the path as
// the agent wrote it; Headers are the agent's, in its order.
type Request struct {
	Via, Agent, Capability, Service, Method, URL string

	Headers []wire.Header
	Body    []byte
}

// Digest names the request: SHA-256 over its parts, in 64 hex digits. Any difference, in the value
// of a header or in one byte of the body, makes another request.
func (r Request) Digest() string {
	parts := []string{
		"request", r.Via, r.Agent, r.Capability, r.Service, strings.ToUpper(r.Method), r.URL,
	}
	for _, h := range r.Headers {
		parts = append(parts, strings.ToLower(h.Name), h.Value)
	}
	sum := line.Digest(append(parts, string(r.Body))...)
	return hex.EncodeToString(sum[:])
}

// File names the file of the question about the request with that digest. A later question about
// the same request replaces it.
func File(digest string) string { return Dir + "/" + digest[:32] + "." + questionSuffix }

// AnswerFile names the file of the answer to the question called id.
func AnswerFile(id string) string { return Dir + "/" + id + "." + answerSuffix }

// UsedFile names the file that marks the yes to the question called id as used, by existing.
func UsedFile(id string) string { return Dir + "/" + id + "." + usedSuffix }

// CodesFile names the file that counts the codes tried for the question called id, as Tries.
func CodesFile(id string) string { return Dir + "/" + id + "." + codesSuffix }

// IsName reports whether name is that of a file of this package. No other name, such as one with a
// ".." in it, may be used as a path.
func IsName(name string) bool {
	for _, suffix := range []string{questionSuffix, answerSuffix, usedSuffix, codesSuffix} {
		if _, ok := line.Stem(name, Dir, suffix); ok {
			return true
		}
	}
	return false
}
