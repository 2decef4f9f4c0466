package mcpserver

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// Every line is followed by a ping: whatever comes in, the server goes on.
func TestLines(t *testing.T) {
	tests := []struct {
		name, line string
		code       int    // 0: no reply
		id, says   string // of the reply
	}{
		{"blank", "  \t ", 0, "", ""},
		{"carriage return", "\r", 0, "", ""},
		{"not JSON", `{"jsonrpc"`, -32700, "null", "JSON"},
		{"two values", `{} {}`, -32700, "null", "JSON"},
		{"not UTF-8", "\xff", -32700, "null", "UTF-8"},
		{"not UTF-8 in a string", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xffing\"}",
			-32700, "null", "UTF-8"},
		{"empty array", `[]`, -32600, "null", "batches"},
		{"batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, -32600, "null", "batches"},
		{"string", `"ping"`, -32600, "null", "object"},
		{"empty object", `{}`, -32600, "null", "jsonrpc"},
		{"version", `{"jsonrpc":"1.0","id":1,"method":"ping"}`, -32600, "1", "jsonrpc"},
		{"no method", `{"jsonrpc":"2.0","id":1}`, -32600, "1", "method"},
		{"method of another case", `{"jsonrpc":"2.0","id":1,"Method":"ping"}`,
			-32600, "1", "method"},
		{"unknown method", `{"jsonrpc":"2.0","id":1,"method":"no/such"}`, -32601, "1", "not found"},
		{"params array", `{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}`,
			-32602, "1", "params"},
		{"id twice", `{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`, -32600, "null", `"id"`},
		{"method twice", `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}`,
			-32600, "1", `"method"`},
		{"key twice, one escaped", `{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"x"}`,
			-32600, "1", `"method"`},
		{"params key twice",
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","name":"execute"}}`,
			-32600, "1", `"name"`},
		{"arguments twice",
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{},"arguments":{}}}`,
			-32600, "1", `"arguments"`},
		{"deep key twice",
			`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"a":[{"b":1,"b":2}]}}}`,
			-32600, "1", `"b"`},
		{"too deep", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":` +
			strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}}`, -32600, "1", "nested"},
		{"no tool", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{}}}`,
			-32602, "1", "name"},
		{"no params", `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, -32602, "1", "name"},
		{"tool of another case",
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"whoami"}}`,
			-32602, "1", "name"},
		{"notification", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, 0, "", ""},
		{"malformed notification",
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"requestId":2}}`,
			0, "", ""},
		{"cancelling nothing",
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}`, 0,
			"", ""},
		{"answer to nothing", `{"jsonrpc":"2.0","id":1,"result":{}}`, 0, "", ""},
		{"error to nothing",
			`{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}`, 0, "", ""},
		{"meta of a wrong kind",
			`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":[1]}}`,
			-32602, "1", "_meta"},
		{"client of a wrong kind",
			`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/clientInfo":"x"}}}`,
			-32602, "1", "clientInfo"},
		{"client name of a wrong kind",
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"clientInfo":{"name":1}}}`,
			-32602, "1", "clientInfo"},
		{"line too long", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"` +
			strings.Repeat("x", maxLine) + `"}}`, -32600, "null", "bytes"},
	}
	c := connect(t, echo)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.send(tt.line)
			if tt.code != 0 {
				if a := c.next(); a.code() != tt.code || string(a.ID) != tt.id ||
					!strings.Contains(a.Error.Message, tt.says) {
					t.Errorf("got %s", a.Raw)
				}
			}
			if a := c.ask(`{"jsonrpc":"2.0","id":"after","method":"ping"}`); string(a.ID) !=
				`"after"` || a.Result == nil {
				t.Errorf("afterwards: %s", a.Raw)
			}
		})
	}
}

// TestNothingIsReadAsAnEmptyObject: some clients write null or [] for empty params, _meta and
// capabilities. clientInfo names the client, so it must be an object.
func TestNothingIsReadAsAnEmptyObject(t *testing.T) {
	c := connect(t, echo)
	for _, nothing := range []string{`{}`, `null`, `[]`, `[ ]`} {
		for _, line := range []string{
			`{"jsonrpc":"2.0","id":1,"method":"ping","params":@}`,
			`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":@}`,
			`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":@}}`,
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","_meta":@}}`,
		} {
			line = strings.ReplaceAll(line, "@", nothing)
			if a := c.ask(line); a.Result == nil {
				t.Errorf("%s: %s", line, a.Raw)
			}
		}
		greeting := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":` +
			`"2025-06-18","capabilities":@,"_meta":@}}`
		if a := connect(t, echo).ask(strings.ReplaceAll(greeting, "@", nothing)); a.Result == nil {
			t.Errorf("initialize with %s: %s", nothing, a.Raw)
		}
	}
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestMessagesNestedTooDeeplyAreAnsweredUnderTheirID(t *testing.T) {
	// message and params are two levels
	deepCall := func(id string, depth int) string { return call(id, nested(depth-2)) }
	for _, tt := range []struct {
		name, line string
		code       int // 0: no reply
		id, says   string
	}{
		{"one level too many", deepCall("1", maxDepth+1), -32600, "1", "10001 levels"},
		{"id behind it", `{"params":{"x":` + nested(20000) +
			`},"method":"ping","jsonrpc":"2.0","id":"a"}`, -32600, `"a"`, "20002 levels"},
		{"beside the params", `{"x":` + nested(maxDepth) +
			`,"id":1,"method":"ping","jsonrpc":"2.0"}`, -32600, "1", "10001 levels"},
		{"another id inside", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"id":2,"x":` +
			nested(maxDepth) + `,"id":3}}`, -32600, "1", "levels"},
		{"brackets in strings", `{"jsonrpc":"2.0","id":"]}\"[","method":"ping","params":{"x\"]":` +
			nested(maxDepth) + `}}`, -32600, `"]}\"["`, "levels"},
		{"brackets that do not match",
			`{"jsonrpc":"2.0","id":1,"method":"ping","params":` + strings.Repeat("[", maxDepth) +
				strings.Repeat("}", maxDepth-1) + `]}`, -32600, "1", "levels"},
		{"id twice", `{"jsonrpc":"2.0","id":1,"method":"ping","params":` + nested(maxDepth) +
			`,"id":2}`, -32600, "null", `"id"`},
		{"id is deep", `{"jsonrpc":"2.0","method":"ping","id":` + nested(maxDepth) + `}`,
			-32600, "null", "id"},
		{"batch", nested(maxDepth + 1), -32600, "null", "batches"},
		{"no end", `{"jsonrpc":"2.0","id":1,"method":"ping","params":` +
			strings.Repeat("[", maxDepth), -32700, "null", "JSON"},
		{"no end of a string", `{"jsonrpc":"2.0","id":1,"x":` + nested(maxDepth) +
			`,"method":"ping\"`, -32700, "null", "JSON"},
		{"not UTF-8", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"` + "\xff" + `":` +
			nested(maxDepth) + `}}`, -32700, "null", "UTF-8"},
		{"broken envelope", `{"jsonrpc":"2.0","id":1,"method":"ping",,"params":` +
			nested(maxDepth) + `}`, -32700, "null", "JSON"},
		{"notification", `{"jsonrpc":"2.0","method":"notifications/x","params":{"x":` +
			nested(maxDepth) + `}}`, 0, "", ""},
		{"answer", `{"jsonrpc":"2.0","id":1,"result":` + nested(maxDepth) + `}`, 0, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, echo)
			c.send(tt.line)
			if tt.code == 0 {
				c.quiet()
			} else if a := c.next(); a.code() != tt.code || string(a.ID) != tt.id ||
				!strings.Contains(a.Error.Message, tt.says) {
				t.Errorf("got %.300s", a.Raw)
			}
		})
	}
	c := connect(t, echo)
	if a := c.ask(deepCall("1", maxDepth)); a.seen(t).Arguments != nested(maxDepth-2) {
		t.Errorf("the deepest that is read: %.300s", a.Raw)
	}
}

func TestLongestLine(t *testing.T) {
	c := connect(t, brokerFunc(func(context.Context, Call) Reply {
		return Reply{Text: []byte("{}")}
	}))
	frame := call(1, `{"x":""}`)
	body := strings.Repeat("x", maxLine-len(frame))
	if a := c.ask(strings.Replace(frame, `""`, `"`+body+`"`, 1) + "\r"); a.Result == nil ||
		a.Result.IsError {
		t.Errorf("a line of exactly 8 MiB: %.200s", a.Raw)
	}
	if a := c.ask(strings.Replace(frame, `""`, `"x`+body+`"`, 1)); a.code() != -32600 {
		t.Errorf("one byte more: %.200s", a.Raw)
	}
}

func TestLongLineAtTheEnd(t *testing.T) {
	c := connect(t, echo)
	go func() {
		c.in.Write([]byte(strings.Repeat(" x", maxLine)))
		c.in.Close()
	}()
	if replies, err := c.end(); err != nil || len(replies) != 1 || replies[0].code() != -32600 {
		t.Fatalf("%v, %v", err, replies)
	}
}

// The Broker judges the arguments, so it must see what was written: the order of keys, the spelling
// of numbers, duplicate keys.
func TestArgumentsReachTheBrokerAsWritten(t *testing.T) {
	c := connect(t, echo)
	for _, arguments := range []string{
		`{}`, `{"b":1.0,"a":9007199254740993,"b":2}`, `{ "path" : "\u002fv1" }`,
		`[1, 2]`, `"text"`, `null`, `{"x":"},{\"id\":2,\"y\":[","z":[{"]":"}"}]}`,
		`{"lone":"\ud800"}`,
	} {
		for _, line := range []string{
			call(1, arguments),
			modern(2, "tools/call", "", `,"name":"execute","arguments":`+arguments),
		} {
			if a := c.ask(line); a.Result == nil || a.seen(t).Arguments != arguments {
				t.Errorf("%s arrived as %s", arguments, a.Raw)
			}
		}
	}
	if a :=
		c.ask(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami"}}`); a.seen(
		t).Arguments != "" || a.seen(t).Tool != "whoami" {
		t.Errorf("no arguments: %s", a.Raw)
	}
	if a := c.ask(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"execute",` +
		`"name":"whoami","Arguments":{"a":1}}}`); a.seen(t).Arguments != "" ||
		a.seen(t).Tool != "whoami" {
		t.Errorf("names of another case: %s", a.Raw)
	}
}

// Many commas after much white space must not cost their product.
func TestMembersIsLinear(t *testing.T) {
	raw := []byte(`{"a":` + strings.Repeat(" ", 2<<20) + `[` + strings.Repeat("1,", 1<<20) + `1]}`)
	if values, twice := members(raw); twice != nil || len(values["a"]) != 2<<20+3 {
		t.Fatal("not read")
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{
		hello("a"), call(1, `{"a":[1,{"b":"\"}"}]}`), modern(1, "tools/call", "m", `,"name":"x"`),
		`{"id":1,"id":2}`, `[]`, `{"a":{}}`, `{"id":1,"x":["\"`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if envelope, depth := shallow(line); json.Valid(line) && depth <= maxDepth &&
			(!json.Valid(envelope) || len(envelope) > len(line)) {
			t.Fatalf("the envelope of %q is %q", line, envelope)
		}
		m, fault := parse(append([]byte("{"), line...))
		if fault != nil || m.isAnswer {
			return
		}
		var back struct {
			Method string                     `json:"method"`
			Params map[string]json.RawMessage `json:"params"`
		}
		if err := json.Unmarshal(m.forProtocol(), &back); m.id != nil && (err != nil ||
			back.Method != m.method || back.Params["arguments"] != nil && m.method == methodCall) {
			t.Fatalf("%q became %s: %v", line, m.forProtocol(), err)
		}
		if m.arguments != nil && !json.Valid(m.arguments) {
			t.Fatalf("arguments %q of %q", m.arguments, line)
		}
	})
}
