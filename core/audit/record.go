// Package audit writes and checks the audit log: lines of JSON, each signed and each with the hash
// of the line before it, in one chain for each writer.
//
// A Chain makes the lines of one writer from Records. Decode reads a line to show it, and proves
// nothing. A Verifier checks all files of a home: feed it each file with File and Line, then ask
// for its Problems. Anchors, which are kept elsewhere, let it find a log whose end was cut off.
//
// The package opens no files and reads no clock. The log has no bodies and no header values, and
// callers pass targets whose query values are already redacted.
package audit

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/true-and-useful/janee/core/line"
	"github.com/true-and-useful/janee/core/wire"
)

// Record is one event. TS is Unix milliseconds, DurationMs milliseconds, Bytes the size of a reply;
// empty fields are not written. Text that is too long is cut and ends in "…": Reason after 500
// characters, Target and values of Detail after 8 KiB, everything else after 1 KiB.
type Record struct {
	TS         int64             `json:"-"`
	Event      string            `json:"event"`
	Req        string            `json:"req,omitempty"`
	Session    string            `json:"session,omitempty"`
	Agent      string            `json:"agent,omitempty"`
	Via        string            `json:"via,omitempty"`
	Capability string            `json:"capability,omitempty"`
	Service    string            `json:"service,omitempty"`
	Method     string            `json:"method,omitempty"`
	Target     string            `json:"target,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Decision   string            `json:"decision,omitempty"`
	Rule       string            `json:"rule,omitempty"`
	Code       string            `json:"code,omitempty"`
	Status     int               `json:"status,omitempty"`
	Bytes      int64             `json:"bytes,omitempty"`
	DurationMs int64             `json:"durationMs,omitempty"`
	Redactions int64             `json:"redactions,omitempty"`
	Detail     map[string]string `json:"detail,omitempty"`
}

// headsDetail is the field of an open record's Detail that lists the heads of other chains.
const headsDetail = "heads"

const (
	timeLayout = "2006-01-02T15:04:05.000Z"
	// the last millisecond of the year 9999, the last that RFC 3339 can write
	maxTime   = 253402300799999
	maxReason = 500     // characters
	maxText   = 1 << 10 // bytes
)

// encode writes the record between the chain's own fields, in the order that readers of the raw log
// rely on.
func (r *Record) encode(b *line.Builder) {
	b.Text("ts", time.UnixMilli(min(max(r.TS, 0), maxTime)).UTC().Format(timeLayout))
	b.Text("event", cut(r.Event, maxText))
	b.Optional("req", cut(r.Req, maxText))
	b.Optional("session", cut(r.Session, maxText))
	b.Optional("agent", cut(r.Agent, maxText))
	b.Optional("via", cut(r.Via, maxText))
	b.Optional("capability", cut(r.Capability, maxText))
	b.Optional("service", cut(r.Service, maxText))
	b.Optional("method", cut(r.Method, maxText))
	b.Optional("target", cut(r.Target, wire.MaxTarget))
	b.Optional("reason", cutRunes(r.Reason, maxReason))
	b.Optional("decision", cut(r.Decision, maxText))
	b.Optional("rule", cut(r.Rule, maxText))
	b.Optional("code", cut(r.Code, maxText))
	b.OptionalInt("status", int64(r.Status))
	b.OptionalInt("bytes", r.Bytes)
	b.OptionalInt("durationMs", r.DurationMs)
	b.OptionalInt("redactions", r.Redactions)
	b.Map("detail", r.detail())
}

// detail caps the values; the names are constants of core. The heads of an open record are never
// cut: they grow with the number of chains, and a cut list would attest less.
func (r *Record) detail() map[string]string {
	if len(r.Detail) == 0 {
		return nil
	}
	capped := make(map[string]string, len(r.Detail))
	for name, value := range r.Detail {
		if r.Event != EventOpen || name != headsDetail {
			value = cut(value, wire.MaxTarget)
		}
		capped[name] = value
	}
	return capped
}

// cut returns at most n bytes of text, without half a character at the end.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func cutRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}

// size estimates the length of the line, so that building it allocates once.
func (r *Record) size() int {
	return 512 + len(r.Target) + len(r.Reason) + len(r.Rule) + 256*min(len(r.Detail), 4) +
		len(r.Detail[headsDetail])
}

// Head is the last line of a chain: its writer, its sequence number from 1, and the hex SHA-256 of
// the whole line without its line feed. The head of an empty chain has Seq 0.
type Head struct {
	Writer string `json:"w"`
	Seq    int64  `json:"seq"`
	Hash   string `json:"hash"`
}

var noHash = strings.Repeat("0", 64)
