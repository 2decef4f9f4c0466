package abi

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
)

func TestFramesThatAreNone(t *testing.T) {
	for name, frame := range map[string][]byte{
		"empty": nil, "short": {1, 0, 0}, "longer than there is": {9, 0, 0, 0, '{', '}'},
		"huge":      {255, 255, 255, 255, '{', '}'},
		"not UTF-8": Join([]byte("{\"v\":1,\"op\":\"\xff\"}"), nil),
		"too deep":  Join([]byte(strings.Repeat("[", 100)), nil),
	} {
		if code := codeOf(t, (&Instance{}).Handle(frame)); code != badRequest {
			t.Errorf("%s: %s", name, code)
		}
	}
	if code := codeOf(t, (&Instance{}).Handle(make([]byte, MaxFrame+1))); code != tooLarge {
		t.Errorf("too large: %s", code)
	}
}

func codeOf(t testing.TB, frame []byte) errorCode {
	t.Helper()
	text, _, err := split(frame)
	var a struct {
		V     int
		OK    *bool
		Error *errorAnswer
	}
	if err != nil || json.Unmarshal(text, &a) != nil || a.V != 1 || a.OK == nil ||
		*a.OK != (a.Error == nil) {
		t.Fatalf("no envelope: %q", frame)
	}
	if a.Error == nil {
		return ""
	}
	return a.Error.Code
}

// A panic inside is an error without its words; one while lines are made would leave a gap, so that
// the chain does not go on, and what it was made for is over.
func TestPanics(t *testing.T) {
	s := newShell(t)
	i := s.instance
	s.load(flowConfig)
	s.op([]byte(`{}`),
		`{"v":1,"op":"needs","engine":1,"tool":"execute","agent":"main","via":"openclaw"}`)
	i.engines[1].chain.lines = &audit.Chain{} // it has no key, and nothing to sign with
	begin := Join([]byte(`{"v":1,"op":"begin","flow":2,`+s.moment()+`,"files":[null]}`), nil)
	answer := i.Handle(begin)
	if code := codeOf(t, answer); code != internal ||
		bytes.Contains(answer, []byte("nil pointer")) {
		t.Errorf("%s: %s", code, answer)
	}
	if code := codeOf(t, i.Handle(begin)); code != noSuchFlow {
		t.Errorf("begun again: %s", code)
	}
	flow, a := s.call(balance)
	if done := s.commits(flow, a); done.Refusal == nil ||
		done.Refusal.Denial.ReasonCode != core.AuditUnavailable {
		t.Errorf("a chain with a gap goes on: %+v", done)
	}
}

func TestFlowsAreBounded(t *testing.T) {
	s := newShell(t)
	i := s.instance
	s.load(flowConfig)
	for range maxFlows {
		i.keep(i.handle(), &flow{})
	}
	a := s.send([]byte(balance),
		`{"v":1,"op":"needs","engine":1,"tool":"execute","agent":"main","via":"openclaw"}`)
	if a.Error.Code != tooLarge {
		t.Errorf("%+v", a)
	}
}

// TestFinishedFlowsAreForgotten keeps a shell that ends its calls from having to drop them.
func TestFinishedFlowsAreForgotten(t *testing.T) {
	s := newShell(t)
	i := s.instance
	s.load(flowConfig)
	s.refused(`{"capability":"stripe","method":"DELETE","path":"/v1/x"}`, "RULE_DENY")
	s.callTool("whoami", `{}`)
	if len(i.flows) != 0 {
		t.Errorf("%d flows are kept", len(i.flows))
	}
	s.call(balance)
	s.op(nil, `{"v":1,"op":"drop","engine":%d}`, s.engine)
	if len(i.flows) != 0 || len(i.engines) != 0 {
		t.Errorf("%d flows of an engine that was dropped", len(i.flows))
	}
}

// TestEveryArgumentArrives: an argument that is forgotten on the way would be ignored in silence.
func TestEveryArgumentArrives(t *testing.T) {
	c := core.Call{
		Tool: core.Execute}.WithArguments([]byte(`{"capability":"c","method":"GET","path":"/",` +
		`"headers":{"A":"b"},"body":{},"reason":"r","approvalId":"i","maxBytes":5}`))
	if c.Fault != nil || c.Args.Capability == "" || c.Args.Method == "" || c.Args.Path == "" ||
		len(c.Args.Headers) != 1 || string(c.Args.Body) != "{}" || !c.Args.BodyIsJSON ||
		c.Args.Reason == "" ||
		c.Args.ApprovalID == "" || c.Args.MaxBytes != 5 {
		t.Errorf("%+v", c)
	}
	c = core.Call{Tool: core.ManageCredential}.WithArguments(
		[]byte(`{"action":"grant","service":"s","targetAgentId":"a"}`))
	if c.Fault != nil || c.Args.Action == "" || c.Args.Service == "" || c.Args.Target == "" {
		t.Errorf("%+v", c)
	}
	c = core.Call{Tool: core.ExplainAccess}.WithArguments([]byte(`{"capability":"c","agent":"a"}`))
	if c.Fault != nil || c.Args.About == "" {
		t.Errorf("%+v", c)
	}
}

func TestDoor(t *testing.T) {
	var d Door
	if d.Request(MaxFrame+1) != nil || d.Request(-1) != nil {
		t.Error("a buffer beyond the bound")
	}
	frame := Join([]byte(`{"v":1,"op":"seal","engine":1}`), []byte("sk_live_xxx"))
	buffer := d.Request(len(frame))
	copy(buffer, frame)
	if d.Do(len(frame)+1) != nil || d.Do(-1) != nil {
		t.Error("more than the buffer holds")
	}
	if code := codeOf(t, d.Do(len(frame))); code != noSuchEngine {
		t.Errorf("%s", code)
	}
	d.Wipe()
	if bytes.Contains(buffer[:cap(buffer)], []byte("sk_live")) ||
		len(bytes.Trim(d.answer, "\x00")) > 0 {
		t.Error("something is left in the buffers")
	}
	large := d.Request(keptBuffer * 2)
	if small := d.Request(8); cap(small) >= cap(large) {
		t.Error("a large buffer is kept")
	}
}

// TestHeads: an open record attests the last authentic line of each other chain that none attests
// yet; what is forged or torn counts for nothing.
func TestHeads(t *testing.T) {
	s := newShell(t)
	s.load(flowConfig)
	s.refused(`{"capability":"nobody","method":"GET","path":"/"}`, "CAPABILITY_NOT_FOUND")
	old := s.log[firstWriter]
	first, rest, _ := strings.Cut(old, "\n")
	open := func(writer, first, tail string) string {
		t.Helper()
		head, _ := json.Marshal(map[string]string{"writer": firstWriter,
			"first": first, "tail": tail})
		s.op(nil, `{"v":1,"op":"chain","engine":%d,"writer":%q,"heads":[%s]}`,
			s.engine, writer, head)
		flow, a := s.callTool("execute", `{}`)
		s.commits(flow, a)
		line, _, _ := strings.Cut(a.Step.Lines[0], "\n")
		return line
	}
	if line := open("aaaaaaaa", first, rest); !strings.Contains(line,
		`"heads":"`+firstWriter+`:2:`) {
		t.Error(line)
	}
	if line := open("bbbbbbbb", first, rest+`{"torn":`); !strings.Contains(line,
		`"heads":"`+firstWriter+`:2:`) {
		t.Error(line)
	}
	forged := strings.Replace(rest, "CAPABILITY_NOT_FOUND", "X", 1)
	if line := open("cccccccc", first, first+"\n"+forged); !strings.Contains(line,
		`"heads":"`+firstWriter+`:1:`) {
		t.Error(line)
	}
	s.verified()
	attesting, _, _ := strings.Cut(s.log["aaaaaaaa"], "\n")
	list, _ := json.Marshal([]map[string]string{{"writer": firstWriter, "first": first,
		"tail": old}, {"writer": "aaaaaaaa", "first": attesting, "tail": s.log["aaaaaaaa"]}})
	s.op(nil, `{"v":1,"op":"chain","engine":%d,"writer":"dddddddd","heads":%s}`, s.engine, list)
	_, a := s.callTool("execute", `{}`)
	if line := a.Step.Lines[0]; strings.Contains(line, firstWriter) ||
		!strings.Contains(line, "aaaaaaaa:2:") {
		t.Error(line)
	}
}

// FuzzHandle: whatever comes, on an instance with an engine and a call under way, is answered with
// an envelope, and nothing says what the key is.
func FuzzHandle(f *testing.F) {
	for _, flow := range flows {
		s := newShell(f)
		flow.tell(s)
		for _, e := range s.said {
			f.Add(Join(append([]byte(e.Send), e.Text...), append([]byte(e.Raw), e.Raw64...)))
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		s := newShell(t)
		s.load(flowConfig)
		s.call(balance)
		answer := s.handle(frame)
		codeOf(t, answer)
		if bytes.Contains(answer, []byte("sk_live_xxx")) &&
			!bytes.Contains(frame, []byte("sk_live_xxx")) &&
			!bytes.Contains(answer, []byte(`"type":"send"`)) {
			t.Errorf("the key: %s", answer)
		}
	})
}

// TestStepsAndEventsAreTranslatedWhole holds this package to every step, event and field of core:
// what it does not know a shell would not be told.
func TestStepsAndEventsAreTranslatedWhole(t *testing.T) {
	known := map[string]struct {
		value  any
		fields string
	}{
		"Commit": {core.Commit{}, "Holds Writes Removes Records Late"},
		"List":   {core.List{}, "Dir"},
		"Ask":    {core.Ask{}, "Question New Wrong Wait Watch"},
		"Send": {core.Send{},
			"Service Method URL Target Headers Body TimeoutMs MaxBody Watch Flight Records " +
				"CADigest"},
		"Done":      {core.Done{}, "Result Denial Lock"},
		"Committed": {core.Committed{}, "Exists Stale Err"},
		"Listed":    {core.Listed{}, "Err"},
		"Relay":     {core.Relay{}, "Status Headers"},
		"Answered":  {core.Answered{}, ""},
		"Said":      {core.Said{}, "Decision Scope By"},
		"Filled":    {core.Filled{}, "Code Decision"},
		"Head":      {core.Head{}, "Status Headers"},
		"Ended":     {core.Ended{}, "Err Detail Truncated Bytes Body First"},
		"Stopped":   {core.Stopped{}, "Why Bytes"},
		"Write":     {core.Write{}, "Name Data If"},
		"Hold":      {core.Hold{}, "Name Data"},
		"Result": {core.Result{},
			"Tool Status Headers Dropped Truncated Redactions Data Agent Share"},
		"Share": {core.Share{}, "Service Owner Agent Grant"},
		"In":    {core.In{}, "Now Rand Files"},
	}
	for name, k := range known {
		var fields []string
		for n := range reflect.TypeOf(k.value).NumField() {
			fields = append(fields, reflect.TypeOf(k.value).Field(n).Name)
		}
		if got := strings.Join(fields, " "); got != k.fields {
			t.Errorf("core.%s has the fields %s; translated are %s", name, got, k.fields)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "step.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "step" && f.Name.Name != "event" {
			continue
		}
		n++
		if name := f.Recv.List[0].Type.(*ast.Ident).Name; known[name].value == nil {
			t.Errorf("core.%s is not translated", name)
		}
	}
	if n < 14 {
		t.Errorf("%d steps and events were found", n)
	}
}

// TestAppendersWriteWhatJSONWrites compares both encoders.
func TestAppendersWriteWhatJSONWrites(t *testing.T) {
	odd := "a\"\\\n\x01\u2028<&>é\xff"
	for _, a := range []appender{
		needsAnswer{}, needsAnswer{7, []string{"a", odd}}, needsAnswer{7, []string{}},
		stepAnswer{}, stepAnswer{listStep{"list", odd}},
		stepAnswer{commitStep{Type: "commit", Writes: []fileWrite{}}},
		commitStep{Type: "commit", Writes: []fileWrite{}, Lines: []string{}},
		commitStep{
			Type:   "commit",
			Holds:  []fileHold{{odd, &odd}, {"c", nil}},
			Writes: []fileWrite{{odd, odd, true, nil}, {"b", "", false, &odd}},
			Remove: []string{odd, "x"},
			Writer: odd,
			Lines:  []string{odd, "l"},
			Late:   true,
		},
		doneStep{Type: "done", Tool: odd, Result: json.RawMessage(`{"a":"<&>"}`),
			Share: &shareStep{odd, "b", "c", true}},
		doneStep{Type: "done", Refusal: json.RawMessage(`{"error":"x"}`), Prose: odd, Lock: true},
		doneStep{Type: "done", Result: json.RawMessage("null")},
		relayStep{"relay", 200, [][2]string{{odd, "v"}}}, relayStep{Headers: [][2]string{}},
		sendStep{Headers: [][2]string{}},
		sendStep{"send", odd, odd, odd, odd, [][2]string{{odd, "v"}, {"n", odd}}, 60000, 1 << 40,
			[]string{odd}, odd, odd, odd, odd},
	} {
		want := encode(a)
		if got := a.append(nil); !bytes.Equal(got, want) {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
