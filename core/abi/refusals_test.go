package abi

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

// TestRefusals sends what only one check stands against, to an engine with a key (1), one without
// (2), a call that asks a person (3), one whose request is under way (4), one that waits for its
// flight (5) and one that has a commit to do (6).
func TestRefusals(t *testing.T) {
	s := newShell(t)
	i := s.instance
	s.load(flowConfig)
	s.op([]byte(flowConfig), `{"v":1,"op":"load"}`)
	const asked = `{"capability":"asked","method":"GET","path":"/v1/balance"}`
	flow, _ := s.call(asked)
	s.commits(flow,
		s.op(nil,
			`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"listed"},"names":[],"files":[]}`,
			flow, s.moment()))
	for _, args := range []string{balance, `{"capability":"minting","method":"GET","path":"/"}`} {
		flow, a := s.call(args)
		s.commits(flow, a)
	}
	flow, _ = s.call(balance)
	if flow != 6 {
		t.Fatalf("the last call is %d", flow)
	}
	at := s.moment()
	const none = `,"files":[null,null,null,null,null,null]}`
	link := `"program":"0.1.0","heads":[]`
	for _, r := range []struct {
		send, raw string
		code      errorCode
	}{
		{`{"v":1,"op":"scrub","flow":4}`, strings.Repeat("x", MaxChunk+1), tooLarge},
		{`{"v":1,"op":"scrub","flow":4,"last":1}`, "x", badRequest},
		{`{"v":1,"op":"scrub","flow":5}`, "x", badRequest},
		{`{"v":1,"op":"scrub","flow":6}`, "x", badRequest},
		{`{"v":1,"op":"lines","flow":4,"now":[1,2]}`, "", badRequest},
		{`{"v":1,"op":"lines","flow":6,"now":[1,2]}`, "", badRequest},
		{`{"v":1,"op":"look","flow":6,"now":[1,2],"files":[]}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":3,` + at +
			`,"event":{"type":"said","decision":"yes","scope":"once","by":"me"}` + none,
			"", badRequest},
		{`{"v":1,"op":"resume","flow":3,` + at +
			`,"event":{"type":"said","decision":"allow","scope":"ever","by":"me"}` + none,
			"", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at +
			`,"event":{"type":"said","decision":"allow","scope":"once","by":"me"}` + none,
			"", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at +
			`,"event":{"type":"filled","code":"abc","decision":"once"}` + none, "", badRequest},
		{`{"v":1,"op":"resume","flow":3,` + at +
			`,"event":{"type":"said","decision":"allow","scope":"once","by":"cli"}` + none,
			"", badRequest},
		{`{"v":1,"op":"prompt","flow":3,"most":-1}`, "", badRequest},
		{`{"v":1,"op":"prompt","flow":3,"most":65537}`, "", badRequest},
		{`{"v":1,"op":"prompt","flow":4,"most":512}`, "", badRequest},
		{`{"v":1,"op":"classify","flow":4,"addr":"localhost","port":443}`, "", badRequest},
		{`{"v":1,"op":"classify","flow":4,"addr":"1.2.3.4","port":0}`, "", badRequest},
		{`{"v":1,"op":"classify","flow":4,"addr":"1.2.3.4","port":65536}`, "", badRequest},
		{`{"v":1,"op":"classify","flow":6,"addr":"1.2.3.4","port":443}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at + `,"event":{"type":"ended","bytes":-1}}`,
			"", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at + `,"event":{"type":"ended","bytes":1e3}}`,
			"", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at +
			`,"event":{"type":"ended","bytes":0,"first":true}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at + `,"event":{"type":"ended","bytes":0}}`,
			"x", badRequest},
		{`{"v":1,"op":"resume","flow":5,` + at +
			`,"event":{"type":"ended","bytes":0,"first":true}}`, "x", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at +
			`,"event":{"type":"head","status":200,"headers":[["a"]]}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at +
			`,"event":{"type":"head","status":200,"headers":[["a",null]]}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at +
			`,"event":{"type":"head","status":200,"headers":{"a":"b"}}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":6,` + at + `,"event":{"type":"committed","exists":{"a":1}}}`,
			"", badRequest},
		{`{"v":1,"op":"resume","flow":6,` + at +
			`,"event":{"type":"committed","exists":["a"]}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at + `,"event":{"type":"head","status":200}}`,
			"", badRequest},
		{`{"v":1,"op":"resume","flow":4,` + at + `,"event":{"type":"ended"}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":6,` + at + `,"event":{"type":"stopped"}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":6,` + at + `,"event":[]}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":6,` + at + `,"event":{"type":7}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":6,"now":[1,-2],"rand":"` + hexOf(1) +
			`","event":{"type":"committed"}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":6,"now":"[1,2]","rand":"` + hexOf(1) +
			`","event":{"type":"committed"}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":6,"now":[1,2],"rand":"` + hexOf(1) +
			`00","event":{"type":"committed"}}`, "", badRequest},
		{`{"v":1,"op":"resume","flow":6,"now":[1,2],"rand":"` + strings.Repeat("zz", 64) +
			`","event":{"type":"committed"}}`, "", badRequest},
		{`{"v":1,"op":"needs","engine":1,"tool":"execute","agent":"main","via":"openclaw",` +
			`"selfNamed":"no"}`, balance, badRequest},
		{`{"v":1,"op":"needs","engine":1,"tool":"execute","agent":7,"via":"openclaw"}`,
			balance, badRequest},
		{`{"v":1,"op":"chain","engine":2,"writer":"b5b5b5b5",` + link + `}`, "", badRequest},
		{`{"v":1,"op":"chain","engine":1,"writer":"q7m2k4xa",` + link + `}`, "", badRequest},
		{`{"v":1,"op":"chain","engine":1,"writer":"b5b5b5b5","heads":{}}`, "", badRequest},
		{`{"v":1,"op":"chain","engine":1,"writer":"b5b5b5b5","heads":[1]}`, "", badRequest},
		{`{"v":1,"op":"chain","engine":1,"writer":"b5b5b5b5","heads":[{"writer":"a","first":"b"}]}`,
			"", badRequest},
		{`{"v":1,"op":"chain","engine":1,"writer":"b5b5b5b5","heads":[{"writer":"a","first":"b",` +
			`"tail":"c","more":1}]}`, "", badRequest},
		{`{"v":1,"op":"seal","engine":2,"rand":"` + hexOf(1) +
			`","service":"a","field":"b","type":"c","origin":"d"}`, "x", badRequest},
		{`{"v":1,"op":"verify","engine":2,"first":true,"file":"f","writer":"w","day":"","line":1}`,
			"", badRequest},
		{`{"v":1,"op":"verify","engine":1,"first":true,"file":"f","writer":"w","day":"","line":1}`,
			"half a line", badRequest},
		{`{"v":1,"op":"inspect"}`, "a: b: c", configInvalid},
		{`{"v":1,"op":"inspect","engine":1}`, flowConfig, badRequest},
		{`{"v":1,"op":"load","rootKey":"` + testRoot + `","writer":"b5b5b5b5"}`,
			"services: {}\n", keyInvalid},
		{`{"v":1,"op":"reload","engine":1,"now":[1,2],"tell":1}`, flowConfig, badRequest},
		{`{"v":1,"op":"drop","flow":1,"engine":1}`, "", badRequest},
	} {
		if a := s.send([]byte(r.raw), "%s", r.send); a.OK || a.Error.Code != r.code {
			t.Errorf("%s ‖ %.20q: %+v, want %s", r.send, r.raw, a.Error, r.code)
		}
	}
	if a := s.send([]byte("services: {}\n"), `{"v":1,"op":"load","rootKey":%q,"writer":"b5b5b5b5"}`,
		testRoot); !strings.Contains(a.Error.Message, "janee init") {
		t.Errorf("a file without a vault: %s", a.Error.Message)
	}
	if len(i.flows) != 4 || len(i.engines) != 2 {
		t.Errorf("%d calls and %d engines are left", len(i.flows), len(i.engines))
	}
	withoutChain(t, s, i)
}

// Without a chain an answer does not count and a token is not asked for: neither could be recorded.
func withoutChain(t *testing.T, s *shell, i *Instance) {
	i.engines[1].chain.lost(firstWriter)
	if a := s.op(nil,
		`{"v":1,"op":"resume","flow":3,%s,"event":{"type":"said","decision":"allow","scope":"once","by":"me"},"files":[null,null,null,null,null,null]}`,
		s.moment()); len(a.Step.Lines) > 0 {
		t.Errorf("%+v", a)
	}
	done := s.commits(3, s.resume(3, `{"type":"committed"}`))
	if done.Type != "done" || done.Refusal.Denial.ReasonCode != core.AuditUnavailable {
		t.Errorf("an answer that is not recorded: %+v", done)
	}
	if a := s.send(nil, `{"v":1,"op":"lines","flow":5,"now":[1,2]}`); a.OK ||
		a.Error.Code != badRequest {
		t.Errorf("%+v", a)
	}
}

// TestForgedFirstLine: whoever forges the first line of a chain must not keep others from being
// attested.
func TestForgedFirstLine(t *testing.T) {
	s := newShell(t)
	s.load(flowConfig)
	s.refused(`{"capability":"nobody","method":"GET","path":"/"}`, "CAPABILITY_NOT_FOUND")
	first, _, _ := strings.Cut(s.log[firstWriter], "\n")
	_, rest, _ := strings.Cut(s.log[firstWriter], "\n")
	hash := strings.SplitN(strings.SplitN(rest, `"prev":"`, 2)[1], `"`, 2)[0]
	forged := strings.Replace(first, `"heads":""`, `"heads":"`+firstWriter+`:1:`+hash+`"`, 1)
	s.op(nil,
		`{"v":1,"op":"chain","engine":1,"writer":"dddddddd","heads":[{"writer":"aaaaaaaa","first":%s,"tail":""},{"writer":%q,"first":"","tail":%s}]}`,
		quoted(forged), firstWriter, quoted(first+"\n"))
	_, a := s.callTool("execute", `{}`)
	if line := a.Step.Lines[0]; !strings.Contains(line, firstWriter+":1:"+hash) {
		t.Error(line)
	}
}

func quoted(s string) string { return string(encode(s)) }

func TestMembers(t *testing.T) {
	for text, ok := range map[string]bool{
		`{}`: true, ` {"a":1} `: true, `[]`: false, `1`: false, `{"a":1,"a":2}`: false,
		`{"a":{"b":1,"b":2}}`: false, `{"a":1}x`: false,
	} {
		if err := tool.Members([]byte(text), func(string, []byte) error {
			return nil
		}); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
