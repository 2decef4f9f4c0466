package abi

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

// exchange is one message and its answer, as a file of core/testdata/flows holds them. What is not
// JSON that every reader reads alike is a text, and bytes that are not text stand in base64.
type exchange struct {
	Send   json.RawMessage `json:"send,omitempty"`
	Text   string          `json:"text,omitempty"`
	Raw    string          `json:"raw,omitempty"`
	Raw64  []byte          `json:"raw64,omitempty"`
	Answer json.RawMessage `json:"answer"`
	Out    string          `json:"out,omitempty"`
	Out64  []byte          `json:"out64,omitempty"`
}

// got is what the shell reads of one.
type got struct {
	OK       bool
	Error    errorAnswer
	Engine   int64
	Flow     int64
	Files    []string
	Revoked  bool
	Settled  bool
	Permit   bool
	Parked   int64
	Class    string
	Text     string
	Sealed   string
	Plain    bool `json:"plaintext"`
	Report   struct{ Success bool }
	Commit   step
	Write    struct{ Name, Data string }
	Step     *step
	Problems []struct{ File, Kind, Text string }
	out      []byte
}

type step struct {
	Type    string
	Writes  []struct{ Name, Data string }
	Holds   []fileHold
	Writer  string
	Lines   []string
	Late    bool
	Dir     string
	Watch   []string
	URL     string
	Target  string
	Headers [][2]string
	Proxy   string
	CAFile  string
	Digest  string `json:"caDigest"`
	Flight  string
	Tool    string
	Result  json.RawMessage
	Refusal *struct {
		Error  string
		Denial struct{ ReasonCode string }
	}
	Prose string
	Lock  bool
}

// shell talks to an instance as a Node shell does, keeps state files and the log in memory, and
// writes down every message.
type shell struct {
	t          testing.TB
	instance   *Instance
	cores      map[*core.Engine]bool // all that the instance has had
	said       []exchange
	engine     int64
	wall, mono int64
	state      map[string]string
	unread     map[string]bool
	log        map[string]string // by writer
}

// newShell makes a shell. When its test is over, no call of it may be parked.
func newShell(t testing.TB) *shell {
	s := &shell{t: t, instance: &Instance{}, cores: map[*core.Engine]bool{},
		wall: 1795426425000, mono: 1000,
		state: map[string]string{}, unread: map[string]bool{}, log: map[string]string{}}
	t.Cleanup(s.over)
	return s
}

func (s *shell) handle(frame []byte) []byte {
	answer := s.instance.Handle(frame)
	for _, e := range s.instance.engines {
		s.cores[e.core] = true
	}
	return answer
}

// over drops the calls that have not ended, as a shell must, and looks for those that were
// forgotten.
func (s *shell) over() {
	for h := range s.instance.flows {
		s.handle(Join(fmt.Appendf(nil, `{"v":1,"op":"drop","flow":%d}`, h), nil))
	}
	for c := range s.cores {
		if n := c.Parked(); n != 0 {
			s.t.Errorf("%d calls are parked for ever", n)
		}
	}
}

// send answers whatever comes back, also an error.
func (s *shell) send(raw []byte, format string, args ...any) (a got) {
	s.t.Helper()
	text := fmt.Appendf(nil, format, args...)
	frame := s.handle(Join(text, raw))
	body, out, err := split(frame)
	if err != nil {
		s.t.Fatalf("%s: an answer that is no frame: %v", text, err)
	}
	if err := json.Unmarshal(body, &a); err != nil {
		s.t.Fatalf("%s: %v", body, err)
	}
	e := exchange{Answer: bytes.Clone(body)}
	if tool.CheckDuplicates(text) == nil {
		e.Send = text
	} else {
		e.Text = string(text)
	}
	if a.OK {
		s.described(text, body)
	}
	e.Raw, e.Raw64 = textOr(raw)
	e.Out, e.Out64 = textOr(out)
	s.said, a.out = append(s.said, e), out
	return a
}

func textOr(b []byte) (string, []byte) {
	if utf8.Valid(b) {
		return string(b), nil
	}
	return "", b
}

// op sends what must succeed.
func (s *shell) op(raw []byte, format string, args ...any) got {
	s.t.Helper()
	a := s.send(raw, format, args...)
	if !a.OK {
		s.t.Fatalf(format+"\n%s: %s", append(args, a.Error.Code, a.Error.Message)...)
	}
	return a
}

// moment is the time, which goes on, and randomness, which differs each time.
func (s *shell) moment() string {
	s.wall, s.mono = s.wall+1, s.mono+1
	return fmt.Sprintf(`"now":[%d,%d],"rand":"%s"`, s.wall, s.mono,
		strings.Repeat(fmt.Sprintf("%02x", s.mono%256), 64))
}

const (
	testRoot    = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	firstWriter = "q7m2k4xa"
)

func (s *shell) load(config string) got {
	s.t.Helper()
	a := s.op([]byte(config),
		`{"v":1,"op":"load","rootKey":"%s","writer":"%s","program":"0.1.0","heads":[]}`,
		testRoot, firstWriter)
	s.engine = a.Engine
	return a
}

// call begins an execute with these arguments.
func (s *shell) call(args string) (flow int64, a got) {
	s.t.Helper()
	return s.callTool("execute", args)
}

func (s *shell) callTool(name, args string) (flow int64, a got) {
	s.t.Helper()
	a = s.op([]byte(args),
		`{"v":1,"op":"needs","engine":%d,"tool":%q,"agent":"main","via":"openclaw","identitySource":"OpenClaw run"}`,
		s.engine, name)
	list, raw := s.files(a.Files)
	return a.Flow, s.op(raw, `{"v":1,"op":"begin","flow":%d,%s,"files":%s}`,
		a.Flow, s.moment(), list)
}

func (s *shell) files(names []string) (list string, raw []byte) {
	var found []string
	for _, name := range names {
		data, there := s.state[name]
		switch {
		case s.unread[name]:
			found = append(found, "false")
		case there:
			found, raw = append(found, fmt.Sprint(len(data))), append(raw, data...)
		default:
			found = append(found, "null")
		}
	}
	return "[" + strings.Join(found, ",") + "]", raw
}

func (s *shell) resume(flow int64, event string) got {
	s.t.Helper()
	return s.op(nil, `{"v":1,"op":"resume","flow":%d,%s,"event":%s}`, flow, s.moment(), event)
}

// commit does what a commit says and tells so.
func (s *shell) commit(flow int64, c *step) got {
	s.t.Helper()
	if c.Type != "commit" {
		s.t.Fatalf("a step %q where a commit was due", c.Type)
	}
	exists := map[string]string{}
	for _, h := range c.Holds {
		if now, there := s.state[h.Name]; there != (h.Data != nil) || there && now != *h.Data {
			s.t.Fatalf("%s is not what was held", h.Name)
		}
	}
	for _, w := range c.Writes {
		if old, there := s.state[w.Name]; there {
			exists[w.Name] = old
			continue
		}
		s.state[w.Name] = w.Data
	}
	s.store(c)
	text, _ := json.Marshal(exists)
	return s.resume(flow, `{"type":"committed","exists":`+string(text)+`}`)
}

func (s *shell) store(c *step) {
	if len(c.Lines) > 0 {
		s.log[c.Writer] += strings.Join(c.Lines, "")
	}
}

// commits does commits until something else is due.
func (s *shell) commits(flow int64, a got) *step {
	s.t.Helper()
	for a.Step != nil && a.Step.Type == "commit" {
		a = s.commit(flow, a.Step)
	}
	return a.Step
}

// refused takes a call to its refusal.
func (s *shell) refused(args, code string) {
	s.t.Helper()
	done := s.commits(s.call(args))
	if done.Type != "done" || done.Refusal == nil || done.Refusal.Denial.ReasonCode != code {
		s.t.Fatalf("%s ended with %+v, not with %s", args, done, code)
	}
	if !strings.HasPrefix(done.Prose, code+": ") {
		s.t.Errorf("%s ended with the prose %q", code, done.Prose)
	}
}

// reply gives a request its answer and takes the call to its end; what the agent is shown of the
// body comes back.
func (s *shell) reply(
	flow int64, status int, headers string, chunks ...string,
) (body string, done *step) {
	s.t.Helper()
	if a := s.resume(flow, fmt.Sprintf(`{"type":"head","status":%d,"headers":%s}`,
		status, headers)); a.Step != nil && a.Step.Type != "relay" {
		s.t.Fatalf("a head is answered with a step %q", a.Step.Type)
	}
	for _, c := range chunks {
		body += string(s.op([]byte(c), `{"v":1,"op":"scrub","flow":%d}`, flow).out)
	}
	body += string(s.op(nil, `{"v":1,"op":"scrub","flow":%d,"last":true}`, flow).out)
	return body, s.commits(flow,
		s.resume(flow, fmt.Sprintf(`{"type":"ended","bytes":%d}`, len(body))))
}

// verified has the core check the log that was kept.
func (s *shell) verified() {
	s.t.Helper()
	first := true
	writers := slices.Sorted(maps.Keys(s.log))
	for n, w := range writers {
		a := s.op([]byte(s.log[w]),
			`{"v":1,"op":"verify","engine":%d,"first":%v,"last":%v,"file":"2026-11-23.%s.jsonl","writer":%q,"day":"2026-11-23","line":1}`,
			s.engine, first, n == len(writers)-1, w, w)
		if first = false; len(a.Problems) > 0 {
			s.t.Errorf("the log is not whole: %+v", a.Problems)
		}
	}
}

func hexOf(b byte) string { return strings.Repeat(hex.EncodeToString([]byte{b}), 64) }

// answered adds the ops that were answered with anything but an error.
func (s *shell) answered(ops map[string]bool) {
	for _, e := range s.said {
		var q struct{ Op string }
		var a struct{ OK bool }
		if json.Unmarshal(e.Send, &q) == nil && json.Unmarshal(e.Answer, &a) == nil && a.OK {
			ops[q.Op] = true
		}
	}
}
