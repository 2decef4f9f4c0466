package mcpserver

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

func TestHandshakeEra(t *testing.T) {
	for asked, want := range map[string]string{
		"2024-11-05": "2024-11-05", "2025-03-26": "2025-03-26", "2025-06-18": "2025-06-18",
		"2025-11-25": "2025-11-25", "2026-07-28": "2025-11-25", "1999-01-01": "2025-11-25",
	} {
		c := connect(t, echo)
		a := c.ask(strings.Replace(hello("a"), "2025-06-18", asked, 1))
		if a.Result == nil || a.Result.ProtocolVersion != want ||
			a.Result.Instructions != tool.Instructions ||
			string(a.Result.Capabilities) != `{"tools":{"listChanged":true}}` {
			t.Errorf("%s: %s", asked, a.Raw)
		}
		c.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
		if a := c.ask(call(2, `{}`)); a.seen(t).Agent != "a" || a.Result.ResultType != "" ||
			a.Result.Meta != nil {
			t.Errorf("%s: call: %s", asked, a.Raw)
		}
		if a := c.ask(`{"jsonrpc":"2.0","id":3,"method":"server/discover"}`); a.code() != -32601 {
			t.Errorf("%s: discover: %s", asked, a.Raw)
		}
	}
}

// TestUnreadableParamsAreRefusedInOurWords: errors of mcp-go's readers would name its types.
func TestUnreadableParamsAreRefusedInOurWords(t *testing.T) {
	for line, says := range map[string]string{
		strings.Replace(hello("a"), `"2025-06-18"`, `5`,
			1): "params do not have the shape that initialize needs",
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"zzz"}}`: "the cursor" +
			" is not one that tools/list returned",
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":{"a":1}}}`: "params do " +
			"not have the shape that tools/list needs",
	} {
		if a := connect(t, echo).ask(line); a.Error == nil || a.Error.Message != says {
			t.Errorf("%s: %s", line, a.Raw)
		}
	}
}

func TestStatelessEra(t *testing.T) {
	c := connect(t, echo)
	a := c.ask(modern(1, "server/discover", "m", ""))
	if a.Result == nil || len(a.Result.SupportedVersions) != 5 ||
		a.Result.Instructions != tool.Instructions || a.Result.ResultType != "complete" ||
		string(a.Result.Capabilities) != `{"tools":{"listChanged":true}}` {
		t.Fatalf("discover: %s", a.Raw)
	}
	if a := c.ask(modern(2, "tools/list", "m", "")); len(a.Result.Tools) !=
		len(core.Tools()) || !strings.Contains(a.Raw, `"ttlMs"`) {
		t.Errorf("list: %s", a.Raw)
	}
	a = c.ask(modern(3, "tools/call", "m", `,"name":"whoami","arguments":{}`))
	if s := a.seen(t); s.Agent != "m" || s.Tool != "whoami" || a.Result.ResultType != "complete" ||
		a.Result.Meta["io.modelcontextprotocol/serverInfo"] == nil {
		t.Errorf("call: %s", a.Raw)
	}
	for _, method := range []string{"initialize", "ping"} {
		if a := c.ask(modern(4, method, "m", `,"clientInfo":{"name":"m"}`)); a.code() != -32601 {
			t.Errorf("%s: %s", method, a.Raw)
		}
	}
}

func TestStatelessCallsThatAreMalformedNeverReachTheBroker(t *testing.T) {
	c := connect(t, brokerFunc(func(context.Context, Call) Reply {
		t.Error("the broker was called")
		return Reply{}
	}))
	line := modern(1, "tools/call", "m", `,"name":"execute","arguments":{}`)
	for old, code := range map[string]int{
		`,"io.modelcontextprotocol/clientCapabilities":{}`: -32602,
		`"2026-07-28"`: -32022,
	} {
		replacement := map[bool]string{true: `"2099-01-01"`, false: ""}[old == `"2026-07-28"`]
		if a := c.ask(strings.Replace(line, old, replacement, 1)); a.code() != code {
			t.Errorf("without %s: %s", old, a.Raw)
		}
	}
}

func TestToolsAreOfferedWhole(t *testing.T) {
	c := connect(t, echo)
	offered := map[string]map[string]any{}
	for _, d := range c.ask(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`).Result.Tools {
		offered[d["name"].(string)] = d
	}
	for _, d := range core.Tools() {
		got := offered[d.Name]
		hints, _ := got["annotations"].(map[string]any)
		for hint, want := range map[string]bool{
			"readOnlyHint": d.ReadOnly, "destructiveHint": d.Destructive,
			"idempotentHint": d.Idempotent, "openWorldHint": d.OpenWorld,
		} {
			if v, ok := hints[hint].(bool); !ok || v != want {
				t.Errorf("%s: %s is %v, want %v", d.Name, hint, hints[hint], want)
			}
		}
		if got["title"] != d.Title || got["description"] != d.Description ||
			!sameJSON(got["inputSchema"], d.Input) || !sameJSON(got["outputSchema"], d.Output) {
			t.Errorf("%s is offered as %v", d.Name, got)
		}
	}
	if len(offered) != len(core.Tools()) {
		t.Errorf("%d tools offered", len(offered))
	}
}

func sameJSON(got any, want json.RawMessage) bool {
	var w any
	if json.Unmarshal(want, &w) != nil {
		return false
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(w)
	return string(a) == string(b)
}

func TestResults(t *testing.T) {
	replies := map[string]Reply{
		`{"k":"ok"}`: {Text: []byte(`{"body":"<b>&` + "\u2028" + `"}`),
			Structured: json.RawMessage(`{"body":"<b>&` + "\u2028" + `"}`)},
		`{"k":"refused"}`: {Text: []byte(`{"error":"no"}`), Structured: json.RawMessage(`{}`),
			IsError: true},
		`{"k":"list"}`: {Text: []byte(`[1]`), Structured: json.RawMessage(`{"capabilities":[1]}`)},
	}
	c := connect(t, brokerFunc(func(_ context.Context, c Call) Reply {
		return replies[string(c.Arguments)]
	}))
	for arguments, want := range replies {
		a := c.ask(call(1, arguments))
		structured := want.Structured
		if want.IsError {
			structured = nil
		}
		if a.text() != string(want.Text) || a.Result.IsError != want.IsError ||
			(structured == nil) != (a.Result.StructuredContent == nil) ||
			structured != nil && !sameJSON(a.Result.StructuredContent, structured) {
			t.Errorf("%s: %s", arguments, a.Raw)
		}
		if strings.ContainsAny(a.Raw, "\u2028\u2029") || strings.Contains(a.Raw, `\u003c`) {
			t.Errorf("a line separator or an escape that costs: %s", a.Raw)
		}
	}
}

func TestUnknownToolReachesTheBroker(t *testing.T) {
	c := connect(t, echo)
	for name, want := range map[string]string{
		"approve":                            "approve",
		"Execute":                            "Execute",
		`a\u0000\n`:                          "a\x00\n",
		strings.Repeat("x", 64):              strings.Repeat("x", 64),
		strings.Repeat("x", 65):              strings.Repeat("x", 61) + "…",
		strings.Repeat("é", 1000):            strings.Repeat("é", 30) + "…",
		"execute" + strings.Repeat(" ", 100): "execute" + strings.Repeat(" ", 54) + "…",
	} {
		for _, line := range []string{
			call(1, `{"a":1,"a":2}`),
			modern(2, "tools/call", "", `,"name":"execute","arguments":{"a":1,"a":2}`),
		} {
			a := c.ask(strings.Replace(line, `"execute"`, `"`+name+`"`, 1))
			if s := a.seen(t); s.Tool != want || s.Arguments != `{"a":1,"a":2}` ||
				len(s.Tool) > maxToolName {
				t.Errorf("%.80q: got %s", name, a.Raw)
			}
			if modern := string(a.ID) == "2"; modern != (a.Result.ResultType == "complete") ||
				modern != (a.Result.Meta != nil) {
				t.Errorf("the era of %s", a.Raw)
			}
		}
	}
}

func TestUnknownToolIsARefusalTheModelSees(t *testing.T) {
	c := connect(t, brokerFunc(func(context.Context, Call) Reply {
		return Reply{
			Prose:      "BAD_ARGUMENTS: no.",
			Text:       []byte(`{"denial":{"reasonCode":"BAD_ARGUMENTS"}}`),
			Structured: json.RawMessage(`{}`),
			IsError:    true,
		}
	}))
	c.ask(strings.Replace(call(1, `{}`), "execute", "approve", 1)).refused(t, "BAD_ARGUMENTS")
	c.ask(modern(2, "tools/call", "", `,"name":"approve"`)).refused(t, "BAD_ARGUMENTS")
}

func TestUnknownToolOfAPanickingBroker(t *testing.T) {
	c := connect(t, brokerFunc(func(context.Context, Call) Reply { panic("sk_live") }))
	c.ask(strings.Replace(call(1, `{}`), "execute", "approve", 1)).refused(t, "INTERNAL")
}

func TestNewRefusesMistakes(t *testing.T) {
	twice := testOptions()
	twice.Tools = append(twice.Tools, twice.Tools[0])
	for name, opts := range map[string]Options{"no Refuse": {}, "tool twice": twice} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			New(echo, opts)
		}()
	}
}
