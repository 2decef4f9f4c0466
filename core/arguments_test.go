package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

const least = `"capability":"stripe","method":"GET","path":"/v1/balance"`

// parse reads the arguments of a tool as a call does.
func parse(name string, raw []byte) (tool.Arguments, error) {
	c := Call{Tool: name}.WithArguments(raw)
	return c.Args, c.Fault
}

func TestArguments(t *testing.T) {
	base := tool.Arguments{
		Capability: "stripe",
		Method:     "GET",
		Path:       "/v1/balance",
		MaxBytes:   wire.ReplyBody,
	}
	with := func(change func(*tool.Arguments)) tool.Arguments { a := base; change(&a); return a }
	for _, c := range []struct {
		name, tool, raw string
		want            tool.Arguments
	}{
		{"least", Execute, `{` + least + `}`, base},
		{"blanks", Execute, " \n{ " + least + " }\n", base},
		{"path as written", Execute,
			`{"capability":"stripe","method":"GET","path":"/a%2Fb\u003fq=é"}`,
			with(func(a *tool.Arguments) { a.Path = "/a%2Fb?q=é" })},
		{"method as written", Execute,
			`{"capability":"stripe","method":"get","path":"/v1/balance"}`,
			with(func(a *tool.Arguments) {
				a.Method = "get"
			})},
		{"headers keep their order", Execute,
			`{` + least + `,"headers":{"B":"1","a":"2","A":"\u0033"}}`,
			with(func(a *tool.Arguments) {
				a.Headers = []wire.Header{
					{Name: "B", Value: "1"}, {Name: "a", Value: "2"}, {Name: "A", Value: "3"},
				}
			})},
		{"no headers", Execute, `{` + least + `,"headers":{}}`, base},
		{"body text", Execute, `{` + least + `,"body":"a=1\n\"\ud83d\ude00"}`,
			with(func(a *tool.Arguments) { a.Body = []byte("a=1\n\"😀") })},
		{"body text that is JSON", Execute, `{` + least + `,"body":"{\"a\":1}"}`,
			with(func(a *tool.Arguments) { a.Body = []byte(`{"a":1}`) })},
		{"body empty", Execute, `{` + least + `,"body":""}`, with(func(a *tool.Arguments) {
			a.Body = []byte{}
		})},
		{"body object", Execute, `{` + least + `,"body": { "b":1.0, "a":[1e2,"\u00e9"]} }`,
			with(func(a *tool.Arguments) {
				a.Body, a.BodyIsJSON = []byte(`{ "b":1.0, "a":[1e2,"\u00e9"]}`), true
			})},
		{"body number", Execute, `{` + least + `,"body":12345678901234567890}`,
			with(func(a *tool.Arguments) {
				a.Body, a.BodyIsJSON = []byte("12345678901234567890"), true
			})},
		{"body false", Execute, `{` + least + `,"body":false}`, with(func(a *tool.Arguments) {
			a.Body, a.BodyIsJSON = []byte("false"), true
		})},
		{"body base64", Execute, `{` + least + `,"bodyEncoding":"base64","body":"AP/+"}`,
			with(func(a *tool.Arguments) { a.Body = []byte{0, 0xff, 0xfe} })},
		{"body utf8", Execute, `{` + least + `,"body":"AP/+","bodyEncoding":"utf8"}`,
			with(func(a *tool.Arguments) { a.Body = []byte("AP/+") })},
		{"rest",
			Execute,
			`{"maxBytes":1,"approvalId":"q1","reason":"why","path":"/v1/balance","method":"GET","capability":"stripe"}`,
			with(func(a *tool.Arguments) { a.MaxBytes, a.ApprovalID, a.Reason = 1, "q1", "why" })},
		{"most bytes", Execute, `{` + least + `,"maxBytes":10485760}`,
			with(func(a *tool.Arguments) {
				a.MaxBytes = wire.MaxBody
			})},
		{"fraction of nothing", Execute, `{` + least + `,"maxBytes":1024.0}`,
			with(func(a *tool.Arguments) { a.MaxBytes = 1024 })},
		{"number in a string", Execute, `{` + least + `,"maxBytes":"1000"}`,
			with(func(a *tool.Arguments) { a.MaxBytes = 1000 })},
		{"fraction of nothing in a string", Execute, `{` + least + `,"maxBytes":"1000.0"}`,
			with(func(a *tool.Arguments) { a.MaxBytes = 1000 })},
		{"exponent", Execute, `{` + least + `,"maxBytes":1e3}`, with(func(a *tool.Arguments) {
			a.MaxBytes = 1000
		})},
		{"exponent in a string", Execute, `{` + least + `,"maxBytes":"1E3"}`,
			with(func(a *tool.Arguments) { a.MaxBytes = 1000 })},
		{"timeout in a string", TestService, `{"timeout":"5000"}`, tool.Arguments{TimeoutMs: 5000}},
		{"headers in a string", Execute,
			`{` + least + `,"headers":" {\"B\": \"1\", \"a\":\"\\u0032\"}\n"}`,
			with(func(a *tool.Arguments) {
				a.Headers = []wire.Header{{Name: "B", Value: "1"}, {Name: "a", Value: "2"}}
			})},
		{"headers of other kinds", Execute,
			`{` + least +
				`,"headers":{"A":3,"B":1.50,"C":-1e3,"D":12345678901234567890,"E":true,"F":false}}`,
			with(func(a *tool.Arguments) {
				a.Headers = []wire.Header{
					{Name: "A", Value: "3"}, {Name: "B", Value: "1.50"}, {Name: "C", Value: "-1e3"},
					{Name: "D", Value: "12345678901234567890"}, {Name: "E", Value: "true"},
					{Name: "F", Value: "false"},
				}
			})},
		{"no headers, as a list", Execute, `{` + least + `,"headers":[ ]}`, base},
		{"no headers, as a list in a string", Execute, `{` + least + `,"headers":"[]"}`, base},
		{"arguments in a string", Execute,
			`"{\"capability\":\"stripe\",\"method\":\"GET\",\"path\":\"/a\\u003fb\"}"`,
			with(func(a *tool.Arguments) { a.Path = "/a?b" })},
		{"no arguments, as a list", Whoami, `[]`, tool.Arguments{}},
		{"no arguments, as text", Whoami, `"{}"`, tool.Arguments{}},
		{"body text that is a list", Execute, `{` + least + `,"body":"[]"}`,
			with(func(a *tool.Arguments) { a.Body = []byte("[]") })},
		{"body list", Execute, `{` + least + `,"body":[]}`, with(func(a *tool.Arguments) {
			a.Body, a.BodyIsJSON = []byte("[]"), true
		})},
		{"null is absent", Execute,
			`{` +
				least +
				`,"headers":null,"body":null,"bodyEncoding":null,"reason":null,"approvalId":null,"maxBytes":null}`,
			base},
		{"nothing", ListServices, ``, tool.Arguments{}},
		{"blank", ListServices, " \n", tool.Arguments{}},
		{"null", Whoami, `null`, tool.Arguments{}},
		{"empty", Whoami, `{}`, tool.Arguments{}},
		{"test one", TestService, `{"service":"stripe","timeout":2500.0}`,
			tool.Arguments{Service: "stripe", TimeoutMs: 2500}},
		{"test all", TestService, ``, tool.Arguments{}},
		{"view", ManageCredential, `{"service":"stripe","action":"view"}`,
			tool.Arguments{Action: ActionView, Service: "stripe"}},
		{"grant", ManageCredential, `{"action":"grant","service":"stripe","targetAgentId":"bob"}`,
			tool.Arguments{Action: ActionGrant, Service: "stripe", Target: "bob"}},
		{"explain", ExplainAccess, `{"capability":"stripe"}`, tool.Arguments{Capability: "stripe"}},
		{"explain a request", ExplainAccess, `{` + least + `,"agent":"me"}`, tool.Arguments{
			Capability: "stripe",
			Method:     "GET",
			Path:       "/v1/balance",
			About:      "me",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse(c.tool, []byte(c.raw))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ tool, raw, name, text string }{
		{Execute, ``, "capability", "capability is required"},
		{Execute, `null`, "capability", "capability is required"},
		{Execute, `{"capability":null,"method":"GET","path":"/"}`, "capability",
			"capability is required"},
		{Execute, `{"capability":"","method":"GET","path":"/"}`, "capability",
			"capability is required"},
		{Execute, `{"capability":"a","path":"/"}`, "method", "method is required"},
		{Execute, `{"capability":"a","method":"GET"}`, "path", "path is required"},
		{Execute, `{"capability":"a","method":"GET","path":5}`, "path",
			"path must be a string, got a number"},
		{Execute, `{"capability":["a"],"method":"GET","path":"/"}`, "capability",
			"capability must be a string, got an array"},
		{Execute, `{"capability":"a","method":true,"path":"/"}`, "method",
			"method must be a string, got a boolean"},
		{Execute, `{` + least + `,"reason":{}}`, "reason",
			"reason must be a string, got an object"},
		{Execute, `{` + least + `,"approvalId":1}`, "approvalId",
			"approvalId must be a string, got a number"},
		{Execute, `[]`, "capability", "capability is required"},
		{Execute, `"{}"`, "capability", "capability is required"},
		{Execute, `[[]]`, "arguments", "arguments must be an object, got an array"},
		{Execute, `[{` + least + `}]`, "arguments", "arguments must be an object, got an array"},
		{Execute, `""`, "arguments", "arguments must be an object, got a string"},
		{Execute, `"x"`, "arguments", "arguments must be an object, got a string"},
		{Execute, `"\"{}\""`, "arguments", "arguments must be an object, got a string"},
		{Execute, `"{\"url\":\"x\"}"`, "url", `unknown argument "url": execute takes ` +
			`capability, method, path, headers, body, bodyEncoding, reason, approvalId, maxBytes`},
		{Execute, `"{\"path\":\"/a\",\"path\":\"/b\"}"`, "", `arguments: duplicate key "path"`},
		{Execute, `{` + least + `,"headers":"{\"A\":\"1\",\"A\":\"2\"}"}`, "",
			`headers: duplicate key "A"`},
		{Execute, `{` + least + `,"headers":"{\"A\":{\"b\":1,\"b\":2}}"}`, "",
			`headers: duplicate key "b"`},
		{Execute, `{` + least + `,"headers":"{\"A\":\"\\ud800\"}"}`, "",
			"headers: not valid Unicode: half a surrogate pair at byte 6"},
		{Execute, `{` + least + `,"headers":"{\"A\":\"1\"} {}"}`, "headers",
			"headers must be an object of strings, got a string"},
		{Execute, `{` + least + `,"headers":"\"{}\""}`, "headers",
			"headers must be an object of strings, got a string"},
		{Execute, `{` + least + `,"headers":"null"}`, "headers",
			"headers must be an object of strings, got a string"},
		{Execute, `{` + least + `,"headers":""}`, "headers",
			"headers must be an object of strings, got a string"},
		{Execute, `{` + least + `,"headers":["A: b"]}`, "headers",
			"headers must be an object of strings, got an array"},
		{Execute, `{` + least + `,"headers":[[]]}`, "headers",
			"headers must be an object of strings, got an array"},
		{Execute, `{` + least + `,"headers":true}`, "headers",
			"headers must be an object of strings, got a boolean"},
		{Execute, `{` + least + `,"headers":{"Age":[1]}}`, "headers.Age",
			"headers.Age must be a string, got an array"},
		{Execute, `{` + least + `,"headers":"{\"Age\":{}}"}`, "headers.Age",
			"headers.Age must be a string, got an object"},
		{Execute, `{` + least + `,"headers":"A: b"}`, "headers",
			"headers must be an object of strings, got a string"},
		{Execute, `{` + least + `,"headers":{"Age":null}}`, "headers.Age",
			"headers.Age must be a string, got null"},
		{Execute, `{` + least + `,"headers":{"A":"1","A":"2"}}`, "",
			`arguments: duplicate key "A"`},
		{Execute, `{` + least + `,"body":{"a":1,"\u0061":2}}`, "", `arguments: duplicate key "a"`},
		{Execute, `{` + least + `,"path":"/admin"}`, "", `arguments: duplicate key "path"`},
		{Execute, `{` + least + `,"body":"a","bodyEncoding":"hex"}`, "bodyEncoding",
			`bodyEncoding must be utf8 or base64, got "hex"`},
		{Execute, `{` + least + `,"bodyEncoding":"hex"}`, "bodyEncoding",
			`bodyEncoding must be utf8 or base64, got "hex"`},
		{Execute, `{` + least + `,"body":{},"bodyEncoding":"base64"}`, "body",
			"body must be a string when bodyEncoding is base64, got an object"},
		{Execute, `{` + least + `,"body":"AP_-","bodyEncoding":"base64"}`, "body",
			"body is not base64 (standard alphabet, padded, one line)"},
		{Execute, `{` + least + `,"body":"AA","bodyEncoding":"base64"}`, "body",
			"body is not base64 (standard alphabet, padded, one line)"},
		{Execute, `{` + least + `,"body":"AB==","bodyEncoding":"base64"}`, "body",
			"body is not base64 (standard alphabet, padded, one line)"},
		{Execute, `{` + least + `,"body":"AP/\n+","bodyEncoding":"base64"}`, "body",
			"body is not base64 (standard alphabet, padded, one line)"},
		{Execute, `{` + least + `,"maxBytes":true}`, "maxBytes",
			"maxBytes must be a whole number from 1 to 10485760, got true"},
		{Execute, `{` + least + `,"maxBytes":[]}`, "maxBytes",
			"maxBytes must be a whole number from 1 to 10485760, got []"},
		{Execute, `{` + least + `,"maxBytes":0}`, "maxBytes",
			"maxBytes must be a whole number from 1 to 10485760, got 0"},
		{Execute, `{` + least + `,"maxBytes":-1}`, "maxBytes",
			"maxBytes must be a whole number from 1 to 10485760, got -1"},
		{Execute, `{` + least + `,"maxBytes":1.5}`, "maxBytes",
			"maxBytes must be a whole number from 1 to 10485760, got 1.5"},
		{Execute, `{` + least + `,"maxBytes":10485761}`, "maxBytes",
			"maxBytes must be a whole number from 1 to 10485760, got 10485761"},
		{Execute, `{` + least + `,"maxBytes":1e999}`, "maxBytes",
			"maxBytes must be a whole number from 1 to 10485760, got 1e999"},
		{Execute, `{` + least + `,"url":"https://x"}`,
			"url",
			`unknown argument "url": execute takes capability, method, path, headers, body, bodyEncoding, reason, approvalId, maxBytes`},
		{Execute, `{` + least + `,"Path":"/admin"}`,
			"Path",
			`unknown argument "Path": execute takes capability, method, path, headers, body, bodyEncoding, reason, approvalId, maxBytes`},
		{Execute, `{` + least + `,"agent":null}`,
			"agent",
			`unknown argument "agent": execute takes capability, method, path, headers, body, bodyEncoding, reason, approvalId, maxBytes`},
		{TestService, `{"timeout":0}`, "timeout",
			"timeout must be a whole number of milliseconds from 1 to 60000, got 0"},
		{TestService, `{"timeout":60001}`, "timeout",
			`timeout must be a whole number of milliseconds from 1 to 60000, got 60001`},
		{TestService, `{"timeout":1.5}`, "timeout",
			`timeout must be a whole number of milliseconds from 1 to 60000, got 1.5`},
		{TestService, `{"timeout":"5s"}`, "timeout",
			`timeout must be a whole number of milliseconds from 1 to 60000, got "5s"`},
		{TestService, `{"service":["a"]}`, "service", "service must be a string, got an array"},
		{TestService, `{"capability":"stripe"}`, "capability",
			`unknown argument "capability": test_service takes service, timeout`},
		{ManageCredential, `{"service":"stripe"}`, "action", "action is required"},
		{ManageCredential, `{"action":"view"}`, "service", "service is required"},
		{ManageCredential, `{"action":"create","service":"stripe"}`, "action",
			`action must be view, grant or revoke, got "create"`},
		{ManageCredential, `{"action":"grant","service":"stripe"}`, "targetAgentId",
			"targetAgentId is required for grant"},
		{ManageCredential, `{"action":"revoke","service":"stripe","targetAgentId":""}`,
			"targetAgentId", "targetAgentId is required for revoke"},
		{ManageCredential, `{"action":"view","service":"stripe","agentId":"root"}`, "agentId",
			`unknown argument "agentId": manage_credential takes action, service, targetAgentId`},
		{Whoami, `{"agent":"root"}`, "agent",
			`unknown argument "agent": whoami takes no arguments`},
		{ExplainAccess, `{"method":"GET","path":"/"}`, "capability", "capability is required"},
		{ExplainAccess, `{"capability":"a","agent":["b"]}`, "agent",
			"agent must be a string, got an array"},
		{ExplainAccess, `{"capability":"a","reason":"r"}`, "reason",
			`unknown argument "reason": explain_access takes capability, method, path, agent`},
		{ListServices, `false`, "arguments", "arguments must be an object, got a boolean"},
		{Execute, `{` + least + `,"reason":"\ud800"}`, "",
			"arguments: not valid Unicode: half a surrogate pair at byte 69"},
		{Execute, `{` + least + `,"body":{"a":"\udfff"}}`, "",
			"arguments: not valid Unicode: half a surrogate pair at byte 72"},
		{Execute, "{" + least + ",\"reason\":\"\xff\"}", "",
			"arguments: not valid Unicode: bytes that are not UTF-8"},
		{Execute, `{` + least, "",
			"arguments: not valid JSON: want a comma or the end of a list at byte 58"},
		{Execute, `{` + least + `} {}`, "",
			"arguments: not valid JSON: more text after the end at byte 60"},
		{Execute, `{` + least + `,"body":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) +
			`}`, "", "arguments: nested too deeply: more than 64 levels"},
	} {
		t.Run(c.text, func(t *testing.T) {
			a, err := parse(c.tool, []byte(c.raw))
			var got *tool.ArgumentError
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want an ArgumentError", err)
			}
			if got.Name != c.name || got.Error() != c.text {
				t.Errorf("got %q: %s\nwant %q: %s", got.Name, got, c.name, c.text)
			}
			if !reflect.DeepEqual(a, tool.Arguments{}) {
				t.Errorf("a refused call has arguments: %+v", a)
			}
		})
	}
}

func TestParseSharesNoMemory(t *testing.T) {
	raw := []byte(`{` + least + `,"body":{"a":1},"headers":{"A":"b"}}`)
	a, err := parse(Execute, raw)
	if err != nil {
		t.Fatal(err)
	}
	clear(raw)
	if a.Path != "/v1/balance" || string(a.Body) != `{"a":1}` ||
		a.Headers[0] != (wire.Header{Name: "A", Value: "b"}) {
		t.Errorf("the line's buffer shows through: %+v", a)
	}
}

func FuzzParseArguments(f *testing.F) {
	for _, s := range []string{
		``, `{}`, `null`, `{` + least + `}`,
		`{` + least + `,"body":{"a":[1,2.5e3,"\ud83d\ude00"]},"maxBytes":10}`,
		`{` + least + `,"body":"eA==","bodyEncoding":"base64","headers":{"A":"b"}}`,
		`{"a":1,"a":2}`, `"\ud800"`, "\"\xff\"", `[[[[-0.1e-7]]]]`, `9999E9999`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := tool.CheckDuplicates(raw)
		valid := json.Valid(raw)
		if err == nil && !valid || errors.Is(err, tool.ErrSyntax) && valid {
			t.Fatalf("%q: %v, but encoding/json says %v", raw, err, valid)
		}
		if valid && !errors.Is(err, tool.ErrText) && !errors.Is(err, tool.ErrDepth) &&
			errors.Is(err, tool.ErrDuplicate) != repeats(t, decoder(raw)) {
			t.Fatalf("%q: %v, but a second reader disagrees", raw, err)
		}
		a, err := parse(Execute, raw)
		if err != nil {
			if !errors.As(err, new(*tool.ArgumentError)) {
				t.Fatalf("%q: %T", raw, err)
			}
			return
		}
		if text, ok := tool.Unquote(bytes.TrimSpace(raw)); ok { // the arguments as JSON text
			raw = []byte(text)
		}
		var same struct {
			Capability, Method, Path string
			Body                     json.RawMessage
		}
		if err := json.Unmarshal(raw, &same); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if a.Capability != same.Capability || a.Method != same.Method || a.Path != same.Path ||
			a.BodyIsJSON && !bytes.Equal(a.Body, same.Body) {
			t.Fatalf("%q: %+v, but encoding/json reads %+v", raw, a, same)
		}
	})
}

// decoder takes numbers of any size, as JSON does.
func decoder(raw []byte) *json.Decoder {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d
}

// repeats reads one value by encoding/json's tokens and reports whether a key comes twice in an
// object.
func repeats(t *testing.T, d *json.Decoder) bool {
	token, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	keys, found := map[string]bool{}, false
	for token == json.Delim('{') && d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		found = repeats(t, d) || found || keys[key.(string)]
		keys[key.(string)] = true
	}
	for token == json.Delim('[') && d.More() {
		found = repeats(t, d) || found
	}
	if token == json.Delim('{') || token == json.Delim('[') {
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestLongNames: what names something is bounded, since refusals repeat it.
func TestLongNames(t *testing.T) {
	name := strings.Repeat("n", 256)
	for key, rest := range map[string]string{
		"capability": `,"method":"GET","path":"/"`, "method": `,"capability":"c","path":"/"`,
		"approvalId": `,"capability":"c","method":"GET","path":"/"`,
	} {
		if _, err := parse(Execute, []byte(`{"`+key+`":"`+name+`"`+rest+`}`)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if _, err := parse(Execute, []byte(`{"`+key+`":"`+name+`n"`+rest+`}`)); err == nil ||
			!strings.Contains(err.Error(), key+" has 257 bytes") {
			t.Errorf("%s: %v", key, err)
		}
	}
	for toolName, args := range map[string]string{
		ExplainAccess: `{"capability":"%s"}`, TestService: `{"service":"%s"}`,
		ManageCredential: `{"action":"view","service":"%s"}`,
	} {
		if _, err := parse(toolName, fmt.Appendf(nil, args, name+"n")); err == nil {
			t.Errorf("%s: a long name is read", toolName)
		}
	}
	long := strings.Repeat("x", 10_000)
	if a, err := parse(Execute,
		[]byte(`{"capability":"c","method":"GET","path":"/`+long+`","reason":"`+long+
			`"}`)); err != nil || len(a.Reason) != 10_000 || len(a.Path) != 10_001 {
		t.Errorf("path and reason are bounded elsewhere: %v", err)
	}
}

// TestNumbersOfOtherReaders: in a string, only what JSON calls a number is one.
func TestNumbersOfOtherReaders(t *testing.T) {
	for _, text := range []string{
		"", " 1", "1 ", "+1", "0x10", "1_000", "01", "1.", ".5", "1.5", "1,000", "1e",
		"Inf", "NaN", "\u0661", "1000 bytes", "-1", "0", "0.0", "1e99", "10485761", "null",
		"true", "{}", "\\\"1\\\"",
	} {
		_, err := parse(Execute, []byte(`{`+least+`,"maxBytes":"`+text+`"}`))
		if err == nil ||
			!strings.Contains(err.Error(), "maxBytes must be a whole number from 1 to 10485760") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
