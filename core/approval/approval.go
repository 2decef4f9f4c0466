// Package approval holds what a person is asked and what they answer: the question about one exact
// request, the answer, and the mark that the answer has been used.
//
// Request.Digest names a request. Before a caller raises a question about it, Full says whether the
// agent may ask at all, and Stale names the files that can be removed. Question.Standing then says
// what has become of the question. Whatever cannot be decoded allows nothing.
//
// The package reads no files and no clock, asks nobody, and opens no sessions; those are in package
// session.
package approval

import (
	"errors"
	"strings"

	"github.com/true-and-useful/janee/core/line"
)

const (
	// Lifetime is how long, in milliseconds, a question waits for its answer, and how long a yes
	// waits for its call.
	Lifetime = 10 * 60 * 1000
	// skewMs is how far ahead of this clock another process on the same machine may read its own.
	skewMs = 5000
)

// The answers that a person can give, and how far a yes reaches.
const (
	Allow = "allow"
	Deny  = "deny"

	Once    = "once"    // exactly this request, once
	Session = "session" // everything that the rules of the capability allow, until the session ends
)

// ByCommand names the channel of `janee approve` in answers and records. It is the only channel
// that asks for the PIN.
const ByCommand = "cli"

// Question is what a person is asked about one request. Asked and Expires are Unix milliseconds.
// Path is what the API will receive, including the query, cut if it is very long; Digest covers all
// of it, and the headers and the body. Code is for the person only, and "" if nothing asks for it:
// see NewCode.
type Question struct {
	ID         string `json:"id"`
	Agent      string `json:"agent"`
	Via        string `json:"via"`
	Capability string `json:"capability"`
	Service    string `json:"service"`
	Method     string `json:"method"`
	Host       string `json:"host"`
	Path       string `json:"path"`
	BodyBytes  int64  `json:"bodyBytes"`
	BodySHA256 string `json:"bodySha256,omitempty"`
	Reason     string `json:"reason,omitempty"`
	Digest     string `json:"digest"`
	Asked      int64  `json:"asked"`
	Expires    int64  `json:"expires"`
	Code       string `json:"code,omitempty"`
}

// ShortID is how many digits of an id a person is shown: enough for as many questions as can be
// open.
const ShortID = 8

// Short is the beginning of the id, as commands take it.
func (q Question) Short() string { return q.ID[:min(ShortID, len(q.ID))] }

// Encode returns the content of the question's file, one line, signed with the key "state" of the
// vault.
func (q Question) Encode(key []byte) []byte { return line.Encode(key, "question", q) }

var errName = errors.New("read question: it names no file")

// DecodeQuestion reads the content of a question's file. A caller compares File with the name it
// read: the MAC alone does not stop anyone from copying the question about one request over that
// about another.
func DecodeQuestion(key, data []byte) (Question, error) {
	q, err := line.Open[Question](key, data, "question")
	if err != nil {
		return q, err
	}
	if !isHex(q.ID, 32) || !isHex(q.Digest, 64) {
		return Question{}, errName
	}
	return q, nil
}

// Answer is what a person said to the question called ID, at At. Until is the end of the session
// that a yes for a session opens, 0 if the capability's ttl decides it; for a yes to one request,
// it is how long that yes waits for its call. Both are Unix milliseconds. By names the channel
// ("cli", "elicitation").
type Answer struct {
	ID       string `json:"id"`
	Digest   string `json:"digest"`
	Decision string `json:"decision"`
	Scope    string `json:"scope"`
	At       int64  `json:"at"`
	Until    int64  `json:"until"`
	By       string `json:"by"`
}

// HeardWithPIN reports whether the answer counts while there is a PIN: a no always does, a yes only
// if it came over the channel that asks for the PIN.
func (a Answer) HeardWithPIN() bool { return a.Decision == Deny || a.By == ByCommand }

// Encode returns the content of the answer's file, one line, signed with the key "state" of the
// vault.
func (a Answer) Encode(key []byte) []byte { return line.Encode(key, "answer", a) }

var errAnswer = errors.New("read answer: neither a yes nor a no")

// DecodeAnswer reads the content of an answer's file. On an error the caller treats the answer as
// no.
func DecodeAnswer(key, data []byte) (Answer, error) {
	a, err := line.Open[Answer](key, data, "answer")
	if err != nil {
		return a, err
	}
	if a.Decision != Allow && a.Decision != Deny || a.Scope != Once && a.Scope != Session {
		return Answer{}, errAnswer
	}
	return a, nil
}

// Used says that the yes to the question called ID was used by the call Req, at At in Unix
// milliseconds. What counts is that its file exists.
type Used struct {
	ID  string `json:"id"`
	Req string `json:"req"`
	At  int64  `json:"at"`
}

// Encode returns the content of the file, one line, signed with the key "state" of the vault.
func (u Used) Encode(key []byte) []byte { return line.Encode(key, "used", u) }

func isHex(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789abcdef") == "" }
