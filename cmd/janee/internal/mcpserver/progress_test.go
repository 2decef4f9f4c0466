package mcpserver

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// teller reports three steps and answers at once, which is when mcp-go 1.2 loses or delays them.
var teller = brokerFunc(func(_ context.Context, c Call) Reply {
	if c.Progress == nil {
		return Reply{Text: []byte("{}")}
	}
	for i := 1; i <= 3; i++ {
		c.Progress(float64(i), 3, "step")
	}
	return Reply{Text: []byte("told")}
})

func callWithToken(id int, token string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call",`+
		`"params":{"name":"execute","arguments":{},"_meta":{"progressToken":%s}}}`, id, token)
}

func TestProgressComesBeforeTheAnswer(t *testing.T) {
	c := connect(t, teller)
	for id, token := range map[int]string{1: `"t"`, 2: `9007199254740993`} {
		for i := range 100 {
			c.send(callWithToken(id*1000+i, token))
			for step := 1; step <= 3; step++ {
				want := fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress",`+
					`"params":{"progressToken":%s,"progress":%d,"total":3,"message":"step"}}`,
					token, step)
				if a := c.next(); a.Raw != want {
					t.Fatalf("got %s, want %s", a.Raw, want)
				}
			}
			if a := c.next(); a.text() != "told" {
				t.Fatalf("got %s", a.Raw)
			}
		}
	}
}

func TestProgressOnlyWhereItIsAskedFor(t *testing.T) {
	c := connect(t, teller)
	for _, token := range []string{`null`, `{}`, `true`, `[1]`} {
		c.send(callWithToken(1, token))
		if a := c.next(); a.Method != "" || a.text() == "told" {
			t.Errorf("%s: %s", token, a.Raw)
		}
	}
	if a := c.ask(call(2, `{"_meta":{"progressToken":1}}`)); a.text() != "{}" {
		t.Errorf("a token in the arguments is the tool's: %s", a.Raw)
	}
}

func TestNoProgressAfterTheAnswer(t *testing.T) {
	var late func(done, total float64, text string)
	c := connect(t, brokerFunc(func(_ context.Context, c Call) Reply {
		late = c.Progress
		return Reply{Text: []byte("{}")}
	}))
	if a := c.ask(callWithToken(1, "1")); strings.Contains(a.Raw, "progress") {
		t.Fatalf("got %s", a.Raw)
	}
	late(1, 0, "too late")
	c.quiet()
}
