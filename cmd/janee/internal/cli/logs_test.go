package cli

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
)

// hostile holds what steers a terminal or forges a line: ESC, BEL, CR, LF, CSI of C1, DEL, line
// separators, and the bidi controls.
const hostile = "a\x1b[2J\x07\r\n\u009b1m\x7f\u2028\u2029\u202e\u2066\u200b\ufeff\U000e0041\xff " +
	"| 200 | b"

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain ä 漢 …":    "plain ä 漢 …",
		"\x1b[31m\a\r\n": `\u001b[31m\u0007\u000d\u000a`,
		"\u202e\u2066":   `\u202e\u2066`,
		"\xff\xfe":       `\ufffd\ufffd`,
		"\U000e0041":     `\U000e0041`,
		"tab\tand\u00a0": `tab\u0009and\u00a0`,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLogLine(t *testing.T) {
	at := time.Date(2026, 11, 23, 14, 32, 15, 0, time.Local)
	record := audit.Record{
		Event:   "deny",
		Service: hostile,
		Method:  hostile,
		Target:  "/" + hostile,
		Reason:  hostile,
		Rule:    hostile,
		Code:    core.RuleDeny,
		Agent:   hostile,
	}
	line := logLine(auditlog.Row{Time: at, Record: record}, style{})
	for _, r := range line {
		if !unicode.IsPrint(r) {
			t.Errorf("%U in %q", r, line)
		}
	}
	if parts := strings.Split(line, " | "); len(parts) != 6 || parts[0] != "2026-11-23 14:32:15" {
		t.Errorf("%d parts: %q", len(parts), parts)
	}
	for want, r := range map[string]audit.Record{
		"x | GET /y | 200": {Event: "result", Service: "x", Method: "GET",
			Target: "/y", Status: 200},
		"x | GET /y | 200 | why": {Event: "result", Service: "x", Method: "GET",
			Target: "/y", Status: 200, Reason: "why"},
		"x | GET /y | ?": {Event: "intent", Service: "x", Method: "GET", Target: "/y"},
		`x | GET /y | RULE_DENY | deny "GET *"`: {Event: "deny", Service: "x", Method: "GET",
			Target: "/y", Code: "RULE_DENY", Rule: "GET *"},
		"x | GET /y | RULE_DENY | no rule allows it": {Event: "deny", Service: "x", Method: "GET",
			Target: "/y", Code: "RULE_DENY"},
		"x | GET /y | REASON_REQUIRED": {Event: "deny", Service: "x", Method: "GET",
			Target: "/y", Code: "REASON_REQUIRED", Rule: "GET *"},
		"cap | GET /y | CAPABILITY_NOT_FOUND | r": {Event: "deny", Capability: "cap",
			Method: "GET", Target: "/y", Code: "CAPABILITY_NOT_FOUND", Reason: "r"},
		"- | - | BAD_ARGUMENTS": {Event: "deny", Code: "BAD_ARGUMENTS"},
	} {
		if got := logLine(auditlog.Row{Time: at, Record: r}, style{}); got !=
			"2026-11-23 14:32:15 | "+want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestColouredOutcome(t *testing.T) {
	for colour, r := range map[string]audit.Record{
		"\x1b[32m200": {Event: "result", Status: 200}, "302": {Event: "result", Status: 302},
		"\x1b[31m404":       {Event: "result", Status: 404},
		"\x1b[31mRULE_DENY": {Event: "deny", Code: "RULE_DENY"}, "\x1b[33m?": {Event: "intent"},
	} {
		if line := logLine(auditlog.Row{Record: r}, style{on: true}); !strings.Contains(line,
			"| "+colour) {
			t.Errorf("no %q in %q", colour, line)
		}
	}
}

// TestJSONEscapesTheInvisible compares what a parser reads of it with what was written.
func TestJSONEscapesTheInvisible(t *testing.T) {
	var out bytes.Buffer
	text := strings.ToValidUTF8(hostile, "\ufffd")
	if err := writeJSON(&out, map[string]string{"reason": text}); err != nil {
		t.Fatal(err)
	}
	for _, r := range out.String() {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U in %q", r, out.String())
		}
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil ||
		!reflect.DeepEqual(back, map[string]string{"reason": text}) {
		t.Errorf("%q, %v", back, err)
	}
}

func TestReadTime(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	now := time.Date(2026, 11, 23, 15, 0, 0, 0, zone)
	for text, want := range map[string]string{
		"2h": "2026-11-23T13:00:00+02:00", "30m": "2026-11-23T14:30:00+02:00",
		"7d": "2026-11-16T15:00:00+02:00", "2026-11-20": "2026-11-20T00:00:00+02:00",
		"2026-11-20 08:09:10":         "2026-11-20T08:09:10+02:00",
		"2026-11-20 08:09":            "2026-11-20T08:09:00+02:00",
		"2026-11-20T08:09:10Z":        "2026-11-20T08:09:10Z",
		"2026-11-20T08:09:10.5-01:00": "2026-11-20T08:09:10-01:00",
	} {
		if got, err := readTime("since", text, now, false); err != nil ||
			got.Format(time.RFC3339) != want {
			t.Errorf("%s = %s, %v; want %s", text, got, err, want)
		}
	}
	if got, err := readTime("until", "2026-11-20", now, true); err != nil ||
		got.Format(time.RFC3339) != "2026-11-21T00:00:00+02:00" {
		t.Errorf("a date as an end: %s, %v", got, err)
	}
	if got, err := readTime("since", "", now, false); err != nil || !got.IsZero() {
		t.Errorf("nothing: %s, %v", got, err)
	}
	for _, text := range []string{
		"0h", "-2h", "2", "h", "1h30m", "2026-13-01", "2026-02-30", "23.11.2026", "now",
		"2026-11-20T08:09:10", "1000000d", "9223372036854775807d",
	} {
		if got, err := readTime("since", text, now, false); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}
