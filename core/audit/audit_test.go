package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/true-and-useful/janee/core/line"
	"github.com/true-and-useful/janee/core/wire"
)

func testKey(writer string) []byte { return []byte("audit key of " + writer) }

func full() Record {
	return Record{
		TS:         1795426425120,
		Event:      "result",
		Req:        "r",
		Session:    "s",
		Agent:      "a",
		Via:        "stdio",
		Capability: "c",
		Service:    "svc",
		Method:     "GET",
		Target:     "/v1/<x>?q=*",
		Reason:     "User \"asked\"\n",
		Decision:   "allow",
		Rule:       "GET *",
		Code:       "OK",
		Status:     200,
		Bytes:      5,
		DurationMs: 7,
		Redactions: 1,
		Detail:     map[string]string{"z": "1", "a": "2", "heads": "text"},
	}
}

// TestLineIsThatOfEncodingJSON writes the same struct with encoding/json: same fields, same order,
// same escapes.
func TestLineIsThatOfEncodingJSON(t *testing.T) {
	for _, r := range []Record{
		full(), {Event: "deny"}, {TS: 1, Event: "", Reason: "a\xffb\u2028"},
	} {
		got := NewChain(testKey("w"), "w").Next(r)
		e, err := Decode(got)
		if err != nil {
			t.Fatal(err)
		}
		ordered := struct {
			V   int    `json:"v"`
			W   string `json:"w"`
			Seq int64  `json:"seq"`
			TS  string `json:"ts"`
			Record
			Prev string `json:"prev"`
			MAC  string `json:"mac"`
		}{
			1, "w", 1, string(got[len(`{"v":1,"w":"w","seq":1,"ts":"`):][:len(timeLayout)]), r,
			noHash, e.MAC,
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(ordered); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want.Bytes()) {
			t.Errorf("got  %swant %s", got, want.Bytes())
		}
	}
}

func TestDecodeReturnsTheRecord(t *testing.T) {
	c := NewChain(testKey("w"), "w")
	c.Open(1, "0.1.0", nil)
	before := c.Head()
	e, err := Decode(c.Next(full()))
	if err != nil || !reflect.DeepEqual(e.Record, full()) || e.Writer != "w" || e.Seq != 2 ||
		e.Prev != before.Hash || len(e.MAC) != 64 {
		t.Errorf("Decode = %+v, %v", e, err)
	}
}

func TestTimesStayReadable(t *testing.T) {
	for ts, want := range map[int64]int64{
		0: 0, 999: 999, -1: 0, -1 << 63: 0, maxTime: maxTime, maxTime + 1: maxTime,
		1<<63 - 1: maxTime,
	} {
		if e, err := Decode(NewChain(nil, "w").Next(Record{TS: ts})); err != nil || e.TS != want {
			t.Errorf("TS %d came back as %d, %v", ts, e.TS, err)
		}
	}
}

func TestLongTextIsCut(t *testing.T) {
	long := strings.Repeat("ü", 20000)
	r := Record{
		Event:      long,
		Req:        long,
		Session:    long,
		Agent:      long,
		Via:        long,
		Capability: long,
		Service:    long,
		Method:     long,
		Target:     "/" + long,
		Reason:     long,
		Decision:   long,
		Rule:       long,
		Code:       long,
		Detail:     map[string]string{"x": long, "heads": long},
	}
	text := NewChain(nil, "w").Next(r)
	e, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCountInString(e.Reason); n != maxReason+1 ||
		!strings.HasSuffix(e.Reason, "ü…") {
		t.Errorf("reason has %d characters", n)
	}
	for name, got := range map[string]string{
		"event": e.Event, "req": e.Req, "session": e.Session, "agent": e.Agent, "via": e.Via,
		"capability": e.Capability, "service": e.Service, "method": e.Method,
		"decision": e.Decision, "rule": e.Rule, "code": e.Code,
	} {
		if got != long[:maxText]+"…" {
			t.Errorf("%s has %d bytes", name, len(got))
		}
	}
	cut := long[:wire.MaxTarget] + "…"
	if e.Target != ("/" + long)[:wire.MaxTarget-1]+"…" || e.Detail["x"] != cut ||
		e.Detail["heads"] != cut {
		t.Errorf("target has %d bytes, detail %d and %d", len(e.Target), len(e.Detail["x"]),
			len(e.Detail["heads"]))
	}
	if len(text) > 64<<10 {
		t.Errorf("the line has %d bytes", len(text))
	}
	exact := strings.Repeat("ü", maxReason)
	if e, _ := Decode(NewChain(nil, "w").Next(Record{Reason: exact})); e.Reason != exact {
		t.Error("a reason of just the longest length was cut")
	}
}

func TestHeadsAreNeverCut(t *testing.T) {
	var heads []Head
	for i := range 500 {
		heads = append(heads, Head{fmt.Sprint("w", i), int64(i), noHash})
	}
	heads = append(heads, Head{"self", 3, noHash})
	e, err := Decode(NewChain(nil, "self").Open(1, "0.1.0", heads))
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseHeads(e.Detail["heads"])
	if err != nil || !reflect.DeepEqual(got, heads[1:500]) {
		t.Errorf("%d heads came back, %v; the empty one and the writer's own are to be left out",
			len(got), err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := string(NewChain(testKey("w"), "w").Next(full()))
	for name, text := range map[string]string{
		"empty":       "",
		"not JSON":    good[1:],
		"two objects": good + good,
		"version":     strings.Replace(good, `"v":1`, `"v":2`, 1),
		"no time":     strings.Replace(good, `"ts"`, `"tx"`, 1),
		"other time":  strings.Replace(good, ".120Z", "Z", 1),
		"time zone":   strings.Replace(good, ".120Z", ".120+01:00", 1),
		"seq 0":       strings.Replace(good, `"seq":1`, `"seq":0`, 1),
		"seq too big": strings.Replace(good, `"seq":1`, `"seq":9007199254740992`, 1),
		"prev":        strings.Replace(good, noHash, noHash[1:], 1),
		"prev no hex": strings.Replace(good, noHash, noHash[1:]+"g", 1),
		"wrong type":  strings.Replace(good, `"status":200`, `"status":"200"`, 1),
	} {
		if _, err := Decode([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	newer := strings.Replace(good, `"seq":1`, `"new":{},"seq":1`, 1)
	if _, err := Decode([]byte(newer)); err != nil {
		t.Errorf("an unknown field: %v", err)
	}
}

func TestReadHeadAndContinue(t *testing.T) {
	whole := NewChain(testKey("cli"), "cli")
	first := whole.Open(1, "0.1.0", nil)
	second := whole.Next(full())
	h, err := ReadHead(testKey("cli"), bytes.TrimSuffix(first, []byte("\n")))
	if err != nil {
		t.Fatal(err)
	}
	again := Continue(testKey("cli"), h)
	if got := again.Next(full()); !bytes.Equal(got, second) || again.Head() != whole.Head() {
		t.Errorf("a continued chain differs:\n%s%s", got, second)
	}
	for name, text := range map[string][]byte{
		"line feed": first, "torn": first[:40],
		"edited": bytes.Replace(first, []byte("0.1.0"), []byte("0.1.1"), 1), "empty": nil,
	} {
		if name != "line feed" {
			text = bytes.TrimSuffix(text, []byte("\n"))
		}
		if h, err := ReadHead(testKey("cli"), text); err == nil || h != (Head{}) {
			t.Errorf("%s: ReadHead = %v, %v", name, h, err)
		}
	}
	if _, err := ReadHead(testKey("cli"), line.Seal(testKey("cli"), []byte(`{"v":2`))); err == nil {
		t.Error("ReadHead accepts version 2")
	}
}

func TestNextGivesSlicesOfTheirOwn(t *testing.T) {
	c := NewChain(testKey("w"), "w")
	first := c.Next(full())
	kept := bytes.Clone(first)
	c.Next(Record{Event: "deny"})
	if !bytes.Equal(first, kept) {
		t.Error("Next wrote into a line it had returned")
	}
}

func BenchmarkNext(b *testing.B) {
	c := NewChain(testKey("w"), "w")
	r := full()
	r.Detail = nil
	b.ReportAllocs()
	for b.Loop() {
		c.Next(r)
	}
}

func BenchmarkVerify(b *testing.B) {
	c := NewChain(testKey("w"), "w")
	r := full()
	r.Detail = nil
	var lines [][]byte
	for range 1000 {
		lines = append(lines, bytes.TrimSuffix(c.Next(r), []byte("\n")))
	}
	for b.Loop() {
		v := NewVerifier(testKey)
		v.File("f", "w", "", 1)
		for i, text := range lines {
			v.Line(i+1, text)
		}
		if p := v.Problems(); len(p) > 0 {
			b.Fatal(p)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/line")
}
