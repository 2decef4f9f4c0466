package core

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/true-and-useful/janee/core/line"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/wire"
)

// shown are the fields of a reply that an agent sees unless its capability says `headers: all`.
// Fields that count a rate limit are shown as well.
var shown = map[string]bool{
	"content-type": true, "content-length": true, "date": true, "etag": true,
	"last-modified": true, "link": true, "location": true, "retry-after": true,
	"x-request-id": true,
}

// reply is what has come of a reply so far.
type reply struct {
	stream   *secret.Stream // scrubs the body
	sent     int64          // Now.Mono
	latency  int64          // from the request to the head, in milliseconds
	head     *Result        // nil: it has not come
	redacted int            // outside the body
	bytes    int64          // of the body, that went to the agent
	fault    string         // what went wrong, scrubbed
	repeated bool           // this is the reply to the second request of the call

	withheld bool   // the body is not for the agent: it is kept here
	body     []byte // scrubbed
}

// begin forgets the reply to a request before this one.
func (r *reply) begin(stream *secret.Stream, maxBytes, now int64) {
	*r = reply{stream: stream, sent: now, repeated: r.repeated, withheld: r.withheld}
	r.stream.Limit(maxBytes)
}

func (r *reply) scrub(p []byte, last bool) []byte {
	clean := r.stream.Write(p, last)
	if r.withheld {
		r.body = append(r.body, clean...)
	}
	return clean
}

// end completes the result of a reply that came as a whole.
func (r *reply) end(result *Result, ev Ended) {
	redacted := r.stream.Redactions()
	result.Truncated, result.Redactions = ev.Truncated || r.stream.Cut(), r.redacted+redacted
	if redacted > 0 { // the length that was announced would tell how long the secret is
		result.Headers = withoutLength(result.Headers)
	}
}

// got counts the bytes of a body that the agent has got, of a reply that broke off as well.
func (f *Flow) got(bytes int64) { f.reply.bytes, f.usage.returned = bytes, bytes }

// withoutLength leaves out the length that a body had before it was scrubbed.
func withoutLength(headers []Header) []Header {
	isLength := func(h Header) bool { return h.Name == "content-length" }
	if !slices.ContainsFunc(headers, isLength) {
		return headers
	}
	return slices.DeleteFunc(slices.Clone(headers), isLength)
}

// result takes the head of a reply: which fields the agent sees, scrubbed.
func (s *delivery) result(h Head) *Result {
	r := &Result{Tool: Execute, Status: h.Status, Dropped: s.dropped}
	s.reply.head, s.reply.latency = r, s.in().Now.Mono-s.reply.sent
	for _, field := range h.Headers {
		name := strings.ToLower(field.Name)
		if hidden(name) ||
			!s.capability.AllHeaders && !shown[name] && !strings.Contains(name, "ratelimit") {
			continue
		}
		r.Headers = append(r.Headers, Header{Name: s.clean(name), Value: s.cleanValue(field.Value)})
	}
	return r
}

// hidden are cookies, in every spelling that a client could take for one, and invalid names: the
// reader of net/http lets "Set-Cookie :" pass.
func hidden(name string) bool {
	return !wire.ValidName(name) || policy.SameHeader(name, "set-cookie") ||
		policy.SameHeader(name, "set-cookie2")
}

// clean masks secrets in a text that is not part of the body.
func (s *delivery) clean(text string) string {
	out, n := s.scrubber.Clean(text)
	s.reply.redacted += n
	return out
}

// cleanValue masks secrets in the value of a field. A blank replaces the end of a line where the
// value was folded (RFC 9112 section 5.2).
func (s *delivery) cleanValue(value string) string {
	value = s.clean(value)
	if !strings.Contains(value, " ") {
		return value
	}
	return strings.ReplaceAll(s.clean(strings.ReplaceAll(value, " ", "\n")), "\n", " ")
}

// watch names the files whose appearance ends a call under way.
func (s *subject) watch() []string {
	if s.call.Person() {
		return []string{session.LockFile}
	}
	return []string{session.LockFile, session.ClosedFile, session.RevokedFile(s.pair)}
}

// answerHead and answerTail come before and after the body of an answer.
type answerHead struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
}

type answerTail struct {
	BodyEncoding string   `json:"bodyEncoding"`
	Truncated    bool     `json:"truncated"`
	Redactions   int      `json:"redactions"`
	Dropped      []string `json:"droppedHeaders,omitempty"`
}

// Text is the answer as every shell gives it to an agent: JSON. body holds the scrubbed bytes of an
// execute, else nil.
func (r *Result) Text(body []byte) []byte {
	if r.Tool != Execute {
		return r.Data
	}
	head := answerHead{r.Status, map[string]string{}}
	for _, h := range r.Headers {
		if have, ok := head.Headers[h.Name]; ok {
			h.Value = have + ", " + h.Value
		}
		head.Headers[h.Name] = h.Value
	}
	if r.Truncated {
		body = wholeRunes(body)
	}
	encoding := "utf8"
	if !readable(body) {
		body, encoding = base64.StdEncoding.AppendEncode(nil, body), "base64"
	}
	return withBody(encode(head), body,
		encode(answerTail{encoding, r.Truncated, r.Redactions, r.Dropped}))
}

// withBody puts a body of megabytes between two objects, into a buffer of its size: encoding/json
// would hold it three times over.
func withBody(head, body, tail []byte) []byte {
	const name = `,"body":`
	out := make([]byte, 0, len(head)+len(name)+line.TextLen(body)+len(tail))
	out = append(append(out, head[:len(head)-1]...), name...)
	out = append(line.AppendText(out, body), ',')
	return append(out, tail[1:]...)
}

// Structured is the same answer as an object, for clients that read structuredContent.
func (r *Result) Structured(text []byte) []byte {
	switch {
	case r.Tool == ListServices:
		return slices.Concat([]byte(`{"capabilities":`), text, []byte(`}`))
	case r.Tool == TestService && text[0] == '[':
		return slices.Concat([]byte(`{"results":`), text, []byte(`}`))
	case r.Tool == TestService:
		return slices.Concat([]byte(`{"results":[`), text, []byte(`]}`))
	}
	return text
}

// readable reports whether body is text. One that is full of control characters is not: JSON writes
// each as six bytes, twice over inside the protocol, so that a reply of megabytes would take a
// hundred times as much memory.
func readable(body []byte) bool {
	controls := 0
	for _, c := range body {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			controls++
		}
	}
	return controls <= len(body)/16 && utf8.Valid(body)
}

// wholeRunes cuts a rune that a size limit split, so that a text stays a text.
func wholeRunes(b []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if tail := b[len(b)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

type denialAnswer struct {
	Error  string     `json:"error"`
	Denial denialBody `json:"denial"`
}

type denialBody struct {
	ReasonCode      string `json:"reasonCode"`
	Capability      string `json:"capability,omitempty"`
	AgentID         string `json:"agentId,omitempty"`
	EvaluatedPolicy string `json:"evaluatedPolicy,omitempty"`
	NextStep        string `json:"nextStep,omitempty"`

	ApprovalID        string `json:"approvalId,omitempty"`
	ExpiresAt         string `json:"expiresAt,omitempty"`
	RetryAfterSeconds int    `json:"retryAfterSeconds,omitempty"`
}

// Text is the refusal as every shell gives it to an agent: JSON.
func (d *Denial) Text() []byte {
	return encode(denialAnswer{d.Message,
		denialBody{d.Code, d.Capability, d.AgentID, d.EvaluatedPolicy, d.NextStep,
			d.ApprovalID, d.ExpiresAt, d.RetryAfterSeconds}})
}

// encode writes JSON as people read it: & and < stay as they are. The types encoded here cannot
// fail.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte(`{"error":"the answer could not be written"}`)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
